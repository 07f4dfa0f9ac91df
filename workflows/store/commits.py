"""Saving: a version is written whole, and the branch moves to it, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection, func, select

from workflows.store import blobs
from workflows.store.about import About, refuse_taken
from workflows.store.content import Content, version_id
from workflows.store.pointers import refuse_other
from workflows.store.records import MAIN, VersionId
from workflows.store.refs import seq_of, workflow_uid
from workflows.store.tables import branches, names, parents, versions, workflows

_LONGEST_BRANCH = 100
_MILLISECOND = 0.001


@dataclass(frozen=True)
class Draft:
    """A version but for its place in a history."""

    content: Content
    author: str
    message: str


@dataclass(frozen=True)
class Saved:
    """Where a version went."""

    seq: int
    branch: str
    changed: bool
    head: int | None = None
    """Where the branch that was meant is instead."""


def create(connection: Connection, about: About, draft: Draft, origin: VersionId | None) -> int:
    """Begin a workflow; the place of its first version. Raises NameTaken, NotFound."""
    if origin is not None:
        seq_of(connection, origin)
    uid, now = uuid4().hex, _now()
    refuse_taken(connection, about.name)
    columns = {**about.columns, "archived": 0, "created": now, "updated": now, "origin": origin}
    connection.execute(workflows.insert().values(uid=uid, **columns))
    connection.execute(names.insert().values(folded=columns["folded"], workflow=uid))
    seq = _add_version(connection, uid, draft, ())
    _move(connection, uid, MAIN, seq, new=True)
    return seq


def commit(
    connection: Connection,
    name: str,
    branch: str,
    draft: Draft,
    parent: VersionId | None,
    merged: VersionId | None,
) -> Saved:
    """Write a version; the branch points to it, or a new one if this one moved on. Raises NotFound."""
    uid = workflow_uid(connection, name, lock=True)
    came_from = tuple(
        (seq_of(connection, each, uid=uid, name=name), each) for each in (parent, merged) if each is not None
    )
    chosen = (branches.c.workflow == uid) & (branches.c.name == branch)
    head = connection.execute(select(branches.c.version).where(chosen)).scalar()
    if head is None:
        refuse_other(connection, uid, "branch", branch)
    parent_seq = None if parent is None else came_from[0][0]
    before = parent_seq if head is None else head
    if before is not None and _is_already(connection, before, draft.content, merged):
        if head is None:
            _move(connection, uid, branch, before, new=True)
        return Saved(before, branch, False)
    seq = _add_version(connection, uid, draft, came_from)
    kept_on = branch if head is None or head == parent_seq else _other_branch(connection, uid, branch, seq)
    _move(connection, uid, kept_on, seq, new=head is None or kept_on != branch)
    return Saved(seq, kept_on, True, head if kept_on != branch else None)


def _is_already(connection: Connection, seq: int, content: Content, merged: VersionId | None) -> bool:
    """Whether a version holds just this: saving again, for the answer was lost, makes no second one."""
    same = (versions.c.document == content.meaning.digest) & (versions.c.layout == content.layout.digest)
    if connection.execute(select(versions.c.seq).where(same & (versions.c.seq == seq))).scalar() is None:
        return False
    if merged is None:
        return True
    into = select(versions.c.id).join(parents, parents.c.parent == versions.c.seq)
    return merged in connection.execute(into.where(parents.c.version == seq)).scalars().all()


def _add_version(
    connection: Connection, uid: str, draft: Draft, came_from: Sequence[tuple[int, VersionId]]
) -> int:
    content = draft.content
    blobs.put_all(connection, content.blobs)
    created = _now()
    while True:
        made = version_id(
            uid=uid,
            document=content.meaning.digest,
            layout=content.layout.digest,
            parents=tuple(version for _, version in came_from),
            author=draft.author,
            message=draft.message,
            created=created,
        )
        if connection.execute(select(versions.c.seq).where(versions.c.id == made)).scalar() is None:
            break
        created = round(created + _MILLISECOND, 3)  # the very same was saved within this millisecond
    last = connection.execute(select(func.max(versions.c.number)).where(versions.c.workflow == uid)).scalar()
    row = {
        "id": made,
        "workflow": uid,
        "number": (last or 0) + 1,
        "document": content.meaning.digest,
        "layout": content.layout.digest,
        "thumbnail": content.thumbnail.digest if content.thumbnail else None,
        "author": draft.author,
        "message": draft.message,
        "created": created,
        "function": int(content.function),
    }
    seq = connection.execute(versions.insert().values(row).returning(versions.c.seq)).scalar_one()
    links = [
        {"version": seq, "position": position, "parent": parent, "workflow": uid}
        for position, (parent, _) in enumerate(came_from)
    ]
    if links:
        connection.execute(parents.insert(), links)
    return seq


def _other_branch(connection: Connection, uid: str, branch: str, seq: int) -> str:
    """A name for a branch that begins where this one was expected to be."""
    made = connection.execute(select(versions.c.id).where(versions.c.seq == seq)).scalar_one()
    return f"{branch[: _LONGEST_BRANCH - 9]}-{made[:8]}"


def _move(connection: Connection, uid: str, branch: str, seq: int, *, new: bool) -> None:
    now = _now()
    if new:
        connection.execute(branches.insert().values(workflow=uid, name=branch, version=seq, updated=now))
    else:
        chosen = (branches.c.workflow == uid) & (branches.c.name == branch)
        connection.execute(branches.update().where(chosen).values(version=seq, updated=now))
    connection.execute(workflows.update().where(workflows.c.uid == uid).values(updated=now))


def _now() -> float:
    """Milliseconds say it: what is shorter would be lost where times are sent as such."""
    return round(time.time(), 3)
