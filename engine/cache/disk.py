"""Results on disk, so that a restart or another worker starts where the last one was.

    <key>.json       checksum and record of a result: what it is made of, its data for the canvas, its blob
    <sha256>.blob    the bytes of its tensors, named by their content

A record and its blob are written one after the other, each whole or not at all. Whatever cannot be read back
exactly as it was written is a miss and goes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from engine.cache.base import Entry, Tier, default_sizeof
from engine.cache.files import FileStore
from engine.cache.writer import Writer
from engine.keys import Key

log = logging.getLogger("darkroom.cache")

_FORMAT = 1
_WORTH_SECONDS = 0.02
"""What was made faster than this is made again rather than written."""
_READ_RATE = 300e6
"""Bytes a second at which results come back from a plain disk, checked and decoded."""
_QUIET = 60.0
"""Seconds without an attempt to write after one failed."""
_QUEUE_BYTES = 2**28
_QUEUE_ITEMS = 256

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A result's values: `tree` is JSON, `parts` the bytes it refers to, one after the other."""

    tree: Any
    parts: Sequence[bytes | memoryview] = ()


class Codec(Protocol):
    """Values to bytes and back. Never runs code that is in the bytes."""

    def encode(self, values: tuple[Any, ...]) -> Encoded | None:
        """The values, or None when some of them cannot be stored."""
        ...

    def decode(self, tree: Any, data: bytes) -> tuple[Any, ...]:
        """The inverse. Raises ValueError for what `encode` did not make."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    key: Key
    entry: Entry
    also: Key | None


class DiskCache:
    """Keeps what is worth it in a folder that other processes may share. Writing never holds up a run.

    Args:
        folder: made when the first result is written.
        codec: knows the values.
        limit: bytes in the folder; what was unused for longest goes first.
        realm: what decides results besides keys, such as device and precision; another realm finds nothing.
    """

    def __init__(self, folder: Path, codec: Codec, limit: int, realm: str = "") -> None:
        self._store = FileStore(folder, limit)
        self._codec = codec
        self._realm = hashlib.sha256(realm.encode()).digest()
        self._largest = limit // 4
        self._writer = Writer(self._write, _QUEUE_BYTES, _QUEUE_ITEMS)
        self._quiet_until = 0.0
        self._complained = False

    def tier(self, key: Key) -> Tier | None:
        """Where the result is kept, or None."""
        return "disk" if self._store.exists(self._name(key)) else None

    def begin(self, keys: Collection[Key]) -> None:
        """Nothing to prepare."""

    def get(self, key: Key) -> Entry | None:
        """The result, or None."""
        found = self.find(key)
        return None if found is None else found[1]

    def find(self, key: Key) -> tuple[Key, Entry] | None:
        """The result and the key it was put under, which is another one for a second key."""
        name = self._name(key)
        record = self._record(name)
        if record is not None and "same_as" in record:
            first, name = name, self._name(Key(str(record["same_as"])))
            record = self._record(name)
            if record is None:
                self._store.remove(first)
        if record is None:
            return None
        try:
            return Key(record["key"]), self._entry(record)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("a result on disk is damaged and was removed: %s", error)
            self._store.remove(name)
            return None

    def put(self, key: Key, entry: Entry, also: Key | None = None) -> None:
        """Have a result written soon, if it took long enough to make or the canvas shows it."""
        if (
            entry.seconds >= _WORTH_SECONDS or entry.ui is not None
        ) and time.monotonic() >= self._quiet_until:
            self._writer.put(_Job(key, entry, also), default_sizeof(entry.values).ram.bytes)

    def clear(self) -> None:
        """Nothing is held in memory; what is on disk stays."""

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until all is written, at most `seconds`; whether that is so."""
        return self._writer.flush(seconds)

    def close(self, seconds: float = 5.0) -> None:
        """Write what is waiting, for at most `seconds`, and take nothing any more."""
        if not self._writer.close(seconds):
            log.warning("there was no time to write all results to disk")

    def _name(self, key: Key) -> str:
        return f"{hashlib.blake2b(key.encode(), digest_size=20, key=self._realm).hexdigest()}.json"

    def _write(self, job: _Job) -> None:
        """On the writer's thread."""
        try:
            if time.monotonic() >= self._quiet_until and self._write_result(job) and job.also is not None:
                self._write_record(job.also, {"same_as": job.key})
        except OSError as error:
            self._quiet_until = time.monotonic() + _QUIET
            if not self._complained:
                self._complained = True
                log.warning("results are not kept on disk for now: %s", error)
        except (TypeError, ValueError, RecursionError) as error:
            log.debug("a result cannot be kept on disk: %s", error)
        except Exception:
            log.exception("a result could not be put into a form for the disk")

    def _write_result(self, job: _Job) -> bool:
        """Whether it is on disk now."""
        entry = job.entry
        if entry.ui is None and self._store.use(self._name(job.key)):
            return True
        made = self._codec.encode(entry.values)
        if made is None or _size(made) > self._largest:
            return False
        if entry.ui is None and _size(made) > entry.seconds * _READ_RATE:
            return False  # reading it back would take longer than making it again
        blob = self._write_blob(made.parts) if made.parts else None
        record = {
            "format": _FORMAT,
            "key": job.key,
            "identity": entry.identity,
            "seconds": entry.seconds,
            "peak_bytes": entry.peak_bytes,
            "ui": entry.ui,
            "tree": made.tree,
            "blob": blob,
        }
        self._write_record(job.key, record)
        return True

    def _write_blob(self, parts: Sequence[bytes | memoryview]) -> str:
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
        name = f"{digest.hexdigest()}.blob"
        if not self._store.use(name):
            self._store.write(name, parts)
        return name

    def _write_record(self, key: Key, record: Json) -> None:
        text = json.dumps(record, separators=(",", ":")).encode()
        self._store.write(self._name(key), [hashlib.sha256(text).hexdigest().encode(), b"\n", text])

    def _record(self, name: str) -> Json | None:
        data = self._read(name)
        if data is None:
            return None
        digest, _, text = data.partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != digest:
            log.warning("a record of the disk cache is damaged and was removed: %s", name)
            self._store.remove(name)
            return None
        return cast("Json", json.loads(text))

    def _entry(self, record: Json) -> Entry:
        if record["format"] != _FORMAT:
            raise ValueError(f"it is of format {record['format']}")
        blob: str | None = record["blob"]
        data = b"" if blob is None else self._blob(blob)
        identity = record["identity"]
        return Entry(
            values=self._codec.decode(record["tree"], data),
            ui=record["ui"],
            seconds=record["seconds"],
            identity=None if identity is None else Key(identity),
            peak_bytes=record["peak_bytes"],
        )

    def _blob(self, name: str) -> bytes:
        data = self._read(name)
        if data is None:
            raise ValueError(f"{name} is missing")
        if f"{hashlib.sha256(data).hexdigest()}.blob" != name:
            self._store.remove(name)
            raise ValueError(f"{name} is not what it was")
        return data

    def _read(self, name: str) -> bytes | None:
        try:
            return self._store.read(name)
        except OSError as error:
            log.warning("the disk cache cannot be read: %s", error)
            return None


def _size(made: Encoded) -> int:
    return sum(len(part) for part in made.parts)
