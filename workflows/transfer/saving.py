"""Saving what was taken in: everything or nothing, in one transaction."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select

from engine.graph import as_object
from workflows.library.install import AUTHOR
from workflows.store import MAIN, Store, Version, VersionId, about, commits, content, listing
from workflows.store.about import About, Wanted
from workflows.store.blobs import Blob
from workflows.store.names import fold
from workflows.store.rows import version_at, versions_of
from workflows.store.tables import branches, names, versions
from workflows.transfer.importing import Found, Line, Plan, Tell, compatible, names_for, told
from workflows.transfer.pictures import thumbnail_of

_MOST_LABELS = 32
_AT_ONCE = 500
"""Digests in one query."""


@dataclass(frozen=True)
class Kept:
    """A workflow that got versions."""

    name: str
    began: bool
    """Whether it was made for them."""
    versions: int


@dataclass
class Saved:
    """What was saved, and which files hold what is there already."""

    kept: list[Kept] = field(default_factory=list[Kept])
    known: list[tuple[Found, Version]] = field(default_factory=list[tuple[Found, Version]])


class _Undone(Exception):
    """Ends a transaction that was only tried."""

    def __init__(self, saved: Saved) -> None:
        super().__init__()
        self.saved = saved


def save(
    store: Store, plan: Plan, author: str, tell: Tell = lambda done, total: None, *, dry_run: bool = False
) -> Saved:
    """Save all of it: each document that the store does not have, as a new workflow or as the next versions
    of the one of that name. Raises StoreError; nothing is saved then, nor in a `dry_run`.
    """
    known = store.read(lambda on: _there(on, plan.lines))
    pictures = {} if dry_run else _thumbnails(plan.lines, known, tell)

    def work(on: Connection) -> Saved:
        saved = _Saving(on, author, pictures).all_of(plan.lines)
        if dry_run:
            raise _Undone(saved)
        return saved

    try:
        return store.write(work)
    except _Undone as undone:
        return undone.saved


class _Saving:
    def __init__(self, connection: Connection, author: str, pictures: Mapping[str, Blob]) -> None:
        self._on = connection
        self._author = author
        self._pictures = pictures
        self._made = Saved()
        self._taken: set[str] = set()
        """Names of workflows that other files are versions of."""

    def all_of(self, lines: Sequence[Line]) -> Saved:
        there = _there(self._on, lines)
        for line in lines:
            self._made.known += [(one, there[one.digest]) for one in line.versions if one.digest in there]
            if new := [one for one in line.versions if one.digest not in there]:
                self._save(line, new)
        return self._made

    def _save(self, line: Line, new: Sequence[Found]) -> None:
        name, head = self._place(line)
        labels = tuple(line.labels[:_MOST_LABELS])
        began = head is None
        for one in new:
            with_picture = replace(one.content, thumbnail=self._pictures.get(one.digest))
            draft = commits.Draft(with_picture, self._author, told(one))
            if head is None:
                seq = commits.create(self._on, About(name, "", labels), draft, None)
            else:
                seq = commits.commit(self._on, name, MAIN, draft, head, None).seq
            head = version_at(self._on, seq).id
        if labels and not began:
            kept = listing.whole(self._on, name).item.labels
            wanted = tuple(dict.fromkeys([*kept, *labels]))[:_MOST_LABELS]
            about.change(self._on, name, Wanted(None, None, wanted, None))
        self._made.kept.append(Kept(name, began, len(new)))

    def _place(self, line: Line) -> tuple[str, VersionId | None]:
        """The workflow the versions belong to: one of that name, unless its id says that it is another. One
        that came with this program takes only what has its id: it goes on with the next program.
        """
        for name in names_for(line):
            if fold(name) in self._taken:
                continue
            head = self._head(name)
            if head is None:
                self._taken.add(fold(name))
                return name, None
            shipped = head.author == AUTHOR
            if compatible(line.identity, self._identity(head)) and (line.identity or not shipped):
                self._taken |= {fold(name), fold(head.workflow)}
                return head.workflow, head.id
        raise AssertionError("numbers do not end")

    def _head(self, name: str) -> Version | None:
        """The newest version on `main` of the workflow that has, or had, this name."""
        chosen = (names.c.folded == fold(name)) & (branches.c.name == MAIN)
        query = select(branches.c.version).join(names, names.c.workflow == branches.c.workflow).where(chosen)
        seq = self._on.execute(query).scalar()
        return None if seq is None else version_at(self._on, seq)

    def _identity(self, version: Version) -> str:
        """The id the canvas gave the workflow that a version holds."""
        _, layout = content.parts(self._on, version.id)
        look: Any = json.loads(layout)
        exact = as_object((as_object(look.get("exact")) or {}).get("document"))
        found = (exact or as_object(look.get("record")) or {}).get("id")
        return found if isinstance(found, str) else ""


def _there(connection: Connection, lines: Sequence[Line]) -> dict[str, Version]:
    """The oldest version with each document that the store has, by digest."""
    wanted, found = sorted({one.digest for line in lines for one in line.versions}), dict[str, Version]()
    for start in range(0, len(wanted), _AT_ONCE):
        some = versions.c.document.in_(wanted[start : start + _AT_ONCE])
        query = select(versions.c.seq).where(some).order_by(versions.c.seq.desc())
        for version in versions_of(connection, list(connection.execute(query).scalars())).values():
            found[version.document] = version
    return found


def _thumbnails(lines: Sequence[Line], known: Container[str], tell: Tell) -> dict[str, Blob]:
    """Small pictures of the versions that are new, by digest of their documents."""
    wanted = {digest: path for line in lines for digest, path in line.pictures.items() if digest not in known}
    found: dict[str, Blob] = {}
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        made = pool.map(thumbnail_of, wanted.values())
        for done, (digest, picture) in enumerate(zip(wanted, made, strict=True), start=1):
            tell(done, len(wanted))
            if picture is not None:
                found[digest] = Blob.of("thumbnail", picture)
    return found
