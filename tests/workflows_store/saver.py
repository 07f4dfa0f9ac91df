"""Processes that save: together with others, until they are killed, or until the disk is full."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from tests.workflows_store.documents import document
from workflows.store import BranchConflict, Store, StoreFull, VersionId

NAME = "Under fire"
forks = multiprocessing.get_context("forkserver")
# Imported once, in the process that all others are forked from.
forks.set_forkserver_preload(["tests.workflows_store.saver", "workflows.store.store", "alembic.command"])


def start(work: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Run a function of this module in a process of its own."""
    process = forks.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def save_until_killed(where: str, seed: int, acknowledged: Connection) -> None:
    """Save one version after the other, and tell each once the store says it is kept."""
    store = Store.open(where)
    acknowledged.send(None)
    chance = random.Random(seed)
    head = store.version(NAME).id
    while True:
        text = noise(chance, 3000)
        head = store.commit(NAME, document(text), parent=head, author="ann").version.id
        acknowledged.send((head, text))
        if chance.random() < 0.2:
            store.set_tag(NAME, "newest", head)
            acknowledged.send((store.release(NAME, head, "patch", author="ann").version, text))


def save_together(where: str, text: str, parent: VersionId, at_once: Barrier, result: Connection) -> None:
    """Save on `main` at the moment another process does."""
    store = Store.open(where)
    at_once.wait(30)
    try:
        saved = store.commit(NAME, document(text), parent=parent, author=text)
        result.send((text, saved.version.id, saved.branch, False))
    except BranchConflict as conflict:
        result.send((text, conflict.version.id, conflict.branch, True))
    store.close()


def save_many(where: str, text: str, count: int, at_once: Barrier, result: Connection) -> None:
    """Save on `main` again and again, each time from what is there, whoever made it."""
    store = Store.open(where)
    at_once.wait(30)
    kept: list[tuple[VersionId, str]] = []
    while len(kept) < count:
        mine = f"{text} {len(kept)}"
        try:
            saved = store.commit(NAME, document(mine), parent=store.version(NAME).id, author=text).version
        except BranchConflict as conflict:
            saved = conflict.version
        kept.append((saved.id, mine))
    result.send(kept)
    store.close()


def crash_at(where: str, statement: int) -> None:
    """Open a store, and end at once before that many statements have run."""
    seen = count(1)

    def crash(*_: Any) -> None:
        if next(seen) == statement:
            os._exit(9)

    event.listen(Engine, "before_cursor_execute", crash)
    Store.open(where).close()


def noise(chance: random.Random, length: int) -> str:
    """Text that does not compress."""
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=length))


def fill_the_disk(folder: Path, rounds: int) -> None:
    """Save until the disk is full, again and again, with less and less beside it. On a disk of its own."""
    store = Store.open(folder / "workflows.sqlite")
    chance = random.Random(5)
    ballast = folder / "ballast"
    kept: dict[VersionId, str] = {}
    head = store.create(NAME, document("first"), author="ann").id
    kept[head] = "first"
    refused = 0
    for _ in range(rounds):
        _fill(ballast, spare=chance.randrange(0, 60_000))
        try:
            while True:
                text = noise(chance, chance.randrange(100, 20_000))
                head = store.commit(NAME, document(text), parent=head, author="ann").version.id
                kept[head] = text
        except StoreFull as error:
            refused += "no space left" in str(error)
        _check(store, kept, head)
        ballast.unlink()
        head = store.commit(NAME, document(f"room {refused}"), parent=head, author="ann").version.id
        kept[head] = f"room {refused}"
        if chance.random() < 0.3:
            store.close()
            store = Store.open(folder / "workflows.sqlite")
            _check(store, kept, head)
    assert refused == rounds, f"{refused} refused"
    assert store.verify() == []


def _fill(ballast: Path, spare: int) -> None:
    """Leave about so many bytes on the disk."""
    disk = os.statvfs(ballast.parent)
    ballast.write_bytes(bytes(max(disk.f_bavail * disk.f_bsize - spare, 0)))


def _check(store: Store, kept: dict[VersionId, str], head: VersionId) -> None:
    assert store.version(NAME).id == head
    assert store.log(NAME).total == len(kept)
    for version, text in kept.items():
        assert store.document(version) == document(text)


if __name__ == "__main__":
    fill_the_disk(Path(sys.argv[1]), int(sys.argv[2]))
