"""The beginnings and ends of all runs, for those who watch: from now on, or from where they broke off.

Readers pull, from what is running and from what has ended. How far one got is the id of the event it has
last, which means the same after a restart of the server.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from aiohttp import web

from engine.events import Event, RunStarted
from server.http import Problem
from server.jobs.queue import Queue
from server.jobs.records import Job, Json, Position
from server.runs.ledger import Ledger
from server.runs.report import origin, reported
from server.stream.eventlog import Signal
from server.sweeps.answers import summary
from server.workflows.access import Workflows

if TYPE_CHECKING:
    from workflows.sweeps import Sweep

_BATCH = 100


@dataclass(frozen=True)
class Cursor:
    """How far a reader got: among the runs that have ended, and in time for sweeps."""

    position: Position
    since: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the id of an event. Raises Problem 400."""
        try:
            order, row, since = text.split("-", 2)
            return cls(Position(int(order), int(row)), float(since))
        except ValueError as error:
            where = "Last-Event-ID"
            raise Problem(400, "invalid_query", f"{text!r} is not the id of an event here", where) from error

    def __str__(self) -> str:
        return f"{self.position}-{self.since!r}"


@dataclass(frozen=True)
class Wanted:
    """Whose runs, or which workflow's."""

    client_id: str | None = None
    workflow: str | None = None

    def has(self, client_id: str | None, workflow: object) -> bool:
        """Whether a run or sweep is wanted."""
        if self.client_id is not None and self.client_id != client_id:
            return False
        return self.workflow is None or str(workflow or "").casefold() == self.workflow.casefold()


@dataclass(frozen=True)
class Happening:
    """One event; with its id a reader comes back for what follows it."""

    cursor: Cursor
    type: str
    data: Json


class Following:
    """Wakes readers when a run begins or ends, and finds what they have not had."""

    def __init__(self, queue: Queue, ledger: Ledger, workflows: Workflows) -> None:
        self._queue = queue
        self._workflows = workflows
        self._news = Signal()
        queue.observers.append(self._observe)
        queue.on_end.append(lambda _: self._news.tell())
        ledger.on_kept.append(self._news.tell)

    def _observe(self, _job: Job, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._news.tell()

    async def runs(self, wanted: Wanted, after: Cursor | None) -> AsyncGenerator[Happening]:
        """Everything wanted from a place on, or from now on, without end. What is running is told at once."""
        store = await self._queue.store()
        at: Cursor = after or Cursor(await store.newest_end(), time.time())
        begun: set[str] = set()
        over: set[str] = set()
        while True:
            news = self._news.wait()
            running = [running.job for running in self._queue.running.values()]
            over &= {job.prompt_id for job in running}  # a run has an end before it leaves there
            for job in running:
                if job.prompt_id not in begun | over and _wants(wanted, job):
                    begun.add(job.prompt_id)
                    yield Happening(at, "run.started", reported(job))
            ended = await store.ended(at.position, _BATCH)
            for found in ended:
                at = Cursor(found.position, at.since)
                job = found.job
                if not _wants(wanted, job):
                    continue
                if job.started is not None and job.prompt_id not in begun:  # it was over before we looked
                    yield Happening(at, "run.started", _as_begun(job))
                begun.discard(job.prompt_id)
                over.add(job.prompt_id)
                yield Happening(at, "run.finished", reported(job))
            for sweep in await self._sweeps(at.since):
                at = Cursor(at.position, sweep.finished or at.since)
                if wanted.has(sweep.client_id, sweep.workflow):
                    yield Happening(at, "sweep.finished", summary(sweep))
            if not ended:
                await news

    async def _sweeps(self, since: float) -> list[Sweep]:
        """Sweeps that are over since then; none while there is no store to ask."""
        if self._workflows.store is None:
            return []
        from workflows.sweeps.store import Sweeps

        return await self._workflows.call(lambda store: Sweeps(store).finished_since(since))


def _wants(wanted: Wanted, job: Job) -> bool:
    return wanted.has(job.client_id, origin(job).get("workflow"))


def _as_begun(job: Job) -> Json:
    over = ("finished", "seconds", "error")
    return {**{name: value for name, value in reported(job).items() if name not in over}, "status": "running"}


FOLLOWING = web.AppKey("following", Following)
