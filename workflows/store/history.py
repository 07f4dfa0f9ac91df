"""What led to what."""

from __future__ import annotations

from sqlalchemy import CTE, Connection, func, literal, select

from workflows.store.records import Page, Version, VersionId
from workflows.store.refs import seq_in, seq_of, workflow_uid
from workflows.store.rows import versions_of
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
        up = _ancestors(seq_in(connection, uid, name, ref))
        led = list(connection.execute(select(up.c.seq).order_by(up.c.seq.desc())).scalars())
        total, seqs = len(led), led
        if before is not None:
            last = select(func.max(versions.c.seq)).where(mine, versions.c.number < before)
            bound = connection.execute(last).scalar() or 0
            seqs = [seq for seq in led if seq <= bound]
    shown = seqs[:limit]
    found = versions_of(connection, shown)
    return Page(tuple(found[seq] for seq in shown), total, len(seqs) > limit)


def base(connection: Connection, one: VersionId, other: VersionId) -> VersionId | None:
    """The newest version that led to both: none that did comes after it, so it is a nearest one."""
    first, second = (_ancestors(seq_of(connection, each)) for each in (one, other))
    shared = select(func.max(first.c.seq)).join(second, second.c.seq == first.c.seq)
    return connection.execute(
        select(versions.c.id).where(versions.c.seq == shared.scalar_subquery())
    ).scalar()


def _ancestors(seq: int) -> CTE:
    """A version and all that led to it."""
    up = select(literal(seq).label("seq")).cte(recursive=True)
    return up.union(select(parents.c.parent).join(up, parents.c.version == up.c.seq))


def occurrences(connection: Connection, digest: str) -> list[Version]:
    """The versions that hold a document, oldest first."""
    query = select(versions.c.seq).where(versions.c.document == digest).order_by(versions.c.seq)
    return list(versions_of(connection, list(connection.execute(query).scalars())).values())
