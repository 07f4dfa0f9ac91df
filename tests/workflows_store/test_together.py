"""Several who save at once: one wins, nobody loses, and every number is given once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.workflows_store.documents import document
from tests.workflows_store.saver import NAME, forks, save_many, save_together, start
from workflows.store import BranchConflict, NameTaken, ReleaseExists, Store, VersionId


def together(work: Callable[..., None], texts: tuple[str, str], where: str, *arguments: Any) -> list[Any]:
    """What two processes come to that begin at the same moment, each with a text of its own."""
    at_once = forks.Barrier(2)
    pipes = [forks.Pipe(duplex=False) for _ in range(2)]
    processes = [
        start(work, where, text, *arguments, at_once, tells)
        for text, (_, tells) in zip(texts, pipes, strict=True)
    ]
    results = [told.recv() for told, _ in pipes if told.poll(30)]
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0]
    return results


def test_of_two_processes_that_save_one_gets_the_branch_and_both_are_kept(store: Store, where: str) -> None:
    parent = store.create(NAME, document("first"), author="ann").id
    for number in range(1, 6):
        results = together(save_together, (f"one {number}", f"other {number}"), where, parent)
        (won,) = (result for result in results if not result[3])
        (lost,) = (result for result in results if result[3])
        assert won[2] == "main" and lost[2] == f"main-{lost[1][:8]}"
        assert store.version(NAME).id == won[1] and store.version(NAME, lost[2]).id == lost[1]
        for text, version, _, _ in results:
            assert store.document(version) == document(text) and store.find(version).parents == (parent,)
        assert store.log(NAME).total == 1 + 2 * number
        parent = won[1]
    assert store.verify() == []


def test_two_processes_that_go_on_saving_lose_nothing(store: Store, where: str) -> None:
    store.create(NAME, document("first"), author="ann")
    results = together(save_many, ("one", "other"), where, 25)
    kept: dict[VersionId, str] = {version: text for result in results for version, text in result}
    assert len(kept) == 50
    log = store.log(NAME, limit=100)
    assert [each.number for each in log.items] == list(range(51, 0, -1))
    assert set(kept) < {each.id for each in log.items}
    named = {branch.version.id for branch in store.workflow(NAME).branches}
    led = {each.id for ref in named for each in store.log(NAME, ref=ref, limit=100).items}
    assert set(kept) <= led  # every version is on a branch
    for version, text in kept.items():
        assert store.document(version) == document(text)


def test_threads_share_a_store(store: Store) -> None:
    first = store.create(NAME, document("first"), author="ann").id
    taken: list[NameTaken] = []
    conflicts: list[BranchConflict] = []
    released: list[ReleaseExists] = []

    def work(number: int) -> None:
        try:
            store.create("Wanted by all", document(str(number)), author="ann")
        except NameTaken as error:
            taken.append(error)
        try:
            store.commit(NAME, document(str(number)), parent=first, author="ann")
        except BranchConflict as error:
            conflicts.append(error)
        try:
            store.release(NAME, "#1", "1.0.0", author="ann")
        except ReleaseExists as error:
            released.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), len(conflicts), len(released)) == (7, 7, 7)
    assert store.log(NAME).total == 9 and len(store.workflow(NAME).branches) == 8
    assert store.verify() == []
