"""Lists of workflows: found by words and labels, in pages, with a handful of queries."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.workflows_store.documents import document
from workflows.store import Invalid, Store


def names(store: Store, **chosen: Any) -> set[str]:
    found = store.workflows(**chosen)
    assert found.total == len(found.items) and not found.more
    return {item.name for item in found.items}


@pytest.fixture
def library(store: Store) -> Store:
    store.create("Harbour at dusk", document(), author="ann", labels=["Sea", "oil paint"])
    store.create(
        "Portrait", document(), author="ann", description="100% warm Straßenlicht", labels=["people"]
    )
    store.create("snake_case", document(), author="bob", labels=["sea life"])
    return store


def test_every_word_of_a_search_has_to_occur_somewhere(library: Store) -> None:
    assert names(library, search="SEA") == {"Harbour at dusk", "snake_case"}
    assert names(library, search="sea harbour") == {"Harbour at dusk"}
    assert names(library, search="strassenlicht") == {"Portrait"}
    assert names(library, search="  ") == {"Harbour at dusk", "Portrait", "snake_case"}
    assert names(library, search="ann") == set()


def test_a_search_takes_every_sign_as_it_is(library: Store) -> None:
    assert names(library, search="100%") == {"Portrait"}
    assert names(library, search="%") == {"Portrait"}
    assert names(library, search="e_c") == {"snake_case"}
    for nothing in ("/", "'", "\\", "\0", "\ud800"):
        assert names(library, search=nothing) == set() == names(library, label=nothing)


def test_labels_are_whole_however_they_are_written(library: Store) -> None:
    assert names(library, label="sea") == {"Harbour at dusk"}
    assert names(library, label="OIL PAINT") == {"Harbour at dusk"}
    assert names(library, label="oil") == set()
    changed = library.change("snake_case", labels=["Sea", " deep   sea ", "SEA"], description="below")
    assert changed.labels == ("Sea", "deep sea") and changed.description == "below"
    assert names(library, label="sea") == {"Harbour at dusk", "snake_case"}
    assert names(library, search="life") == set() and names(library, search="below") == {"snake_case"}
    for labels in ([""], ["a\0"], ["x" * 51], [str(number) for number in range(33)]):
        with pytest.raises(Invalid, match="label"):
            library.change("snake_case", labels=labels)


def test_what_is_archived_is_put_away_and_comes_back(library: Store) -> None:
    before = library.workflow("snake_case").item
    assert library.change("snake_case", archived=True).archived
    assert names(library) == {"Harbour at dusk", "Portrait"}
    assert names(library, archived=True) == {"snake_case"}
    assert library.document(before.head.id) == document()
    assert library.change("snake_case", archived=False) == before


def test_published_are_those_with_a_release(library: Store) -> None:
    library.release("snake_case", "main", "1.9.0", author="bob")
    library.release("snake_case", "main", "1.10.0", notes="tenth", author="bob")
    assert names(library, published=True) == {"snake_case"}
    assert names(library, published=False) == {"Harbour at dusk", "Portrait"}
    latest = library.workflow("snake_case").item.latest
    assert latest is not None and (latest.number, latest.notes) == ("1.10.0", "tenth")


def test_pages_follow_each_other_from_the_last_saved(library: Store) -> None:
    seen = [library.workflows(offset=offset, limit=1) for offset in range(4)]
    assert [[item.name for item in page.items] for page in seen] == [
        ["snake_case"],
        ["Portrait"],
        ["Harbour at dusk"],
        [],
    ]
    assert [page.more for page in seen] == [True, True, False, False] and seen[0].total == 3
    head = library.version("Harbour at dusk").id
    library.commit("Harbour at dusk", document("fog"), parent=head, author="ann")
    assert library.workflows(limit=1).items[0].name == "Harbour at dusk"


def test_a_list_shows_head_release_and_branches(library: Store) -> None:
    first = library.version("snake_case")
    library.set_branch("snake_case", "side", first.id)
    head = library.commit("snake_case", document("fog"), parent=first.id, author="eve").version
    item = library.workflows().items[0]
    assert (item.head, item.branches_count, item.latest) == (head, 2, None)
    whole = library.workflow("snake_case")
    assert whole.item == item and [branch.name for branch in whole.branches] == ["main", "side"]
    assert whole.branches[1].version == library.version("snake_case", "side")


def test_a_list_takes_as_many_queries_for_thirty_as_for_one(store: Store) -> None:
    for number in range(30):
        store.create(f"workflow {number}", document(), author="ann", labels=["many"])
        store.release(f"workflow {number}", "", "1.0.0", author="ann")
    with counted(store) as one:
        store.workflows(limit=1)
    with counted(store) as thirty:
        assert len(store.workflows(limit=30).items) == 30
    assert len(one) == len(thirty) < 12


@contextmanager
def counted(store: Store) -> Generator[list[str]]:
    """The statements that are run meanwhile."""
    engine = store.read(lambda connection: connection.engine)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
