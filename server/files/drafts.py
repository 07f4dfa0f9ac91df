"""Drafts: what the canvas saves of an unfinished workflow, as it changes.

A draft is a file of JSON lines, one for each request that added to it: `{"revision", "time", "name",
"entries"}`. The revision counts entries. Lines are only ever appended and flushed to disk; a last line that
was cut off by a crash was never acknowledged, and counts as not written. What comes before the last snapshot
is dropped now and then, by replacing the whole file.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from aiohttp import web

from engine.graph import as_list, as_object
from server.files.storage import unstorable, write
from server.http import Problem, not_found
from server.jobs.records import Json

log = logging.getLogger("darkroom.server")
MAX_BYTES = 64 * 2**20
"""Largest draft, counted from its last snapshot."""
MAX_DRAFTS = 1_000
_COMPACT_BYTES = 256 * 2**10
"""How much may lie before the last snapshot."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Conflict(Problem):
    """Somebody else has added to the draft; the answer says what its revision is now."""

    def __init__(self, revision: int) -> None:
        text = f"the draft is at revision {revision}: another tab or client has added to it"
        super().__init__(409, "draft_conflict", text, "after")
        self.revision = revision

    def response(self) -> web.Response:
        error = {"code": self.code, "message": self.message, "where": self.where}
        return web.json_response({"error": error, "revision": self.revision}, status=self.status)


@dataclass(frozen=True)
class Draft:
    """A draft as its file has it. `entries` begin with the last snapshot; `size` is where the last whole
    line ends, and `spare` how much of it lies before that snapshot.
    """

    revision: int = 0
    updated: float = 0.0
    name: str | None = None
    entries: tuple[Any, ...] = ()
    size: int = 0
    spare: int = 0


class Drafts:
    """The drafts below any number of folders, one writer of each at a time."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()
        self._listed: dict[Path, tuple[tuple[int, int], Draft]] = {}

    async def list(self, folder: Path) -> list[tuple[str, Draft]]:
        """Every draft with its id, the one changed last first; without entries."""
        found = await asyncio.to_thread(lambda: [(path.stem, self._facts(path)) for path in _files(folder)])
        return sorted((pair for pair in found if pair[1].revision), key=lambda pair: -pair[1].updated)

    def _facts(self, path: Path) -> Draft:
        try:
            stat = path.stat()
        except FileNotFoundError:
            return Draft()
        stamp = (stat.st_mtime_ns, stat.st_size)
        known = self._listed.get(path)
        if known is None or known[0] != stamp:
            known = stamp, replace(read(path), entries=())
            self._listed[path] = known
        return known[1]

    async def get(self, folder: Path, draft_id: str) -> Draft:
        """One draft. Raises Problem 404."""
        draft = await asyncio.to_thread(read, _path(folder, draft_id))
        if draft.revision == 0:
            raise not_found("there is no such draft", "id")
        return draft

    async def add(
        self, folder: Path, draft_id: str, after: int, entries: Sequence[Json], name: str | None
    ) -> int:
        """Add entries after a revision and return the new one; they then survive a crash. Raises Conflict,
        or Problem.
        """
        path = _path(folder, draft_id)
        lock = self._locks.setdefault(path, asyncio.Lock())
        async with lock:
            try:
                return await asyncio.to_thread(_add, path, after, list(entries), name)
            except OSError as error:
                raise unstorable(error, "draft") from error

    async def remove(self, folder: Path, draft_id: str) -> None:
        """Delete a draft. Raises Problem 404."""
        path = _path(folder, draft_id)
        lock = self._locks.setdefault(path, asyncio.Lock())
        async with lock:
            try:
                await asyncio.to_thread(path.unlink)
            except FileNotFoundError as error:
                raise not_found("there is no such draft", "id") from error


def _path(folder: Path, draft_id: str) -> Path:
    if not _ID.fullmatch(draft_id):
        text = "the id of a draft has 1 to 64 letters, digits, hyphens and underscores"
        raise Problem(400, "invalid_name", text, "id")
    return folder / f"{draft_id}.jsonl"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.jsonl") if _ID.fullmatch(path.stem)] if folder.is_dir() else []


def read(path: Path) -> Draft:
    """The draft in a file, as far as it is whole; revision 0 if there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Draft()
    draft = Draft()
    for line in _lines(data):
        found = _with_line(draft, line)
        if found is None:
            break
        draft = found
    return draft


def _lines(data: bytes) -> Iterator[bytes]:
    """Whole lines; what follows the last line end was never acknowledged."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        yield data[start : end + 1]
        start = end + 1


def _with_line(draft: Draft, line: bytes) -> Draft | None:
    """The draft with one more line of its file; None if the line cannot be what follows."""
    try:
        record = as_object(json.loads(line))
    except ValueError:
        return None
    entries = None if record is None else as_list(record.get("entries"))
    if record is None or entries is None:
        return None
    revision, updated, name = record.get("revision"), record.get("time"), record.get("name")
    first = draft.size == 0
    if not isinstance(revision, int) or not isinstance(updated, int | float):
        return None
    if not first and revision != draft.revision + len(entries):
        return None
    snapshot = _last_snapshot(entries)
    size = draft.size + len(line)
    name = name if isinstance(name, str) else draft.name
    if snapshot is None:
        return None if first else Draft(
            revision, updated, name, (*draft.entries, *entries), size, draft.spare
        )  # fmt: skip
    return Draft(revision, updated, name, tuple(entries[snapshot:]), size, draft.size)


def _last_snapshot(entries: Sequence[Any]) -> int | None:
    found = [index for index, entry in enumerate(entries) if "snapshot" in (as_object(entry) or {})]
    return found[-1] if found else None


def _add(path: Path, after: int, entries: list[Json], name: str | None) -> int:
    draft = read(path)
    if after != draft.revision:
        raise Conflict(draft.revision)
    snapshot = _last_snapshot(entries)
    if draft.revision == 0:
        _check_new(path, snapshot)
    record: Json = {"revision": draft.revision + len(entries), "time": time.time(), "entries": entries}
    line = _line(record, name)
    kept = len(line) if snapshot is not None else draft.size - draft.spare + len(line)
    if kept > MAX_BYTES:
        advice = "the workflow is too large" if snapshot is not None else "send a snapshot"
        text = f"the draft would have {kept:,} bytes since its last snapshot, over {MAX_BYTES:,}: {advice}"
        raise Problem(413, "too_large", text, "entries")
    _keep_damage(path, draft.size)
    if snapshot is not None and (draft.revision == 0 or draft.size > _COMPACT_BYTES):
        write(path, _line({**record, "entries": entries[snapshot:]}, name or draft.name))
    else:
        _append(path, draft.size, line)
    return draft.revision + len(entries)


def _check_new(path: Path, snapshot: int | None) -> None:
    if snapshot is None:
        raise Problem(400, "invalid_body", "a draft begins with a snapshot", "entries")
    if len(_files(path.parent)) >= MAX_DRAFTS:
        raise Problem(409, "too_many_drafts", f"there are {MAX_DRAFTS} drafts already; delete some", "id")


def _append(path: Path, size: int, line: bytes) -> None:
    """Add a line after the last whole one; on failure the file is as it was."""
    with path.open("r+b", buffering=0) as file:
        try:
            file.truncate(size)
            file.seek(size)
            rest = memoryview(line)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise


def _keep_damage(path: Path, size: int) -> None:
    """Set the file aside if what would be overwritten after `size` is more than a line that was cut off."""
    if not path.is_file() or b"\n" not in (data := path.read_bytes())[size:]:
        return
    kept = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    write(kept, data)
    log.error("%s is damaged after byte %d: all of it is kept as %s", path, size, kept.name)


def _line(record: Json, name: str | None) -> bytes:
    named = record if name is None else {**record, "name": name}
    text = json.dumps(named, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass") + b"\n"
