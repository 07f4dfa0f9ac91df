"""What people write after `@`, or as a workflow's name, and which version they mean."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from workflows.store.errors import AmbiguousRef, NotFound
from workflows.store.names import LATEST, fold, storable
from workflows.store.records import MAIN, VersionId
from workflows.store.rows import highest_first, number_of
from workflows.store.tables import branches, names, releases, tags, versions, workflows

_RELEASE = re.compile(r"(0|[1-9]\d{0,8})(?:\.(0|[1-9]\d{0,8}))?(?:\.(0|[1-9]\d{0,8}))?", re.ASCII)
_NUMBER = re.compile(r"#([1-9]\d{0,8})", re.ASCII)
_ID = re.compile(r"[0-9a-f]{6,64}")
_PAST_HEX = "g"


def workflow_uid(connection: Connection, name: str, *, lock: bool = False) -> str:
    """The workflow with this name, now or once. `lock`: no other transaction saves to it until this one ends.

    Raises NotFound, with the nearest names.
    """
    query = select(names.c.workflow).where(names.c.folded == fold(name))
    uid = connection.execute(query).scalar() if storable(name) else None
    if uid is None:
        known = connection.execute(select(workflows.c.name).where(workflows.c.archived == 0)).scalars()
        raise NotFound("workflow", name, _nearest(name, known))
    if lock:  # in SQLite the transaction did this when it began
        connection.execute(select(workflows.c.uid).where(workflows.c.uid == uid).with_for_update())
    return uid


def resolve(connection: Connection, name: str, ref: str = "", *, calling: bool = False) -> int:
    """The place in the table of the version meant. Raises NotFound, AmbiguousRef."""
    uid = workflow_uid(connection, name)
    return seq_in(connection, uid, name, ref, calling=calling)


def seq_in(connection: Connection, uid: str, name: str, ref: str, *, calling: bool = False) -> int:
    """As `resolve`, in a workflow that is known."""
    if not ref:
        released = _release(connection, uid, (None, None, None)) if calling else None
        found = _branch(connection, uid, MAIN) if released is None else released
    elif ref == LATEST:
        found = _release(connection, uid, (None, None, None))
    elif match := _NUMBER.fullmatch(ref):
        chosen = (versions.c.workflow == uid) & (versions.c.number == int(match[1]))
        found = connection.execute(select(versions.c.seq).where(chosen)).scalar()
    else:
        found = _named(connection, uid, ref) if storable(ref) else None
    if found is None:
        raise _unknown(connection, uid, name, ref)
    return found


def _unknown(connection: Connection, uid: str, name: str, ref: str) -> NotFound:
    """Whoever asks for a release is told which there are, others what is written like it."""
    if ref == LATEST or _RELEASE.fullmatch(ref):
        return NotFound("release", ref, within=name, there=_numbers(connection, uid))
    return NotFound("version", ref or MAIN, _nearest(ref, _all_names(connection, uid)), within=name)


def _numbers(connection: Connection, uid: str) -> list[str]:
    """All releases, the highest first."""
    columns = (releases.c.major, releases.c.minor, releases.c.patch)
    rows = connection.execute(select(*columns).where(releases.c.workflow == uid).order_by(*highest_first()))
    return [number_of(row) for row in rows]


def seq_of(connection: Connection, version: VersionId, *, uid: str | None = None, name: str = "") -> int:
    """The place of a version, which must be the workflow's if one is given. Raises NotFound."""
    query = select(versions.c.seq).where(versions.c.id == version)
    if uid is not None:
        query = query.where(versions.c.workflow == uid)
    found = connection.execute(query).scalar() if storable(version) else None
    if found is None:
        raise NotFound("version", version, within=name)
    return found


def _named(connection: Connection, uid: str, ref: str) -> int | None:
    if match := _RELEASE.fullmatch(ref):
        major, minor, patch = (None if part is None else int(part) for part in match.groups())
        if (found := _release(connection, uid, (major, minor, patch))) is not None:
            return found
    if (found := _branch(connection, uid, ref)) is not None:
        return found
    chosen = (tags.c.workflow == uid) & (tags.c.name == ref)
    if (found := connection.execute(select(tags.c.version).where(chosen)).scalar()) is not None:
        return found
    return _begins_with(connection, uid, ref) if _ID.fullmatch(ref) else None


def _release(
    connection: Connection, uid: str, number: tuple[int | None, int | None, int | None]
) -> int | None:
    """The highest release whose number begins like this."""
    query = select(releases.c.version).where(releases.c.workflow == uid).order_by(*highest_first()).limit(1)
    for column, part in zip((releases.c.major, releases.c.minor, releases.c.patch), number, strict=True):
        if part is not None:
            query = query.where(column == part)
    return connection.execute(query).scalar()


def _branch(connection: Connection, uid: str, name: str) -> int | None:
    chosen = (branches.c.workflow == uid) & (branches.c.name == name)
    return connection.execute(select(branches.c.version).where(chosen)).scalar()


def _begins_with(connection: Connection, uid: str, digits: str) -> int | None:
    """The version whose id, or the newest whose document's digest, begins with these digits."""
    columns = (versions.c.id, versions.c.document)
    query = (
        select(versions.c.seq, *columns)
        .where(versions.c.workflow == uid, or_(*(_between(column, digits) for column in columns)))
        .order_by(versions.c.seq.desc())
    )
    found: dict[str, int] = {}
    for seq, version, document in connection.execute(query):
        found.setdefault(version if version.startswith(digits) else document, seq)
    if len(found) > 1:
        raise AmbiguousRef(digits, list(found)[:10])
    return next(iter(found.values()), None)


def _between(column: ColumnElement[str], digits: str) -> ColumnElement[bool]:
    return and_(column >= digits, column < digits + _PAST_HEX)


def _all_names(connection: Connection, uid: str) -> list[str]:
    return [
        name
        for table in (branches, tags)
        for name in connection.execute(select(table.c.name).where(table.c.workflow == uid)).scalars()
    ]


def _nearest(name: str, known: Iterable[str]) -> list[str]:
    by_fold = {fold(each): each for each in known}
    return [by_fold[each] for each in difflib.get_close_matches(fold(name), by_fold, n=3)]
