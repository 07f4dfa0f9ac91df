"""Rows of the database as records: a handful of queries for any number of versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Connection, Executable, select

from workflows.store.records import Digest, Release, Version, VersionId
from workflows.store.tables import branches, parents, releases, tags, versions, workflows

_CHUNK = 500


def versions_of(connection: Connection, seqs: Sequence[int]) -> dict[int, Version]:
    """Those versions there are, by their places in the table, with everything that names them."""
    found: dict[int, Version] = {}
    for start in range(0, len(seqs), _CHUNK):
        found.update(_some_versions(connection, seqs[start : start + _CHUNK]))
    return {seq: found[seq] for seq in seqs if seq in found}


def version_at(connection: Connection, seq: int) -> Version:
    """One version that is there."""
    return versions_of(connection, [seq])[seq]


def _some_versions(connection: Connection, seqs: Sequence[int]) -> Iterable[tuple[int, Version]]:
    rows = connection.execute(
        select(versions, workflows.c.name.label("name"))
        .join(workflows, workflows.c.uid == versions.c.workflow)
        .where(versions.c.seq.in_(seqs))
    ).all()
    came_from = _lists(
        connection,
        select(parents.c.version, versions.c.id)
        .join(versions, versions.c.seq == parents.c.parent)
        .where(parents.c.version.in_(seqs))
        .order_by(parents.c.version, parents.c.position),
    )
    on = _names(connection, branches.c.version, branches.c.name, seqs)
    tagged = _names(connection, tags.c.version, tags.c.name, seqs)
    released = _lists(
        connection,
        select(releases.c.version, releases.c.major, releases.c.minor, releases.c.patch)
        .where(releases.c.version.in_(seqs))
        .order_by(*highest_first()),
        lambda row: number_of(row[1:]),
    )
    for row in rows:
        yield (
            row.seq,
            Version(
                id=VersionId(row.id),
                workflow=row.name,
                number=row.number,
                document=Digest(row.document),
                layout=Digest(row.layout),
                parents=tuple(map(VersionId, came_from[row.seq])),
                author=row.author,
                message=row.message,
                created=row.created,
                branches=tuple(on[row.seq]),
                tags=tuple(tagged[row.seq]),
                releases=tuple(released[row.seq]),
                has_thumbnail=row.thumbnail is not None,
                has_function=bool(row.function),
            ),
        )


def _names(
    connection: Connection, version: Column[int], name: Column[str], seqs: Sequence[int]
) -> Mapping[int, list[str]]:
    return _lists(connection, select(version, name).where(version.in_(seqs)).order_by(name))


def _lists(
    connection: Connection, query: Executable, value: Callable[[Any], str] = lambda row: row[1]
) -> Mapping[int, list[str]]:
    """Values by the number in the first column."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        found[row[0]].append(value(row))
    return found


def releases_where(connection: Connection, condition: ColumnElement[bool]) -> dict[str, list[Release]]:
    """Releases by their workflow, the highest number first."""
    found: defaultdict[str, list[Release]] = defaultdict(list)
    query = (
        select(releases, versions.c.id)
        .join(versions, versions.c.seq == releases.c.version)
        .where(condition)
        .order_by(*highest_first())
    )
    for row in connection.execute(query):
        number = number_of((row.major, row.minor, row.patch))
        release = Release(number, VersionId(row.id), row.notes, row.author, row.created)
        found[row.workflow].append(release)
    return found


def highest_first() -> list[ColumnElement[int]]:
    """The order of releases."""
    columns = cast("list[Column[int]]", [releases.c.major, releases.c.minor, releases.c.patch])
    return [column.desc() for column in columns]


def number_of(parts: Iterable[int]) -> str:
    """A release number as people write it."""
    return ".".join(map(str, parts))
