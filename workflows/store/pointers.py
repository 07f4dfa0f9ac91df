"""Branches and tags: names that may come, go and move, while the versions stay."""

from __future__ import annotations

import time
from types import EllipsisType

from sqlalchemy import Connection, select

from workflows.store.errors import BranchMoved, Invalid, NameTaken, NotFound
from workflows.store.names import ref_name, storable
from workflows.store.records import MAIN, VersionId
from workflows.store.refs import seq_of, workflow_uid
from workflows.store.rows import version_at
from workflows.store.tables import branches, tags


def set_branch(
    connection: Connection,
    name: str,
    branch: str,
    version: VersionId,
    expected: VersionId | EllipsisType | None,
) -> int:
    """Let a branch point to a version. Raises BranchMoved, NameTaken, Invalid, NotFound."""
    uid = workflow_uid(connection, name, lock=True)
    seq = seq_of(connection, version, uid=uid, name=name)
    chosen = (branches.c.workflow == uid) & (branches.c.name == branch)
    head = connection.execute(select(branches.c.version).where(chosen)).scalar()
    if not isinstance(expected, EllipsisType):
        now = None if head is None else version_at(connection, head)
        if (None if now is None else now.id) != expected:
            raise BranchMoved(branch, now)
    values = {"version": seq, "updated": time.time()}
    if head is None:
        refuse_other(connection, uid, "branch", branch)
        connection.execute(branches.insert().values(workflow=uid, name=branch, **values))
    else:
        connection.execute(branches.update().where(chosen).values(values))
    return seq


def delete_branch(connection: Connection, name: str, branch: str) -> None:
    """Forget a branch. Raises NotFound, Invalid."""
    if branch == MAIN:
        raise Invalid(f"{MAIN!r} is the branch every workflow has: it cannot be deleted")
    uid = workflow_uid(connection, name, lock=True)
    chosen = (branches.c.workflow == uid) & (branches.c.name == branch)
    if not storable(branch) or not connection.execute(branches.delete().where(chosen)).rowcount:
        raise NotFound("branch", branch, within=name)


def set_tag(connection: Connection, name: str, tag: str, version: VersionId) -> int:
    """Let a tag name a version. Raises NameTaken, Invalid, NotFound."""
    uid = workflow_uid(connection, name, lock=True)
    seq = seq_of(connection, version, uid=uid, name=name)
    refuse_other(connection, uid, "tag", tag)
    chosen = (tags.c.workflow == uid) & (tags.c.name == tag)
    values = {"version": seq, "created": time.time()}
    if not connection.execute(tags.update().where(chosen).values(values)).rowcount:
        connection.execute(tags.insert().values(workflow=uid, name=tag, **values))
    return seq


def delete_tag(connection: Connection, name: str, tag: str) -> None:
    """Forget a tag. Raises NotFound."""
    uid = workflow_uid(connection, name, lock=True)
    chosen = (tags.c.workflow == uid) & (tags.c.name == tag)
    if not storable(tag) or not connection.execute(tags.delete().where(chosen)).rowcount:
        raise NotFound("tag", tag, within=name)


def refuse_other(connection: Connection, uid: str, what: str, name: str) -> None:
    """A branch is not called what a tag is, nor the other way round. Raises NameTaken, Invalid."""
    ref_name(what, name)
    other, table = ("tag", tags) if what == "branch" else ("branch", branches)
    chosen = (table.c.workflow == uid) & (table.c.name == name)
    if connection.execute(select(table.c.version).where(chosen)).scalar() is not None:
        raise NameTaken(f"{name!r} is the name of a {other} already: choose another one")
