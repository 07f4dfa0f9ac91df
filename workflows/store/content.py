"""A document on its way into the store and back: meaning and layout, each a content of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from workflows.canonical import digest, dumps
from workflows.document import function_of, join, split
from workflows.store import blobs
from workflows.store.blobs import Blob
from workflows.store.records import Digest, Json, VersionId
from workflows.store.refs import seq_of
from workflows.store.tables import versions


@dataclass(frozen=True)
class Content:
    """What a new version holds, ready to be written."""

    meaning: Blob
    layout: Blob
    thumbnail: Blob | None
    function: bool
    """Whether it declares one."""

    @classmethod
    def of(cls, document: Json, thumbnail: bytes | None) -> Content:
        """Raises DocumentError if the document is no workflow."""
        meaning, layout = split(document)
        return cls(
            Blob.of("document", dumps(meaning).encode()),
            Blob.of("layout", dumps(layout).encode()),
            Blob.of("thumbnail", thumbnail) if thumbnail else None,
            function_of(meaning) is not None,
        )

    @property
    def blobs(self) -> list[Blob]:
        """What has to be kept before the version."""
        parts = (self.meaning, self.layout, self.thumbnail)
        return [blob for blob in parts if blob is not None]


def parts(connection: Connection, version: VersionId) -> tuple[bytes, bytes]:
    """Meaning and layout of a version as they are stored. Raises NotFound, StoreDamaged."""
    row = _row(connection, version)
    return blobs.get(connection, row.document), blobs.get(connection, row.layout)


def thumbnail(connection: Connection, version: VersionId) -> bytes | None:
    """The picture of a version. Raises NotFound, StoreDamaged."""
    row = _row(connection, version)
    return None if row.thumbnail is None else blobs.get(connection, row.thumbnail)


def _row(connection: Connection, version: VersionId) -> Any:
    columns = (versions.c.document, versions.c.layout, versions.c.thumbnail)
    chosen = versions.c.seq == seq_of(connection, version)
    return connection.execute(select(*columns).where(chosen)).one()


def meaning(stored: bytes) -> Json:
    """The meaning of a version from its stored part."""
    return json.loads(stored)


def joined(meaning: bytes, layout: bytes) -> Json:
    """The document of a version from its stored parts."""
    return join(json.loads(meaning), json.loads(layout))


def version_id(
    *,
    uid: str,
    document: Digest,
    layout: Digest,
    parents: tuple[VersionId, ...],
    author: str,
    message: str,
    created: float,
) -> VersionId:
    """The hash of everything a version says: neither it nor anything that led to it can be another."""
    record: dict[str, Any] = {
        "workflow": uid,
        "document": document,
        "layout": layout,
        "parents": list(parents),
        "author": author,
        "message": message,
        "time": created,
    }
    return VersionId(digest(record))
