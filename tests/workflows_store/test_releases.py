"""Releases: numbers say what changed for callers, and never come to mean another version."""

from __future__ import annotations

import pytest

from tests.workflows_store.documents import document, function
from workflows.store import Invalid, NeedsMajor, NeedsMinor, NotFound, ReleaseExists, Store, Version


def saved(store: Store, *inputs: str, text: str) -> Version:
    """The next version of "Call", a function of these inputs."""
    made = function(*inputs, text=text)
    if not store.workflows().total:
        return store.create("Call", made, author="ann")
    return store.commit("Call", made, parent=store.version("Call").id, author="ann").version


def test_the_first_release_is_what_one_wants_or_1_0_0(store: Store) -> None:
    first = saved(store, "prompt", text="1")
    check = store.check_release("Call")
    assert (check.smallest, check.previous) == ("1.0.0", None)
    release = store.release("Call", "main", notes="first", author="ann")
    assert (release.number, release.version, release.notes, release.author) == (
        "1.0.0",
        first.id,
        "first",
        "ann",
    )
    assert store.workflow("Call").releases == (release,)
    assert store.find(first.id).releases == ("1.0.0",)


def test_a_release_never_moves(store: Store) -> None:
    first = saved(store, "prompt", text="1")
    store.release("Call", "main", "1.0.0", author="ann")
    for text in map(str, range(2, 22)):
        saved(store, "prompt", text=text)
    with pytest.raises(ReleaseExists, match=r"Call@1\.0\.0 exists and stays"):
        store.release("Call", "main", "1.0.0", author="ann")
    assert store.version("Call", "1.0.0").id == first.id
    assert store.document(store.version("Call", "1.0.0").id) == function("prompt", text="1")


def test_the_number_follows_from_what_changed(store: Store) -> None:
    saved(store, "prompt", text="1")
    store.release("Call", "main", author="ann")
    saved(store, "prompt", text="2")
    assert store.check_release("Call").smallest == "1.0.1"
    assert store.release("Call", "main", author="ann").number == "1.0.1"
    saved(store, "prompt", "negative", text="3")
    assert store.check_release("Call").smallest == "1.1.0"
    assert store.release("Call", "main", author="ann").number == "1.1.0"
    saved(store, "other", text="4")
    check = store.check_release("Call")
    assert (check.smallest, check.level, check.previous) == ("2.0.0", "major", "1.1.0")
    assert any("prompt" in reason for reason in check.reasons)
    assert store.release("Call", "main", author="ann").number == "2.0.0"
    with pytest.raises(ReleaseExists, match=r"released as 2\.0\.0 already"):
        store.release("Call", "main", author="ann")


def test_breaking_callers_demands_a_major_number(store: Store) -> None:
    saved(store, "prompt", text="1")
    store.release("Call", "main", "1.2.0", author="ann")
    saved(store, "other", text="2")
    for number in ("1.2.1", "1.3.0", "minor", "patch"):
        with pytest.raises(NeedsMajor, match=r"major release, 2\.0\.0 or higher.*'prompt'") as caught:
            store.release("Call", "main", number, author="ann")
        assert (caught.value.smallest, caught.value.level) == ("2.0.0", "major")
    assert store.release("Call", "main", "major", author="ann").number == "2.0.0"


def test_a_new_input_is_no_patch(store: Store) -> None:
    saved(store, "prompt", text="1")
    store.release("Call", "main", "1.2.0", author="ann")
    saved(store, "prompt", "negative", text="2")
    with pytest.raises(NeedsMinor) as caught:
        store.release("Call", "main", "patch", author="ann")
    assert caught.value.smallest == "1.3.0"
    assert store.release("Call", "main", "minor", author="ann").number == "1.3.0"


def test_a_late_patch_is_compared_with_its_neighbours(store: Store) -> None:
    saved(store, "prompt", text="1")
    store.release("Call", "main", "1.0.0", author="ann")
    saved(store, "other", text="2")
    store.release("Call", "main", "2.0.0", author="ann")
    saved(store, "prompt", text="3")
    assert store.release("Call", "main", "1.0.1", author="ann").number == "1.0.1"
    assert store.version("Call", "1").number == 3 and store.version("Call", "latest").number == 2
    with pytest.raises(NeedsMajor) as caught:
        store.release("Call", "main", "2.0.1", author="ann")
    assert caught.value.smallest == "3.0.0"


def test_an_earlier_number_promises_what_the_next_one_keeps(store: Store) -> None:
    saved(store, "prompt", text="1")
    store.release("Call", "main", "1.5.0", author="ann")
    saved(store, "prompt", "negative", text="2")
    with pytest.raises(NeedsMajor, match=r"in 1\.5\.0, .*'negative' is gone"):
        store.release("Call", "main", "1.4.0", author="ann")


def test_what_is_no_function_is_released_all_the_same(store: Store) -> None:
    first = store.create("Plain", document("1"), author="ann")
    store.release("Plain", "main", author="ann")
    store.commit("Plain", document("2"), parent=first.id, author="ann")
    assert store.release("Plain", "main", author="ann").number == "1.0.1"
    assert store.version("Plain", "1.0").number == 2


def test_what_is_no_number_is_refused(store: Store) -> None:
    store.create("Plain", document("1"), author="ann")
    for number in ("", "1", "1.2", "v1.2.0", "1.2.0-rc1", "01.2.0", "1.2.0000000000", "minimal"):
        with pytest.raises(Invalid, match=r"write one like 1\.2\.0"):
            store.release("Plain", "main", number, author="ann")
    with pytest.raises(NotFound):
        store.release("Plain", "#2", "1.0.0", author="ann")
    assert store.workflow("Plain").releases == ()
