"""Catching up: what a client missed, told again from the logs of its jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, unquote

from engine.events import Event
from server.http import Problem
from server.jobs.records import Job, State
from server.stream.eventlog import MOST_FOLLOWED, EventLog, EventLogs, Slice, stored_since
from server.stream.messages import Message
from server.stream.wire import RunView

if TYPE_CHECKING:
    from server.jobs.store import JobStore

_OPEN = (State.PENDING, State.RUNNING)
_LOOK_AGAIN = 5.0
"""Seconds between looks at a pending job that is waited for: it may be cancelled without ever starting."""


@dataclass
class Positions:
    """How far a client got: the number of the last event it has, for each of its jobs in sight."""

    of: dict[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `JOB:SEQ,JOB:SEQ`, with job ids as in URLs. Raises Problem 400."""
        found: dict[str, int] = {}
        for part in filter(None, text.split(",")):
            job, colon, seq = part.rpartition(":")
            if not (colon and job and seq.isascii() and seq.isdigit()):
                raise Problem(400, "invalid_query", f"{part!r} is not JOB:NUMBER", "after")
            found[unquote(job)] = int(seq)
        return cls(found)

    def __str__(self) -> str:
        return ",".join(f"{quote(job, safe='')}:{seq}" for job, seq in self.of.items())


@dataclass(frozen=True)
class Story:
    """A job's events: a live log while it is open, else what was stored."""

    job: Job
    log: EventLog | None
    stored: bytes

    @property
    def ended(self) -> bool:
        """Whether nothing will be added."""
        return self.job.state not in _OPEN if self.log is None else self.log.over

    def since(self, after: int) -> Slice:
        """The events after a number."""
        return stored_since(self.stored, after) if self.log is None else self.log.since(after)


async def story(store: JobStore, logs: EventLogs, prompt_id: str) -> Story | None:
    """The events of a job; None if there is no such job."""
    log = logs.get(prompt_id)
    job = await store.get(prompt_id)
    if job is None:
        return None
    if log is None and job.state in _OPEN:  # it may have started meanwhile
        log = logs.get(prompt_id)
    stored = b"" if log is not None else await store.events(prompt_id) or b""
    return Story(job, log, stored)


def retold(job: Job, events: Iterable[Event], after: int, *, ended: bool) -> Iterator[Message]:
    """The messages of a run from the event after number `after` on, without pictures.

    All events of the log are needed, for what a message says depends on the ones before it. The end is told
    if the job has `ended`, that is if its history entry exists; the end marker always comes with it.
    """
    view = RunView(job)
    last = 0
    for event in events:
        last = event.seq
        told = view.view(event)
        if last > after:
            for outgoing in told:
                yield from (outgoing,) if isinstance(outgoing, Message) else outgoing.before + outgoing.after
    yield from view.terminal() if ended and last > after else view.late()
    if ended:
        yield view.end_marker()


class Follower:
    """Reads logs as they grow. Each part comes with what goes before its numbers in the id of an event."""

    def __init__(self, store: JobStore, logs: EventLogs) -> None:
        self._store = store
        self._logs = logs

    async def job(self, found: Story, after: int) -> AsyncGenerator[tuple[str, Slice]]:
        """The events of one job to its end."""
        log = found.log
        if log is None and not found.ended:
            log = await self._start_of(found.job)
        if log is None:
            if part := found.since(after):
                yield "", part
            return
        while True:
            news, part = log.news.wait(), log.since(after)
            if part:
                after = part.last
                yield "", part
            elif log.over:
                return
            else:
                await news

    async def client(self, client_id: str, at: Positions | None) -> AsyncGenerator[tuple[str, Slice]]:
        """The events of all jobs of a session, until the reader is too far behind."""
        signal = self._logs.news(client_id)
        with self._logs.followed(client_id) as logs:
            reached = {job: log.last for job, log in logs.items()} if at is None else dict(at.of)
            if at is not None:
                async for job, part in self._missed(client_id, reached):
                    yield _prefix(reached, job), part
            while len(logs) < MOST_FOLLOWED:
                news = signal.wait()
                for job, log in list(logs.items()):
                    part = log.since(reached.setdefault(job, 0))
                    if part:
                        reached[job] = part.last
                        yield _prefix(reached, job), part
                    if log.over and log.last == reached[job]:
                        del logs[job]
                        _forget(reached, job)
                await news

    async def _missed(self, client_id: str, reached: dict[str, int]) -> AsyncGenerator[tuple[str, Slice]]:
        """Events of jobs that have ended since: those the client followed, and those it never heard of."""
        since = await self._time_of(reached)
        later = [] if since is None else await self._store.later(client_id, since)
        for job in dict.fromkeys([*reached, *later]):
            found = await story(self._store, self._logs, job)
            if found is None or found.job.client_id != client_id:
                reached.pop(job, None)
            elif found.log is None and (part := found.since(reached.get(job, 0))):
                reached[job] = part.last
                yield job, part

    async def _time_of(self, reached: dict[str, int]) -> float | None:
        """When the last event that the client has was made; None if nobody knows."""
        if not reached:
            return None
        job, seq = next(reversed(reached.items()))
        found = await story(self._store, self._logs, job)
        events = found.since(seq - 1).json() if found is not None else iter(())
        return next((event["time"] for event in events), None)

    async def _start_of(self, job: Job) -> EventLog | None:
        """The log of a pending job once it starts; None if it is cancelled before."""
        while True:
            opened = self._logs.opened.wait()
            if (log := self._logs.get(job.prompt_id)) is not None:
                return log
            await asyncio.wait([opened], timeout=_LOOK_AGAIN)
            now = await self._store.get(job.prompt_id)
            if now is None or now.state not in _OPEN:
                return None


def _prefix(reached: dict[str, int], job: str) -> str:
    """The positions in all jobs; the one that the coming events belong to stands last, without its number."""
    own = f"{quote(job, safe='')}:"
    others = Positions({name: seq for name, seq in reached.items() if name != job})
    return f"{others},{own}" if others.of else own


def _forget(reached: dict[str, int], job: str) -> None:
    """A job that has ended need not be named in ids any more, unless it is the only one."""
    if len(reached) > 1:
        del reached[job]
