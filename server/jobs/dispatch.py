"""Handing jobs to workers: the first in the queue to the worker best suited, as soon as one can take it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from engine.events import Event
from engine.keys import Key
from engine.types import NodeId
from server.jobs.outcomes import Outcomes
from server.jobs.queue import Queue
from server.jobs.records import Job, Json, Place, StoreError
from server.jobs.running import Running
from server.provenance.stamp import stamped
from server.settings import Settings
from server.specs import Specs
from server.stream.sockets import Hub
from server.supervision.affinity import static_keys
from server.supervision.deaths import WorkerDied
from server.supervision.pool import Pool

log = logging.getLogger("darkroom.server")
_PAUSE = 1.0
_FRESH_SECONDS = 2.0


class Dispatcher:
    """Runs the jobs of a queue on the workers of a pool."""

    def __init__(self, settings: Settings, queue: Queue, pool: Pool, hub: Hub, specs: Specs) -> None:
        self._settings = settings
        self._queue = queue
        self._pool = pool
        self._hub = hub
        self._specs = specs
        self._outcomes = Outcomes(queue, hub, settings)
        self._wake = asyncio.Event()
        self._runs: set[asyncio.Task[None]] = set()
        queue.on_change = pool.on_change = self._wake.set

    async def run(self) -> None:
        """Run jobs until cancelled, which ends what runs. A fault in here costs one job at most."""
        await self._queue.store()
        self._wake.set()
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                try:
                    while await self._next():
                        pass
                except StoreError as error:
                    log.error("the job database cannot be read: %s", error)
                    await asyncio.sleep(_PAUSE)  # it may fail again at once
                    self._wake.set()
        finally:
            for run in self._runs:
                run.cancel()
            await asyncio.gather(*self._runs, return_exceptions=True)

    async def _next(self) -> bool:
        """Start the first job, if a worker can take it. Says whether to look for another."""
        place = self._queue.first()
        if place is None or self._pool.choose({}, alone=_alone(place)) is None:
            return False
        try:
            job = await self._queue.read(place)
            keys = await self._keys(job)
            events = None if job is None else await self._queue.log(job)
        except StoreError:
            raise
        except Exception as error:
            log.exception("job %s cannot be read", place.prompt_id)
            text = f"the stored job cannot be read: {error}"
            await self._outcomes.condemned(place.row, place.prompt_id, text)
            return True
        worker = self._pool.choose(keys, alone=_alone(place))
        if job is None or events is None or worker is None or self._queue.first() != place:
            return True  # things have changed meanwhile: look again
        running = Running(job, worker, worker.assign(job.prompt_id, alone=_alone(place)), events, keys)
        self._queue.begin(running)
        run = asyncio.create_task(self._run(running), name=f"job {job.prompt_id}")
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        return True

    async def _keys(self, job: Job | None) -> Mapping[NodeId, Key]:
        """The job's keys, where there is a choice to make."""
        if job is None or len(self._pool.workers) < 2:
            return {}
        try:
            return await asyncio.to_thread(static_keys, job, self._specs.registry, self._settings.folders)
        except Exception:  # any worker can run it; validation there will say what is wrong
            log.exception("the keys of job %s are not known", job.prompt_id)
            return {}

    async def _run(self, running: Running) -> None:
        """One attempt at a job, from its start to what is written of its end."""
        try:
            await self._outcomes.started(running)
            try:
                await self._execute(running)
            except WorkerDied as death:
                if await self._again(running, death):
                    return
            except Exception as error:  # the queue must go on, whatever a single job brings about
                log.exception("running job %s failed", running.job.prompt_id)
                running.view.fail_whole(type(error).__name__, f"the server failed to run this job: {error}")
            await self._outcomes.finished(running)
        except Exception as error:
            job = running.job
            log.exception("the end of job %s cannot be written", job.prompt_id)
            text = f"the end of this job could not be written: {error}"
            await self._outcomes.condemned(job.id, job.prompt_id, text)
            self._hub.publish(job.client_id, running.view.end_marker())
        finally:
            running.worker.release(running.assignment)

    async def _execute(self, running: Running) -> None:
        """Have the worker run the job. Raises WorkerDied."""
        job, worker, view = running.job, running.worker, running.view
        if running.stop.is_set():
            view.interrupt()
            return
        work = asyncio.create_task(
            worker.run(running.assignment, self._message(job), self._listener(running))
        )
        stop = asyncio.create_task(running.stop.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await worker.cancel(job.prompt_id, self._settings.kill_after)
            done = await work
        finally:
            stop.cancel()
            work.cancel()
        if not view.over or done.get("error"):
            error = done.get("error") or {"type": "RuntimeError", "message": "the worker gave no result"}
            view.fail_whole(error["type"], error["message"])

    async def _again(self, running: Running, death: WorkerDied) -> bool:
        """The worker died. Says whether the job waits for another attempt, as opposed to being over."""
        job = running.job
        if running.stop.is_set():
            running.view.interrupt()
        elif death.blameless or job.attempts < self._settings.max_attempts:
            log.warning("job %s: %s; trying once more", job.prompt_id, death)
            await self._outcomes.requeued(running, blameless=death.blameless)
            return True
        else:
            running.quarantine(death)
        return False

    def _listener(self, running: Running) -> Callable[[Event], None]:
        job = running.job

        def listen(event: Event) -> None:
            self._pool.learn(running.worker, event, running.keys)
            for observe in self._queue.observers:
                observe(job, event)
            for outgoing in running.view.view(event):
                self._hub.publish(job.client_id, outgoing)

        return listen

    def _message(self, job: Job) -> Json:
        options = dict(self._settings.worker_options)
        if method := job.extra_data.get("preview_method"):
            options["preview_method"] = method
        return {
            "graph": job.graph,
            "targets": list(job.targets),
            # Packs may have changed since it was checked, but hardly in this time.
            "fresh": job.attempts <= 1 and time.time() - job.created < _FRESH_SECONDS,
            "extra_pnginfo": stamped(job),
            "client_id": job.client_id,
            "options": options,
            "secrets": self._queue.secrets(job.prompt_id),
        }


def _alone(place: Place) -> bool:
    """A job that saw a worker die is tried again by itself: if it kills the next one, too, it is known which
    job did it.
    """
    return place.attempts > 0
