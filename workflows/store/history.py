"""What led to what."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from workflows.store.names import storable
from workflows.store.records import Page, Version, VersionId
from workflows.store.refs import seq_in, seq_of, workflow_uid
from workflows.store.rows import version_at, versions_of
from workflows.store.tables import parents, versions


def log(connection: Connection, name: str, ref: str | None, before: int | None, limit: int) -> Page[Version]:
    """Versions, newest first: all, or those that led to `ref`."""
    uid = workflow_uid(connection, name)
    mine = versions.c.workflow == uid
    if ref is None:
        # Numbers have no gaps: versions are never removed.
        total = connection.execute(select(func.max(versions.c.number)).where(mine)).scalar_one()
        query = select(versions.c.seq).where(mine).order_by(versions.c.number.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(versions.c.number < before)
        seqs = list(connection.execute(query).scalars())
    else:
        start = seq_in(connection, uid, name, ref)
        seqs = sorted(_led_to(start, _links(connection, uid, start)), reverse=True)
        total = len(seqs)
        if before is not None:
            last = select(func.max(versions.c.seq)).where(mine, versions.c.number < before)
            bound = connection.execute(last).scalar() or 0
            seqs = [seq for seq in seqs if seq <= bound]
    shown = seqs[:limit]
    found = versions_of(connection, shown)
    return Page(tuple(found[seq] for seq in shown), total, len(seqs) > limit)


def base(connection: Connection, one: VersionId, other: VersionId) -> VersionId | None:
    """The newest version that led to both: none that did comes after it, so it is a nearest one."""
    first, second = seq_of(connection, one), seq_of(connection, other)
    uid = connection.execute(select(versions.c.workflow).where(versions.c.seq == first)).scalar_one()
    links = _links(connection, uid, max(first, second))
    shared = _led_to(first, links) & _led_to(second, links)
    return version_at(connection, max(shared)).id if shared else None


def _links(connection: Connection, uid: str, start: int) -> list[tuple[int, int]]:
    """Versions up to one with what each was made from, the newest first.

    Ten thousand take some milliseconds; a recursive query takes longer, and much longer where the database
    has not counted its rows yet.
    """
    chosen = (parents.c.workflow == uid) & (parents.c.version <= start)
    query = select(parents.c.version, parents.c.parent).where(chosen).order_by(parents.c.version.desc())
    return [(version, parent) for version, parent in connection.execute(query)]


def _led_to(start: int, links: list[tuple[int, int]]) -> set[int]:
    """A version and all it comes from. Parents come before their children, so one pass finds them."""
    found = {start}
    for version, parent in links:
        if version in found:
            found.add(parent)
    return found


def occurrences(connection: Connection, digest: str) -> list[Version]:
    """The versions that hold a document, oldest first."""
    if not storable(digest):
        return []
    query = select(versions.c.seq).where(versions.c.document == digest).order_by(versions.c.seq)
    return list(versions_of(connection, list(connection.execute(query).scalars())).values())
