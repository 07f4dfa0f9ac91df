"""The shipped workflows in a store: put there once, renewed, and never over somebody's work."""

import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from tests.timing import timed
from workflows.canonical import digest
from workflows.document import formatted, split
from workflows.library import Json, Shipped, newest
from workflows.library.install import AUTHOR, install
from workflows.store import Store

Result = TypeVar("Result")

NAME = "text_to_image"
FIRST = newest()[NAME]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "workflows.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def second(tmp_path: Path) -> Shipped:
    """A later release of the same workflow, with more steps."""
    path = tmp_path / "text_to_image@1.0.1.json"
    path.write_text(formatted(with_steps(31)), encoding="utf-8")
    shutil.copy(FIRST.thumbnail, path.with_suffix(".jpg"))
    return replace(FIRST, release="1.0.1", path=path, digest=digest(split(with_steps(31)).meaning))


def with_steps(steps: int) -> Json:
    document = deepcopy(FIRST.document)
    sampler = next(node for node in document["nodes"] if node["type"] == "KSampler")
    sampler["widgets_values"][2] = steps
    return document


def test_an_empty_store_gets_every_workflow_released(store: Store) -> None:
    install(store)
    items = store.workflows(published=True).items
    assert [item.name for item in items] == list(newest())
    for item in items:
        one = newest()[item.name]
        assert item.latest is not None and item.latest.number == one.release
        assert item.head.author == AUTHOR and item.head.has_function and item.head.has_thumbnail
        assert (item.description, item.labels) == (one.description, one.labels)
        assert item.head.document == one.digest and store.document(item.head.id) == one.document
    assert store.verify() == []


def test_installing_again_changes_nothing_and_takes_milliseconds(store: Store) -> None:
    install(store)
    before = store.workflows().items
    _, seconds = timed(lambda: install(store), 0.005)
    assert store.workflows().items == before
    assert seconds < 0.005


def test_a_new_release_follows_the_old_one(store: Store, second: Shipped) -> None:
    install(store)
    install(store, [FIRST, second])
    record = store.workflow(NAME)
    assert [release.number for release in record.releases] == ["1.0.1", "1.0.0"]
    assert store.version(NAME, calling=True).document == second.digest
    assert record.item.head.number == 2
    assert store.document(store.version(NAME, "1.0.0").id) == FIRST.document
    install(store, [FIRST, second])
    assert store.workflow(NAME) == record


def test_a_store_that_starts_late_gets_the_old_releases_too(store: Store, second: Shipped) -> None:
    install(store, [FIRST, second])
    assert [release.number for release in store.workflow(NAME).releases] == ["1.0.1", "1.0.0"]


def test_a_workflow_of_somebody_else_keeps_its_name_and_its_content(store: Store) -> None:
    mine = store.create(NAME.upper(), with_steps(3), author="ada")
    install(store)
    record = store.workflow(NAME)
    assert record.item.head == mine and record.releases == () and len(store.log(NAME).items) == 1
    assert store.workflows().total == len(newest())


def test_a_shipped_workflow_that_somebody_saved_on_stays_as_they_left_it(
    store: Store, second: Shipped
) -> None:
    install(store)
    head = store.version(NAME)
    mine = store.commit(NAME, with_steps(3), parent=head.id, author="ada").version
    install(store, [FIRST, second])
    record = store.workflow(NAME)
    assert record.item.head.id == mine.id
    assert [release.number for release in record.releases] == ["1.0.0"]


def test_work_on_another_branch_does_not_keep_new_releases_away(store: Store, second: Shipped) -> None:
    install(store)
    head = store.version(NAME)
    mine = store.commit(NAME, with_steps(3), branch="mine", parent=head.id, author="ada").version
    install(store, [FIRST, second])
    assert store.version(NAME, "1.0.1").document == second.digest
    assert store.version(NAME, "mine").id == mine.id


def test_a_number_that_somebody_took_is_not_moved(store: Store, second: Shipped) -> None:
    install(store)
    theirs = store.release(NAME, "1.0.0", "1.0.1", author="ada")
    install(store, [FIRST, second])
    assert store.version(NAME, "1.0.1").id == theirs.version


def test_an_installation_that_was_cut_short_is_finished(store: Store) -> None:
    store.create(NAME, FIRST.document, author=AUTHOR)
    install(store)
    record = store.workflow(NAME)
    assert [release.number for release in record.releases] == ["1.0.0"] and record.item.head.number == 1


def test_a_renamed_or_archived_workflow_is_not_made_again(store: Store) -> None:
    install(store)
    store.change(NAME, new_name="Portraits")
    store.change("inpaint", archived=True)
    install(store)
    names = [item.name for item in (*store.workflows().items, *store.workflows(archived=True).items)]
    assert sorted(names) == sorted({*newest(), "Portraits"} - {NAME})


class Overtaken(Store):
    """Another server installs into the same file between this one's look and its first change."""

    overtaken_by: Store | None = None

    def read(self, work: Callable[[Connection], Result]) -> Result:
        found = super().read(work)
        if (other := self.overtaken_by) is not None:
            self.overtaken_by = None
            install(other)
        return found


def test_two_servers_that_start_on_one_store_install_once(store: Store, tmp_path: Path) -> None:
    late = Overtaken.open(tmp_path / "workflows.sqlite")
    assert isinstance(late, Overtaken)
    late.overtaken_by = store
    install(late)
    late.close()
    assert [item.name for item in store.workflows().items] == list(newest())
    assert all(item.head.number == 1 and item.branches_count == 1 for item in store.workflows().items)
    assert store.verify() == []
