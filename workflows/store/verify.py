"""Reads everything back: whether each content is what its hash says, and each version what its id says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, select

from workflows.store.blobs import unpacked
from workflows.store.content import joined, version_id
from workflows.store.errors import StoreDamaged
from workflows.store.records import VersionId
from workflows.store.tables import blobs, branches, parents, releases, tags, versions

_BATCH = 50


def verify(connection: Connection) -> list[str]:
    """What is wrong; nothing if all is well."""
    return [*_contents(connection), *_versions(connection), *_pointers(connection)]


def _contents(connection: Connection) -> Iterator[str]:
    query = select(blobs.c.digest, blobs.c.body).execution_options(yield_per=_BATCH)
    for digest, body in connection.execute(query):
        try:
            unpacked(digest, body)
        except StoreDamaged as error:
            yield str(error)


def _versions(connection: Connection) -> Iterator[str]:
    came_from: defaultdict[int, list[int]] = defaultdict(list)
    query = select(parents.c.version, parents.c.parent).order_by(parents.c.version, parents.c.position)
    for seq, parent in connection.execute(query):
        came_from[seq].append(parent)
    kept = set(connection.execute(select(blobs.c.digest)).scalars())
    ids: dict[int, VersionId] = {}
    whole: set[tuple[str, str]] = set()
    for row in connection.execute(select(versions).order_by(versions.c.seq)).all():
        ids[row.seq] = row.id
        name = f"version {row.id}"
        before = came_from[row.seq]
        if any(parent not in ids for parent in before):
            yield f"{name} comes from one that is not there"
            continue
        made = version_id(
            uid=row.workflow,
            document=row.document,
            layout=row.layout,
            parents=tuple(ids[parent] for parent in before),
            author=row.author,
            message=row.message,
            created=row.created,
        )
        if made != row.id:
            yield f"{name} is not what was written: what it says now has the id {made}"
        lacking = [each for each in (row.document, row.layout, row.thumbnail) if each and each not in kept]
        for digest in lacking:
            yield f"{name} lacks its content {digest}"
        if not lacking and (row.document, row.layout) not in whole:
            whole.add((row.document, row.layout))
            yield from _whole(connection, name, row.document, row.layout)


def _whole(connection: Connection, name: str, document: str, layout: str) -> Iterator[str]:
    query = select(blobs.c.digest, blobs.c.body).where(blobs.c.digest.in_([document, layout]))
    bodies = {row.digest: row.body for row in connection.execute(query)}
    try:
        joined(unpacked(document, bodies[document]), unpacked(layout, bodies[layout]))
    except StoreDamaged:
        return  # told as a content
    except ValueError as error:
        yield f"{name} cannot be put together: {error}"


def _pointers(connection: Connection) -> Iterator[str]:
    there = set(connection.execute(select(versions.c.seq)).scalars())
    for table in (branches, tags, releases):
        for row in connection.execute(select(table.c.workflow, table.c.version)):
            if row.version not in there:
                yield f"{table.name} of workflow {row.workflow} lead to a version that is not there"
