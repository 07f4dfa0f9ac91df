"""Contents under their own hash, each kept once. What is read is what was written, or it is an error."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from workflows.store.errors import NotFound, StoreDamaged
from workflows.store.records import Digest
from workflows.store.tables import blobs

_LEVEL = 6


@dataclass(frozen=True)
class Blob:
    """A content on its way into the database."""

    digest: Digest
    kind: str
    body: bytes

    @classmethod
    def of(cls, kind: str, content: bytes) -> Blob:
        """Hashes and compresses, which is better done before a transaction than in it."""
        return cls(Digest(sha256(content).hexdigest()), kind, zlib.compress(content, _LEVEL))


def put(connection: Connection, kind: str, content: bytes) -> Digest:
    """Keep a content; what is there already stays."""
    blob = Blob.of(kind, content)
    put_all(connection, [blob])
    return blob.digest


def put_all(connection: Connection, contents: Iterable[Blob]) -> None:
    """Keep several contents. In the order of their hashes: two that save the same then never wait for each
    other in a circle.
    """
    rows = {blob.digest: blob.__dict__ for blob in contents}
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(blobs)
    connection.execute(insert.on_conflict_do_nothing(), [rows[digest] for digest in sorted(rows)])


def get(connection: Connection, digest: Digest) -> bytes:
    """A content. Raises NotFound, StoreDamaged."""
    body = connection.execute(select(blobs.c.body).where(blobs.c.digest == digest)).scalar()
    if body is None:
        raise NotFound("content", digest)
    return unpacked(digest, body)


def unpacked(digest: str, body: bytes) -> bytes:
    """What a row holds. Raises StoreDamaged if that is not what the hash says."""
    try:
        content = zlib.decompress(body)
    except zlib.error as error:
        raise StoreDamaged(
            f"the content {digest} is damaged ({error}): restore a copy of the store"
        ) from error
    if sha256(content).hexdigest() != digest:
        raise StoreDamaged(f"the content {digest} is not what was written: restore a copy of the store")
    return content
