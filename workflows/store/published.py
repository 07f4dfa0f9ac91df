"""Released functions: what other workflows can use as nodes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from workflows.store.records import VersionId
from workflows.store.rows import highest_first, number_of
from workflows.store.tables import releases, versions, workflows


@dataclass(frozen=True)
class Published:
    """A release of a version that declares a function."""

    name: str
    """The workflow's."""
    number: str
    version: VersionId


def published(connection: Connection) -> list[Published]:
    """The newest of each major release of every workflow that is not put away, by name, highest first."""
    query = (
        select(workflows.c.name, releases.c.major, releases.c.minor, releases.c.patch, versions.c.id)
        .join(releases, releases.c.workflow == workflows.c.uid)
        .join(versions, versions.c.seq == releases.c.version)
        .where(workflows.c.archived == 0, versions.c.function == 1)
        .order_by(workflows.c.folded, *highest_first())
    )
    newest: dict[tuple[str, int], Published] = {}
    for row in connection.execute(query):
        number = number_of((row.major, row.minor, row.patch))
        newest.setdefault((row.name, row.major), Published(row.name, number, VersionId(row.id)))
    return list(newest.values())
