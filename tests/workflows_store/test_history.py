"""Histories: what led to what, in pages, however long."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from tests.timing import timed
from tests.workflows_store.documents import document
from tests.workflows_store.long import lengthen
from workflows.store import Store, Version, VersionId

LONG = 10_000
LIMIT = 0.05
Led = dict[VersionId, set[VersionId]]


def tangle(store: Store, chance: random.Random, count: int) -> tuple[list[Version], Led]:
    """Versions with parents at random, and for each the versions that led to it, itself included."""
    made = [store.create("Tangle", document("0"), author="ann")]
    led: Led = {made[0].id: {made[0].id}}
    for number in range(1, count):
        several = chance.sample(made, min(len(made), chance.choice((1, 1, 2))))
        parent, *merged = (version.id for version in several) if chance.random() > 0.1 else (None,)
        branch, text = f"b{number}", document(str(number))
        saved = store.commit(
            "Tangle", text, branch=branch, parent=parent, merged=next(iter(merged), None), author="ann"
        ).version
        led[saved.id] = {saved.id}.union(*(led[each] for each in saved.parents))
        made.append(saved)
    return made, led


@pytest.mark.parametrize("seed", [1, 2])
def test_logs_and_merge_bases_follow_the_graph(store: Store, seed: int) -> None:
    made, led = tangle(store, random.Random(seed), 18)
    assert [each.id for each in store.log("Tangle").items] == [each.id for each in reversed(made)]
    for version in made:
        found = store.log("Tangle", ref=version.id)
        expected = [each.id for each in reversed(made) if each.id in led[version.id]]
        assert ([each.id for each in found.items], found.total) == (expected, len(expected))
    for one, other in combinations(made, 2):
        shared = led[one.id] & led[other.id]
        nearest = {each for each in shared if not any(each in led[later] for later in shared - {each})}
        base = store.base(one.id, other.id)
        assert base == store.base(other.id, one.id)
        assert base in nearest if nearest else base is None


def test_pages_of_a_log_follow_each_other(store: Store) -> None:
    made, _ = tangle(store, random.Random(3), 12)
    for ref in (None, made[-1].id):
        whole = store.log("Tangle", ref=ref)
        seen: list[VersionId] = []
        before = None
        while True:
            page = store.log("Tangle", ref=ref, before=before, limit=5)
            seen += [each.id for each in page.items]
            if not page.more:
                break
            before = page.items[-1].number
        assert seen == [each.id for each in whole.items] and len(seen) == whole.total


def test_versions_of_different_workflows_have_nothing_in_common(store: Store) -> None:
    one, other = (store.create(name, document(), author="ann").id for name in ("One", "Other"))
    assert store.base(one, other) is None
    assert store.base(one, one) == one


def test_ten_thousand_versions_are_paged_in_fifty_milliseconds(store: Store) -> None:
    first = store.create("Long", document(), author="ann")
    lengthen(store, "Long", LONG)
    for ref, before in ((None, None), (None, 60), ("main", None), ("main", 60), ("main", LONG // 2)):
        page, seconds = timed(lambda ref=ref, before=before: store.log("Long", ref=ref, before=before), LIMIT)
        last = LONG if before is None else before - 1
        assert [each.number for each in page.items] == list(range(last, last - 50, -1))
        assert page.total == LONG and page.more
        assert seconds < LIMIT, (ref, before)
    middle, end = store.version("Long", "#5000").id, store.version("Long").id
    base, seconds = timed(lambda: store.base(middle, end), LIMIT)
    assert base == middle and seconds < LIMIT
    assert store.base(first.id, end) == first.id
