"""The queue: accepts jobs, hands them to the worker one at a time in order of priority, and records how
they end.
"""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import insort
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from engine.events import Event
from server.http import Problem
from server.records import Job, Json, NewJob, State, StoreError
from server.settings import Settings
from server.sockets import Hub
from server.wire import Message, RunView
from server.workers import Supervisor, WorkerDied

if TYPE_CHECKING:
    from server.jobs import JobStore

log = logging.getLogger("darkroom.server")
Result = TypeVar("Result")
_PAUSE = 1.0


class DuplicateJob(Exception):
    """A job of this id is waiting or running with another graph."""


@dataclass(frozen=True, order=True)
class Place:
    """A pending job's place in the queue: smallest number first, then in order of arrival."""

    number: float
    row: int
    prompt_id: str = field(compare=False)


@dataclass
class Running:
    """The job the worker has now."""

    job: Job
    view: RunView
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class Queue:
    """All jobs that are not finished. The database has them too; memory holds only their order."""

    def __init__(self, settings: Settings, hub: Hub, supervisor: Supervisor) -> None:
        self._settings = settings
        self._hub = hub
        self._supervisor = supervisor
        self._store: JobStore | None = None
        self._opened = asyncio.Event()
        self._pending: list[Place] = []
        self._places: dict[str, Place] = {}
        self._wake = asyncio.Event()
        self._submitting = asyncio.Lock()
        self._counter = 0
        self._secrets: dict[str, Json] = {}
        self.running: Running | None = None

    async def open(self, store: JobStore) -> None:
        """Take over what an earlier server left, then accept jobs."""
        self._counter = await store.next_number()
        for job in await store.recover():
            if job.state is State.PENDING:
                self._insert(job)
            elif job.attempts < self._settings.max_attempts:
                self._insert(await store.requeue(job))
            else:
                view = RunView(job)
                text = f"the server stopped {job.attempts} times while this job ran, so it is not tried again"
                view.fail_whole("Quarantined", text, "Submit it again if the cause is gone.")
                await store.finish(job, view.ending(time.time()), self._settings.history_limit)
        self._store = store
        self._opened.set()

    async def store(self) -> JobStore:
        """The job table, once it is open."""
        await self._opened.wait()
        assert self._store is not None
        return self._store

    @property
    def remaining(self) -> int:
        """Pending and running jobs."""
        return len(self._pending) + (self.running is not None)

    def next_number(self) -> int:
        """The next priority number; every submission takes one."""
        number, self._counter = self._counter, self._counter + 1
        return number

    async def submit(self, job: NewJob, secrets: Json) -> Job:
        """Queue a job; once this returns, the job survives a crash. The same id and graph again is the same
        job.

        Raises DuplicateJob, StoreError, or Problem 429 when the queue is full.
        """
        store = await self.store()
        async with self._submitting:
            if job.prompt_id in self._places or self._is_running(job.prompt_id):
                present = await store.get(job.prompt_id)
                if present is not None and present.graph == job.graph:
                    return present
                raise DuplicateJob(job.prompt_id)
            if len(self._pending) >= self._settings.max_queue:
                text = f"the queue is full ({self._settings.max_queue} jobs); try again later"
                raise Problem(429, "queue_full", text, "queue", {"Retry-After": "10"})
            added = await store.add(job)
            if secrets:
                self._secrets[job.prompt_id] = secrets
            self._insert(added)
        self._hub.broadcast_status(self.remaining)
        return added

    async def pending(self) -> list[Job]:
        """Pending jobs in the order they will run."""
        places = list(self._pending)
        found = await (await self.store()).many([place.row for place in places])
        return [found[place.row] for place in places if place.row in found]

    async def remove(self, prompt_ids: Iterable[str] | None) -> int:
        """Cancel pending jobs: those named, or all. Says how many there were.

        Raises StoreError; the jobs are then pending as before.
        """
        store = await self.store()
        wanted = list(self._places) if prompt_ids is None else [i for i in prompt_ids if i in self._places]
        chosen = {prompt_id: self._places.pop(prompt_id) for prompt_id in dict.fromkeys(wanted)}
        # Out of the order first: none of them may start while the cancellation is being written.
        self._pending = [place for place in self._pending if place.prompt_id not in chosen]
        try:
            if chosen:
                await store.cancel(list(chosen), time.time())
        except StoreError:
            for place in chosen.values():
                self._put(place)
            raise
        for prompt_id in chosen:
            self._secrets.pop(prompt_id, None)
        self._hub.broadcast_status(self.remaining)
        return len(chosen)

    def interrupt(self, prompt_id: str | None = None) -> bool:
        """Stop the running job, if it is the one meant. Never touches the job after it."""
        if self.running is None or (prompt_id is not None and self.running.job.prompt_id != prompt_id):
            return False
        self.running.stop.set()
        return True

    def joined(self, sid: str) -> list[Message]:
        """What a socket of session `sid` must be told about the run in progress."""
        if self.running is None or self.running.job.client_id != sid:
            return []
        return self.running.view.replay()

    async def dispatch(self) -> None:
        """Run jobs until cancelled. A fault in here costs one job at most."""
        store = await self.store()
        while True:
            await self._wake.wait()
            if not self._pending:
                self._wake.clear()
                continue
            await self._supervisor.ready()
            if not self._pending:
                continue
            try:
                await self._run_next(store)
            except Exception:  # the queue must go on, whatever a single job brings about
                log.exception("running a job failed")
                self.running = None
                await asyncio.sleep(_PAUSE)  # what failed, such as the database, may fail again at once

    async def close(self) -> None:
        """Put the running job back, as if it had not started, and close the table."""
        if self._store is None:
            return
        try:
            if self.running is not None:
                job = self.running.job
                await self._store.requeue(job, attempts=max(job.attempts - 1, 0))
        except StoreError as error:
            log.error("the running job counts as tried, for the job database refuses to write: %s", error)
        finally:
            await self._store.close()

    async def _run_next(self, store: JobStore) -> None:
        place = self._pending[0]
        job = (await store.many([place.row])).get(place.row)
        if place not in self._pending:  # cancelled while it was being read
            return
        self._pending.remove(place)
        self._places.pop(place.prompt_id, None)
        if job is None:
            return
        running = Running(job, RunView(job))
        self.running = running
        running.job = await self._persist(lambda: store.start(job, time.time()))
        self._hub.broadcast_status(self.remaining)
        if await self._execute(running):
            await self._finish(store, running)
        else:
            self.running = None
            self._insert(await self._persist(lambda: store.requeue(running.job)))

    async def _execute(self, running: Running) -> bool:
        """Have the worker run the job. False if the worker died and the job deserves another attempt."""
        job, view = running.job, running.view
        work = asyncio.create_task(
            self._supervisor.run(job.prompt_id, self._message(job), self._listener(running))
        )
        stop = asyncio.create_task(running.stop.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and not await self._supervisor.cancel(
                job.prompt_id, self._settings.kill_after
            ):
                work.cancel()
            done = await work
        except WorkerDied as death:
            if running.stop.is_set():
                view.interrupt()
            elif job.attempts < self._settings.max_attempts:
                log.warning("job %s: %s; trying once more", job.prompt_id, death)
                return False
            else:
                text = f"{death}, {job.attempts} times in a row while running this job"
                view.fail_whole("WorkerDied", text, "Try a smaller size or batch, or see the server's log.")
        except asyncio.CancelledError:
            if not running.stop.is_set() or not work.cancelled():
                raise
            view.interrupt()
        else:
            if not view.over or done.get("error"):
                error = done.get("error") or {"type": "RuntimeError", "message": "the worker gave no result"}
                view.fail_whole(error["type"], error["message"])
        finally:
            stop.cancel()
            work.cancel()
        return True

    async def _finish(self, store: JobStore, running: Running) -> None:
        job, view = running.job, running.view
        self._secrets.pop(job.prompt_id, None)
        ending = view.ending(time.time())
        # History first: whoever hears that the run is over may ask for it at once.
        await self._persist(lambda: store.finish(job, ending, self._settings.history_limit))
        for message in view.terminal():
            self._hub.publish(job.client_id, message)
        self.running = None
        self._hub.broadcast_status(self.remaining)
        self._hub.publish(job.client_id, view.end_marker())

    async def _persist(self, write: Callable[[], Awaitable[Result]]) -> Result:
        """Write, and keep trying while the disk refuses: an outcome is never dropped."""
        pause = 0.5
        while True:
            try:
                return await write()
            except StoreError as error:
                log.error("the job database refuses to write (%s); trying again in %g s", error, pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10.0)

    def _listener(self, running: Running) -> Callable[[Event], None]:
        def listen(event: Event) -> None:
            for outgoing in running.view.view(event):
                self._hub.publish(running.job.client_id, outgoing)

        return listen

    def _message(self, job: Job) -> Json:
        options = dict(self._settings.worker_options)
        if method := job.extra_data.get("preview_method"):
            options["preview_method"] = method
        return {
            "graph": job.graph,
            "targets": list(job.targets),
            "extra_pnginfo": job.extra_data.get("extra_pnginfo"),
            "options": options,
            "secrets": self._secrets.get(job.prompt_id, {}),
        }

    def _insert(self, job: Job) -> None:
        self._put(Place(job.number, job.id, job.prompt_id))

    def _put(self, place: Place) -> None:
        if place.prompt_id in self._places:  # submitted again while it was out
            return
        insort(self._pending, place)
        self._places[place.prompt_id] = place
        self._wake.set()

    def _is_running(self, prompt_id: str) -> bool:
        return self.running is not None and self.running.job.prompt_id == prompt_id


def without_secrets(extra_data: Json) -> tuple[Json, Json]:
    """`extra_data` as it may be stored and shown, and the credentials that must not be."""
    names = {"auth_token_comfy_org", "api_key_comfy_org"}
    secrets = {name: value for name, value in extra_data.items() if name in names}
    return {name: value for name, value in extra_data.items() if name not in names}, secrets
