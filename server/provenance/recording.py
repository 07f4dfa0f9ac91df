"""Recording every run of the queue, and completing what an earlier server left half-done."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from engine.events import Event, RunStarted
from engine.folders import Folders
from server.http import Problem
from server.jobs.queue import Queue
from server.jobs.records import Ending, Job, Json
from server.provenance.recorder import Recorder
from server.provenance.recovery import latest, over, unseen
from server.provenance.sights import Sight
from server.specs import Specs
from server.workflows.access import Workflows

if TYPE_CHECKING:
    from workflows.provenance.runs import Runs
    from workflows.store import Store

log = logging.getLogger("darkroom.server")
_PAUSE = 2.0


class Provenance:
    """Listens to the queue. Without a usable store of workflows nothing is recorded, and everything runs."""

    def __init__(self, queue: Queue, specs: Specs, workflows: Workflows, folders: Folders) -> None:
        self._queue = queue
        self._specs = specs
        self._workflows = workflows
        self._recorder = Recorder(folders)
        self._recovered = asyncio.Event()
        self._start = time.time()
        queue.observers.append(self._observe)
        queue.on_finish.append(self._finished)
        workflows.on_open.append(self._opened)

    def _observe(self, job: Job, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._recorder.note(Sight(job, self._specs.registry, self._environment(job)))

    def _finished(self, job: Job, ending: Ending) -> None:
        self._recorder.note(Sight(job, self._specs.registry, self._environment(job), ending))

    def _environment(self, job: Job) -> Json:
        running = self._queue.running.get(job.prompt_id)
        return {} if running is None else running.worker.environment

    def _opened(self, store: Store) -> None:
        self._recorder.start(store)

    async def recover(self) -> None:
        """Complete the records of runs that an earlier server saw begin, or end, and no more."""
        try:
            runs, jobs = _runs(await self._store()), await self._queue.store()
            incomplete = await asyncio.to_thread(runs.incomplete)
            self._recorder.finish(await over(incomplete, jobs, self._start))
            ended = await latest(jobs, self._start)
            for sight in await asyncio.to_thread(unseen, ended, runs, self._specs.registry):
                self._recorder.note(sight)
        except Exception:  # what is not completed now is completed after the next start
            log.exception("records of earlier runs are not complete")
        finally:
            self._recovered.set()

    async def _store(self) -> Store:
        while True:
            try:
                return await self._workflows.ready()
            except Problem:  # it is tried again, and so are we
                await asyncio.sleep(_PAUSE)

    async def record(self, run: str, seconds: float) -> Json:
        """The record of a run with its prompt, waited for until it is complete or the time is over. Raises
        Problem.
        """
        await self._workflows.ready()
        until = time.monotonic() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._recovered.wait()
        await asyncio.to_thread(self._recorder.wait, run, max(until - time.monotonic(), 0.0))
        return await self._workflows.call(lambda store: _read(store, run))

    async def close(self) -> None:
        """Write what is to be written at once; the store may be closed then."""
        await asyncio.to_thread(self._recorder.stop)


def _read(store: Store, run: str) -> Json:
    runs = _runs(store)
    return {**runs.get(run).to_json(), "prompt": runs.prompt(run)}


def _runs(store: Store) -> Runs:
    from workflows.provenance.runs import Runs

    return Runs(store)


PROVENANCE = web.AppKey("provenance", Provenance)
