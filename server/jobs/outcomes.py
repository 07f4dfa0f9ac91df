"""Writing down what becomes of jobs, and telling those who wait for it. An outcome is never dropped."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from server.jobs.queue import Queue
from server.jobs.records import StoreError
from server.jobs.running import Running, condemned
from server.settings import Settings
from server.stream.sockets import Hub

log = logging.getLogger("darkroom.server")
Result = TypeVar("Result")


class Outcomes:
    """Each method has written before it tells, and tries again as long as the disk refuses."""

    def __init__(self, queue: Queue, hub: Hub, settings: Settings) -> None:
        self._queue = queue
        self._hub = hub
        self._keep = settings.history_limit

    async def started(self, running: Running) -> None:
        """The job runs."""
        store, job = await self._queue.store(), running.job
        running.job = await _persist(lambda: store.start(job, time.time()))
        self._hub.broadcast_status(self._queue.remaining)

    async def requeued(self, running: Running, *, blameless: bool) -> None:
        """The job goes back to its place; a `blameless` attempt does not count."""
        store, job = await self._queue.store(), running.job
        attempts = max(job.attempts - 1, 0) if blameless else job.attempts
        events = running.log.pack()
        self._queue.put_back(await _persist(lambda: store.requeue(job, attempts=attempts, events=events)))

    async def finished(self, running: Running) -> None:
        """The run is over, however it ended."""
        store, job, view = await self._queue.store(), running.job, running.view
        ending = running.ending(time.time())
        # History first: whoever hears that the run is over may ask for it at once.
        await _persist(lambda: store.finish(job, ending, self._keep))
        for tell in self._queue.on_finish:
            try:
                tell(job, ending)
            except Exception:  # the clients are told all the same
                log.exception("the end of job %s was not noted everywhere", job.prompt_id)
        for message in view.terminal():
            self._hub.publish(job.client_id, message)
        self._queue.leave(job.prompt_id)
        self._hub.broadcast_status(self._queue.remaining)
        self._hub.publish(job.client_id, view.end_marker())

    async def condemned(self, row: int, prompt_id: str, text: str) -> None:
        """A fault of the server or its database ends the job; `text` says which."""
        store, ending = await self._queue.store(), condemned(prompt_id, text, time.time())
        await _persist(lambda: store.condemn(row, ending, self._keep))
        self._queue.leave(prompt_id)
        self._hub.broadcast_status(self._queue.remaining)


async def _persist(write: Callable[[], Awaitable[Result]]) -> Result:
    pause = 0.5
    while True:
        try:
            return await write()
        except StoreError as error:
            log.error("the job database refuses to write (%s); trying again in %g s", error, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)
