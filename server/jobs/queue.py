"""The queue: accepts jobs, orders them, lets people change their minds, and records how they end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from engine.events import Event
from server.http import Problem
from server.jobs.order import Order
from server.jobs.records import Ending, Job, Json, NewJob, Place, State, StoreError, Submission
from server.jobs.running import Running
from server.settings import Settings
from server.stream.eventlog import EventLog, EventLogs
from server.stream.sockets import Hub
from server.stream.wire import Message, RunView

if TYPE_CHECKING:
    from server.jobs.store import JobStore

log = logging.getLogger("darkroom.server")
_PAUSED = "paused"


class DuplicateJob(Exception):
    """A job of this id is waiting or running with another graph."""


class Queue:
    """All jobs that are not finished. The database has them too; memory holds only their order."""

    def __init__(self, settings: Settings, hub: Hub) -> None:
        self._settings = settings
        self._hub = hub
        self._store: JobStore | None = None
        self._opened = asyncio.Event()
        self._order = Order()
        self._submitting = asyncio.Lock()
        self._counter = 0
        self._secrets: dict[str, Json] = {}
        self.logs = EventLogs()
        """The events of jobs that have started and not ended."""
        self.running: dict[str, Running] = {}
        """The jobs the workers have now, by id, in the order they started."""
        self.paused = False
        """Whether no pending job may start; kept over restarts."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when there may be a job to start."""
        self.observers: list[Callable[[Job, Event], None]] = []
        """Told of every event of every run, before the clients are."""
        self.on_finish: list[Callable[[Job, Ending], None]] = []
        """Told of every run that is over, once that is stored and before the clients are told."""
        self.on_end: list[Callable[[str], None]] = []
        """Told the id of every job that is over, also of those that never ran, once that is stored."""

    async def open(self, store: JobStore) -> None:
        """Take over what an earlier server left, then accept jobs."""
        self._counter = await store.next_number()
        self.paused = bool(await store.recall(_PAUSED))
        for job in await store.interrupted():
            if job.attempts < self._settings.max_attempts:
                await store.requeue(job)
            else:
                view = RunView(job, self.logs.open(job, await store.events(job.prompt_id) or b""))
                text = f"the server stopped {job.attempts} times while this job ran, so it is not tried again"
                view.fail_whole("Quarantined", text, "Submit it again if the cause is gone.")
                ending = replace(view.ending(time.time()), state=State.QUARANTINED)
                await store.finish(job, ending, self._settings.history_limit)
                self.logs.close(job.prompt_id)
        for place in await store.places():
            self._order.put(place)
        self._store = store
        self._opened.set()
        self.on_change()

    async def store(self) -> JobStore:
        """The job table, once it is open."""
        await self._opened.wait()
        assert self._store is not None
        return self._store

    @property
    def remaining(self) -> int:
        """Pending and running jobs."""
        return len(self._order) + len(self.running)

    def next_number(self) -> int:
        """The next priority number; every submission takes one."""
        number, self._counter = self._counter, self._counter + 1
        return number

    async def submit(self, job: NewJob, secrets: Json, submission: Submission | None = None) -> Job:
        """Queue a job; once this returns, the job survives a crash. The same id and graph again is the same
        job.

        Raises DuplicateJob, StoreError, or Problem 429 when the queue is full.
        """
        store = await self.store()
        async with self._submitting:
            if self.is_open(job.prompt_id):
                present = await store.get(job.prompt_id)
                if present is not None and present.graph == job.graph:
                    if submission is not None:
                        await store.remember(submission.answered_with(present.shown_number))
                    return present
                raise DuplicateJob(job.prompt_id)
            if len(self._order) >= self._settings.max_queue:
                text = f"the queue is full ({self._settings.max_queue} jobs); try again later"
                raise Problem(429, "queue_full", text, "queue", {"Retry-After": "10"})
            added = await store.add(job, submission)
            if secrets:
                self._secrets[job.prompt_id] = secrets
            self._put(added)
        self._hub.broadcast_status(self.remaining)
        return added

    def next_ids(self, count: int) -> list[str]:
        """The first pending jobs in the order they will run."""
        return [place.prompt_id for place in islice(self._order, count)]

    async def pending(self) -> list[Job]:
        """Pending jobs in the order they will run."""
        store = await self.store()
        rows = [place.row for place in self._order]
        found = await store.many(rows)
        return [found[row] for row in rows if row in found]

    async def remove(self, prompt_ids: Iterable[str] | None) -> int:
        """Cancel pending jobs: those named, or all. Says how many there were.

        Raises StoreError; the jobs are then pending as before.
        """
        store = await self.store()
        wanted = [place.prompt_id for place in self._order] if prompt_ids is None else prompt_ids
        # Out of the order first: none of them may start while the cancellation is being written.
        places = [place for name in dict.fromkeys(wanted) if (place := self._order.pop(name)) is not None]
        try:
            if places:
                await store.cancel([place.prompt_id for place in places], time.time())
        except StoreError:
            for place in places:
                if place.prompt_id not in self._order:  # not submitted again while it was out
                    self._order.put(place)
            self.on_change()
            raise
        for place in places:
            self._secrets.pop(place.prompt_id, None)
            self.logs.close(place.prompt_id)  # that of an earlier attempt
            self._over(place.prompt_id)
        self._hub.broadcast_status(self.remaining)
        return len(places)

    def interrupt(self, prompt_id: str | None = None) -> bool:
        """Stop the job named if it runs, or the one each worker began last. Never touches the jobs after."""
        if prompt_id is None:
            chosen = list({running.worker: running for running in self.running.values()}.values())
        else:
            chosen = [self.running[prompt_id]] if prompt_id in self.running else []
        for running in chosen:
            running.stop.set()
        return bool(chosen)

    async def pause(self, paused: bool) -> None:
        """Let no pending job start, or let them start again; running ones go on either way."""
        await (await self.store()).keep(_PAUSED, paused)
        self.paused = paused
        self.on_change()

    async def retry(self, prompt_id: str, new_id: str) -> Job:
        """Queue the graph of a job that has ended once more. Raises Problem 404 or 409."""
        job = await (await self.store()).get(prompt_id)
        if job is None:
            raise Problem(404, "not_found", "Job not found", "id")
        if self.is_open(prompt_id):
            raise Problem(409, "job_not_finished", f"the job {prompt_id} is still {job.state}", "id")
        number = self.next_number()
        again = NewJob(
            new_id, number, False, job.client_id, job.graph, job.extra_data, job.targets, time.time(),
            retry_of=prompt_id,
        )  # fmt: skip
        return await self.submit(again, {})

    async def prioritise(self, prompt_id: str, number: float) -> None:
        """Give a pending job another priority number. Raises Problem 404 or 409."""
        place = await self._waiting(prompt_id)
        await self._arrange([replace(place, number=number, rank=float(place.row))], explicit=prompt_id)

    async def move(self, prompt_id: str, anchor_id: str, *, after: bool) -> None:
        """Have a pending job run directly before or after another. Raises Problem 404 or 409."""
        anchor, place = await self._waiting(anchor_id), await self._waiting(prompt_id)
        if anchor != place:
            await self._arrange(self._order.beside(place, anchor, after=after))

    async def delete(self, prompt_id: str) -> None:
        """Remove a job that waits or has ended, with all that is stored of it. Raises Problem 404 or 409."""
        if prompt_id in self.running:
            raise Problem(409, "job_running", f"the job {prompt_id} runs; cancel it first", "id")
        await self.remove([prompt_id])
        if not await (await self.store()).forget([prompt_id]):
            raise Problem(404, "not_found", "Job not found", "id")

    def is_open(self, prompt_id: str) -> bool:
        """Whether a job waits or runs."""
        return prompt_id in self._order or prompt_id in self.running

    def joined(self, sid: str) -> list[Message]:
        """What a socket of session `sid` must be told about its runs in progress."""
        mine = [running for running in self.running.values() if running.job.client_id == sid]
        return [message for running in mine for message in running.view.replay()]

    def first(self) -> Place | None:
        """The job to start next, unless the queue is paused."""
        return None if self.paused else self._order.first()

    async def read(self, place: Place) -> Job | None:
        """The job at a place, if it is still the one to start. Raises ValueError if its row is damaged."""
        job = (await (await self.store()).many([place.row])).get(place.row)
        if job is None:
            self._order.pop(place.prompt_id)
        return job if self.first() == place else None

    async def log(self, job: Job) -> EventLog:
        """The events of a job that is about to start, with those of its earlier attempts."""
        earlier = job.started is not None and self.logs.get(job.prompt_id) is None
        stored = await (await self.store()).events(job.prompt_id) if earlier else None
        return self.logs.open(job, stored or b"")

    def begin(self, running: Running) -> None:
        """A job leaves the order and counts as running from here on."""
        self._order.pop(running.job.prompt_id)
        self.running[running.job.prompt_id] = running

    def leave(self, prompt_id: str) -> None:
        """A job is over: it neither waits nor runs any more."""
        self._order.pop(prompt_id)
        self.running.pop(prompt_id, None)
        self._secrets.pop(prompt_id, None)
        self.logs.close(prompt_id)
        self._over(prompt_id)

    def put_back(self, job: Job) -> None:
        """A job that was running waits again."""
        self.running.pop(job.prompt_id, None)
        self._put(job)

    def secrets(self, prompt_id: str) -> Json:
        """The credentials that came with a job; none after a restart."""
        return self._secrets.get(prompt_id, {})

    async def close(self) -> None:
        """Put the running jobs back, as if they had not started, and close the table."""
        if self._store is None:
            return
        try:
            for running in self.running.values():
                job, events = running.job, running.log.pack()
                await self._store.requeue(job, attempts=max(job.attempts - 1, 0), events=events)
        except StoreError as error:
            log.error("running jobs count as tried, for the job database refuses to write: %s", error)
        finally:
            await self._store.close()

    def _over(self, prompt_id: str) -> None:
        for tell in self.on_end:
            tell(prompt_id)

    async def _waiting(self, prompt_id: str) -> Place:
        place = self._order.get(prompt_id)
        if place is not None:
            return place
        if prompt_id not in self.running and await (await self.store()).get(prompt_id) is None:
            raise Problem(404, "not_found", f"there is no job {prompt_id}", "id")
        raise Problem(409, "job_not_pending", f"the job {prompt_id} does not wait any more", "id")

    async def _arrange(self, places: list[Place], explicit: str | None = None) -> None:
        await (await self.store()).arrange(places, explicit)
        for place in places:
            if place.prompt_id in self._order:  # it may have started meanwhile
                self._order.put(place)
        self.on_change()

    def _put(self, job: Job) -> None:
        if job.prompt_id not in self._order:  # not submitted again while it was out
            self._order.put(Place(job.number, job.rank, job.id, job.prompt_id, job.attempts))
        self.on_change()
