"""What is written after `@`, which names are possible, and what a wrong one is answered with."""

from __future__ import annotations

import pytest

from tests.workflows_store.documents import document
from workflows.store import AmbiguousRef, Invalid, NameTaken, NotFound, Store, Version, VersionId


@pytest.fixture
def history(store: Store) -> list[Version]:
    """Three versions of "Harbour": #1 is 1.0.0, #2 is 1.1.0 and 1.10.0 and `good`, #3 is `main`."""
    made = [store.create("Harbour", document("1"), author="ann")]
    for text in ("2", "3"):
        made.append(store.commit("Harbour", document(text), parent=made[-1].id, author="ann").version)
    store.release("Harbour", "#1", "1.0.0", author="ann")
    store.release("Harbour", "#2", "1.1.0", author="ann")
    store.release("Harbour", "#2", "1.10.0", author="ann")
    store.set_tag("Harbour", "good", made[1].id)
    store.set_branch("Harbour", "side", made[0].id)
    return made


REFS = {"": 3, "main": 3, "side": 1, "good": 2, "#1": 1, "1.0.0": 1, "1.0": 1, "1.1": 2, "1": 2, "latest": 2}


def test_a_ref_names_a_version(store: Store, history: list[Version]) -> None:
    assert {ref: store.version("Harbour", ref).number for ref in REFS} == REFS


def test_a_call_without_a_ref_gets_the_highest_release(store: Store, history: list[Version]) -> None:
    assert store.version("Harbour", calling=True).number == 2
    assert store.version("Harbour", "main", calling=True).number == 3
    store.create("Unreleased", document(), author="ann")
    assert store.version("Unreleased", calling=True).number == 1


def test_digits_of_an_id_or_a_document_name_a_version(store: Store, history: list[Version]) -> None:
    for version in history:
        assert store.version("Harbour", version.id).id == version.id
        assert store.version("Harbour", version.id[:6]).id == version.id
        assert store.version("Harbour", version.document[:12]).id == version.id
    moved = store.commit("Harbour", document("3", at=9), parent=history[-1].id, author="ann").version
    assert moved.document == history[-1].document
    assert store.version("Harbour", moved.document[:12]).id == moved.id  # the newest that means this
    with pytest.raises(NotFound):
        store.version("Harbour", history[0].id[:5])
    with pytest.raises(NotFound):
        store.version("Harbour", history[0].id[:-1] + ("0" if history[0].id[-1] != "0" else "1"))


def test_digits_that_several_begin_with_are_not_guessed(
    store: Store, history: list[Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter(["abcdef" + "0" * 58, "abcdef" + "1" * 58])

    def same_beginning(**_: object) -> str:
        return next(ids)

    monkeypatch.setattr("workflows.store.commits.version_id", same_beginning)
    first = store.commit("Harbour", document("4"), parent=history[-1].id, author="ann").version
    second = store.commit("Harbour", document("5"), parent=first.id, author="ann").version
    with pytest.raises(AmbiguousRef, match="give more digits") as caught:
        store.version("Harbour", "abcdef")
    assert set(caught.value.candidates) == {first.id, second.id}
    assert store.version("Harbour", "abcdef1").id == second.id


def test_a_ref_that_names_nothing_says_so(store: Store, history: list[Version]) -> None:
    for ref in ("2", "1.2", "1.0.1", "#4", "#0", "#01", "mian", "1.0.0.0", "%", "1.0 ", "a\0", "\ud800"):
        with pytest.raises(NotFound, match="in workflow 'Harbour'") as caught:
            store.version("Harbour", ref)
        numbers = ("1.10.0", "1.1.0", "1.0.0") if ref in ("2", "1.2", "1.0.1") else ()
        assert caught.value.nearest == (("main",) if ref == "mian" else numbers)
        for forget in (store.delete_branch, store.delete_tag):
            with pytest.raises(NotFound):
                forget("Harbour", ref)
        for read in (store.find, store.document, store.thumbnail):
            with pytest.raises(NotFound):
                read(VersionId(ref))
        assert store.find_document(ref) == []


def test_who_asks_for_a_release_is_told_which_there_are(store: Store, history: list[Version]) -> None:
    with pytest.raises(
        NotFound, match=r"no release '2' in workflow 'Harbour'; its releases: 1\.10\.0, 1\.1\.0, 1"
    ):
        store.version("Harbour", "2", calling=True)
    store.create("New", document(), author="ann")
    with pytest.raises(NotFound, match="no release 'latest' in workflow 'New'; it has no releases yet"):
        store.version("New", "latest")
    for patch in range(1, 9):
        store.release("Harbour", "#1", f"1.0.{patch}", author="ann")
    with pytest.raises(NotFound, match=r"1\.0\.8, 1\.0\.7, 1\.0\.6 and 6 more$"):
        store.version("Harbour", "3.0.0")


def test_a_workflow_that_is_not_there_is_answered_with_the_nearest(
    store: Store, history: list[Version]
) -> None:
    with pytest.raises(NotFound, match="did you mean 'Harbour'") as caught:
        store.workflow("harbor")
    assert (caught.value.what, caught.value.nearest) == ("workflow", ("Harbour",))
    assert store.workflow("HARBOUR").item.name == "Harbour"


def test_tags_move_and_go_but_are_never_branches(store: Store, history: list[Version]) -> None:
    assert store.set_tag("Harbour", "good", history[2].id).tags == ("good",)
    assert store.version("Harbour", "good").number == 3 and store.version("Harbour", "#2").tags == ()
    with pytest.raises(NameTaken, match="a branch already"):
        store.set_tag("Harbour", "side", history[0].id)
    with pytest.raises(NameTaken, match="a tag already"):
        store.set_branch("Harbour", "good", history[0].id)
    with pytest.raises(NameTaken, match="a tag already"):
        store.commit("Harbour", document("4"), branch="good", parent=history[2].id, author="ann")
    store.delete_tag("Harbour", "good")
    assert store.workflow("Harbour").tags == ()
    with pytest.raises(NotFound, match="no tag 'good'"):
        store.delete_tag("Harbour", "good")


def test_a_branch_or_tag_is_not_mistaken_for_something_else(store: Store, history: list[Version]) -> None:
    first, last = history[0].id, history[2].id
    wrong = ["", "1", "1.2.0", "1.2.3.4", "007", "latest", "LATEST", "-x", ".x", "a/b", "a b", "ä", "x" * 101]
    for name in wrong:
        with pytest.raises(Invalid, match="cannot be the name"):
            store.set_branch("Harbour", name, first)
        with pytest.raises(Invalid, match="cannot be the name"):
            store.set_tag("Harbour", name, first)
        with pytest.raises(Invalid, match="cannot be the name"):
            store.commit("Harbour", document("4"), branch=name, parent=last, author="ann")


WRONG_NAMES = [
    *("", " ", " a", "a ", ".", "..", ".a", "a.", "a/b", "a\\b", "a@1", "a:b", "a#1", "a?", "a%20", "<a>"),
    *('a"', "a|b", "a\0b", "a\nb", "a\x7f", "a\u2028b", "a\u202eb", "\ud800", "x" * 101, "海" * 67),
]


def test_names_that_would_not_travel_are_refused(store: Store) -> None:
    store.create("fine", document(), author="ann")
    for name in WRONG_NAMES:
        with pytest.raises(Invalid):
            store.create(name, document(), author="ann")
        with pytest.raises(Invalid):
            store.change("fine", new_name=name)
        with pytest.raises(NotFound):
            store.workflow(name)
    assert [item.name for item in store.workflows().items] == ["fine"]


GOOD_NAMES = ["CON", "x" * 100, "海の夕暮れ", "👩‍🚀 portrait", "a'b; DROP TABLE x--", "a_b", "𝔘", "عربي"]


def test_names_that_people_use_are_kept(store: Store) -> None:
    for name in GOOD_NAMES:
        store.create(name, document(), author="ann")
        assert store.workflow(name).item.name == name
        assert [item.name for item in store.workflows(search=name).items] == [name]


def test_a_renamed_workflow_is_found_by_its_old_name_too(store: Store, history: list[Version]) -> None:
    changed = store.change("Harbour", new_name="Pier")
    assert (changed.name, changed.head.workflow) == ("Pier", "Pier")
    assert store.version("Harbour", "1.0.0") == store.version("Pier", "1.0.0")
    assert [item.name for item in store.workflows().items] == ["Pier"]
    with pytest.raises(NameTaken, match="'Harbour' was the name of 'Pier'"):
        store.create("Harbour", document(), author="bob")
    store.create("Elsewhere", document(), author="bob")
    with pytest.raises(NameTaken):
        store.change("Elsewhere", new_name="harbour")
    assert store.change("Pier", new_name="Harbour").name == "Harbour"
    assert store.change("Harbour", new_name="HARBOUR").name == "HARBOUR"
