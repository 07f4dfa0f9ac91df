"""The events of each job, numbered without a gap: in memory while it is open, stored with it when it ends.

The numbers of a job grow across all its attempts. Of the progress of a node only the newest step is kept, and
none once the node has finished. Readers pull: they hold a position in the log, so a slow one costs nothing.
"""

from __future__ import annotations

import asyncio
import json
import struct
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from engine.events import Event, NodeFinished, NodeProgress, NodeStarted, from_json, to_json
from engine.types import NodeId
from server.jobs.records import Job

_CHUNK = 512
_MAX_PACKED = 16 * 1024 * 1024
_HEAD = struct.Struct(">QI")
_ATTEMPT = 1_000_000_000
"""More events than a run can have: where numbers go on after a crash of the server lost how far they got."""
MOST_FOLLOWED = 64
"""Logs kept for one reader of a client's events; one further behind has to come back."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Signal:
    """Wakes everybody who waits for news; costs nothing while nobody does."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def tell(self) -> None:
        """There is news."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def wait(self) -> asyncio.Future[None]:
        """Done at the next news. Ask for it before looking at what there is."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return future


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Events as a list in JSON, compressed; `last` is the newest number among them."""

    last: int
    data: bytes


@dataclass(frozen=True)
class Slice:
    """Events of a log after a number, as they were when it was asked for. May be read on any thread."""

    after: int
    chunks: tuple[_Chunk, ...]
    tail: tuple[Event, ...]

    def __bool__(self) -> bool:
        return bool(self.chunks or self.tail)

    @property
    def last(self) -> int:
        """The newest number among them."""
        if self.tail:
            return self.tail[-1].seq
        return self.chunks[-1].last if self.chunks else self.after

    def json(self) -> Iterator[dict[str, Any]]:
        """The events as JSON objects, oldest first."""
        for chunk in self.chunks:
            yield from (data for data in json.loads(zlib.decompress(chunk.data)) if data["seq"] > self.after)
        for event in self.tail:
            yield without_preview(event)

    def events(self) -> Iterator[Event]:
        """The same as values."""
        return (from_json(data) for data in self.json())


class EventLog:
    """One job's events, from its first attempt on."""

    def __init__(self, job_id: str, news: Signal, stored: bytes = b"", last: int = 0) -> None:
        self.job_id = job_id
        self.news = Signal()
        self.over = False
        """Whether the job has ended; nothing comes any more."""
        self.dropped = 0
        """How many events were left out because the log was full."""
        self.news_of_client = news
        self._chunks = unpack(stored)
        self._packed = len(stored)
        self._tail: dict[int, Event] = {}
        self._progress: dict[NodeId, int] = {}
        self.last = max(last, self._chunks[-1].last if self._chunks else 0)
        """The newest number given."""

    def append(self, event: Event) -> Event:
        """Take in an event; returns it with its number in this log."""
        self.last += 1
        if event.seq != self.last:
            event = replace(event, seq=self.last)
        if isinstance(event, NodeProgress):
            self._tail.pop(self._progress.get(event.node_id, 0), None)
            self._progress[event.node_id] = self.last
        elif isinstance(event, NodeFinished) and event.node_id in self._progress:
            self._tail.pop(self._progress.pop(event.node_id), None)
        self._tail[self.last] = event
        if len(self._tail) >= _CHUNK:
            self._compress()
        self._tell()
        return event

    def since(self, after: int) -> Slice:
        """What came after a number."""
        chunks = tuple(chunk for chunk in self._chunks if chunk.last > after)
        if chunks:
            return Slice(after, chunks, tuple(self._tail.values()))
        newer: list[Event] = []
        for seq in reversed(self._tail):
            if seq <= after:
                break
            newer.append(self._tail[seq])
        return Slice(after, (), tuple(reversed(newer)))

    def pack(self) -> bytes:
        """Everything, for the database."""
        self._compress()
        return b"".join(_HEAD.pack(chunk.last, len(chunk.data)) + chunk.data for chunk in self._chunks)

    def close(self) -> None:
        """The job has ended."""
        self.over = True
        self._tell()

    def _compress(self) -> None:
        kept = [e for e in self._tail.values() if self._packed < _MAX_PACKED or not _expendable(e)]
        self.dropped += len(self._tail) - len(kept)
        if kept:
            text = _encode([without_preview(event) for event in kept])
            chunk = _Chunk(kept[-1].seq, zlib.compress(text.encode(), 1))
            self._chunks.append(chunk)
            self._packed += len(chunk.data)
        self._tail.clear()
        self._progress.clear()

    def _tell(self) -> None:
        self.news.tell()
        self.news_of_client.tell()


class EventLogs:
    """The logs of all jobs that have started and not ended."""

    def __init__(self) -> None:
        self._open: dict[str, EventLog] = {}
        self._news: WeakValueDictionary[str, Signal] = WeakValueDictionary()
        self._followed: dict[str, list[dict[str, EventLog]]] = {}
        self.opened = Signal()
        """A job has started."""

    def open(self, job: Job, stored: bytes = b"") -> EventLog:
        """The log of a job that is about to start; `stored` is what an earlier attempt left of it."""
        log = self._open.get(job.prompt_id)
        if log is None:
            # A crash of the server loses the log but never the count of attempts, see `_ATTEMPT`.
            client_id = job.client_id or ""
            log = EventLog(job.prompt_id, self.news(client_id), stored, job.attempts * _ATTEMPT)
            self._open[job.prompt_id] = log
            for logs in self._followed.get(client_id, ()):
                if len(logs) < MOST_FOLLOWED:
                    logs[job.prompt_id] = log
            self.opened.tell()
            log.news_of_client.tell()
        return log

    def get(self, prompt_id: str) -> EventLog | None:
        """The log of a job that has started and not ended."""
        return self._open.get(prompt_id)

    def close(self, prompt_id: str) -> None:
        """The job has ended, and its events are stored."""
        log = self._open.pop(prompt_id, None)
        if log is not None:
            log.close()

    def news(self, client_id: str) -> Signal:
        """Told at every event of a client's jobs."""
        return self._news.setdefault(client_id, Signal())

    @contextmanager
    def followed(self, client_id: str) -> Generator[dict[str, EventLog]]:
        """The open logs of a client, where new ones appear as jobs start, up to `MOST_FOLLOWED`. They stay
        until the reader takes them out.
        """
        news = self.news(client_id)
        logs = {name: log for name, log in self._open.items() if log.news_of_client is news}
        self._followed.setdefault(client_id, []).append(logs)
        try:
            yield logs
        finally:
            rest = [other for other in self._followed[client_id] if other is not logs]
            self._followed[client_id] = rest
            if not rest:
                del self._followed[client_id]


def unpack(stored: bytes) -> list[_Chunk]:
    """The inverse of `EventLog.pack`."""
    chunks: list[_Chunk] = []
    at = 0
    while at < len(stored):
        last, size = _HEAD.unpack_from(stored, at)
        at += _HEAD.size
        chunks.append(_Chunk(last, stored[at : at + size]))
        at += size
    return chunks


def stored_since(stored: bytes, after: int) -> Slice:
    """What came after a number in the log of a job that has ended."""
    return Slice(after, tuple(chunk for chunk in unpack(stored) if chunk.last > after), ())


def without_preview(event: Event) -> dict[str, Any]:
    """An event as JSON for the record, which keeps no pictures."""
    data = to_json(event)
    data.pop("preview", None)
    return data


def _expendable(event: Event) -> bool:
    """Whether the outcome of the run can be told without it."""
    match event:
        case NodeProgress() | NodeStarted():
            return True
        case NodeFinished():
            return event.ui is None
        case _:
            return False
