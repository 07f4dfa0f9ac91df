"""The supervisor of one worker process: starts it, hands it jobs, notices its death, starts it again."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine import events
from server.frames import Frame
from server.observe.logs import LogBook
from server.supervision.assignments import Assignment, Assignments
from server.supervision.process import WorkerProcess
from server.worker.outbox import unpacked

log = logging.getLogger("darkroom.server")

Json = dict[str, Any]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_PAUSE_OF_IDLE = 2.0
_PING_EVERY = 2.0
_SILENT_AFTER = 4.5
_STUCK_AFTER = 20.0
_UP_WITHIN = 600.0
_STABLE_AFTER = 10.0
_LAST_WRITES = 1.5


class Supervisor:
    """Keeps one worker alive. `on_specs` gets the nodes of each fresh worker, `on_info` facts about the
    machine: at the start and after each job; `on_change` is called when it may have become able to take a
    job, or unable.
    """

    def __init__(
        self,
        command: Sequence[str],
        on_specs: Callable[[list[Json]], None],
        on_info: Callable[[Json], None],
        book: LogBook,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = tuple(command)
        self._on_specs = on_specs
        self._on_info = on_info
        self._book = book
        self._environment = dict(environment or {})
        self._process: WorkerProcess | None = None
        self._assignments = Assignments()
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._ready = asyncio.Event()
        self._stopping = False
        self._killed_for: str | None = None
        self.on_change: Callable[[], None] = lambda: None
        self.on_message: Callable[[Frame], None] = lambda frame: None
        """Gets the greeting of each fresh worker, and what its packs say."""
        self.failed = asyncio.Event()
        """Set while the last start went wrong; `last_error` says why."""
        self.restarts = -1
        self.last_error: str | None = None
        self.heard = 0.0
        self.idle_since = 0.0
        """When it last ended a job, by the monotonic clock."""
        self.environment: Json = {}
        """What the worker that runs, or ran last, says of the place it computes in."""

    @property
    def state(self) -> str:
        """`ready`, `busy`, `silent` (idle, and yet no answer), `starting`, or `failed` after a start that
        went wrong.
        """
        if self._ready.is_set():
            if self._assignments:
                return "busy"
            return "silent" if self.silent_seconds > _SILENT_AFTER else "ready"
        return "failed" if self.failed.is_set() else "starting"

    @property
    def silent_seconds(self) -> float:
        """How long ago the worker last said anything; a healthy one answers a ping every two seconds."""
        return time.monotonic() - self.heard if self._ready.is_set() else 0.0

    @property
    def pid(self) -> int | None:
        """Process id of the worker, if one runs."""
        return self._process.pid if self._process else None

    def facts(self) -> Json:
        """What `/health` says of it."""
        return {
            "state": self.state,
            "pid": self.pid,
            "restarts": max(self.restarts, 0),
            "last_error": self.last_error,
            "silent_seconds": round(self.silent_seconds, 1),
            "jobs": self.jobs,
        }

    @property
    def jobs(self) -> list[str]:
        """The jobs it has, oldest first."""
        return self._assignments.jobs

    def can_take(self, *, alone: bool) -> bool:
        """Whether a job may be given to it now: it is idle, or what it has is done with the device."""
        if not self._ready.is_set():
            return False
        answers = bool(self._assignments) or self.silent_seconds <= _SILENT_AFTER
        return answers and self._assignments.room(alone=alone)

    def assign(self, job_id: str, *, alone: bool = False) -> Assignment:
        """Reserve the worker for a job; `run` or `release` must follow."""
        assignment = Assignment(job_id, alone)
        self._assignments.add(assignment)
        return assignment

    def release(self, assignment: Assignment) -> None:
        """End a reservation."""
        if self._assignments.remove(assignment):
            self.idle_since = time.monotonic()
            self.on_change()

    async def run(
        self, assignment: Assignment, submit: Json, on_event: Callable[[events.Event], None]
    ) -> Json:
        """Run an assigned job and return the worker's `done` message. Raises WorkerDied if the process ends
        first.
        """
        try:
            if not assignment.done.done():
                assignment.on_event, assignment.sent = on_event, True
                await self._send({"type": "submit", "job_id": assignment.job_id, **submit})
            return await assignment.done
        finally:
            self.release(assignment)

    async def keep_alive(self) -> None:
        """Run a worker, and another when it ends, with growing pauses while they end quickly and for no job's
        sake. Until cancelled, which ends it: all that outlives it are results it may be writing to disk.
        """
        pause = _FIRST_PAUSE
        while True:
            started, longest = time.monotonic(), _LONGEST_PAUSE
            try:
                longest = await self._live_once()
            except Exception as error:  # there must always be a next worker
                self.last_error = f"the worker cannot run: {error}"
                self.failed.set()
                self.on_change()
                log.exception("the worker cannot run")
            lasting = time.monotonic() - started > _STABLE_AFTER
            pause = _FIRST_PAUSE if lasting else min(pause * 2, longest)
            await asyncio.sleep(pause)

    async def ready(self) -> None:
        """Wait until a worker is ready for jobs."""
        await self._ready.wait()

    async def cancel(self, job_id: str, kill_after: float) -> bool:
        """Ask the job to stop; kill its worker if it still runs after `kill_after` seconds.

        False if the worker does not have the job yet.
        """
        assignment, process = self._assignments.get(job_id), self._process
        if assignment is None or not assignment.sent or process is None:
            return False
        sending = asyncio.create_task(self._send({"type": "cancel", "job_id": job_id}))
        done, _ = await asyncio.wait([assignment.done], timeout=kill_after)
        sending.cancel()  # it hangs where the worker no longer reads
        if not done:
            log.warning("job %s did not stop within %g s; killing the worker", job_id, kill_after)
            self._killed_for = job_id
            process.kill()
        return True

    async def free(self) -> None:
        """Have results and models forgotten, and their memory given back, between jobs."""
        await self._send({"type": "free"})

    async def ask(self, message: Json, timeout: float) -> Json | None:
        """Send a question and wait for its answer; None if the worker is away, busy in native code, or
        slow.
        """
        if not self._ready.is_set():
            return None
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        number = id(answer)
        self._answers[number] = answer
        sending = asyncio.create_task(self._send({**message, "question": number}))
        try:
            done, _ = await asyncio.wait([answer], timeout=timeout)
            return answer.result() if done and not answer.cancelled() else None
        finally:
            sending.cancel()
            self._answers.pop(number, None)

    def retire(self) -> None:
        """The worker is about to be ended, by cancelling `keep_alive`; its end is no news."""
        self._stopping = True

    async def _live_once(self) -> float:
        """From start to end of one process. Returns the longest pause this end gives a reason for: none if it
        was a job's fault, a long one if the worker did not even come up.
        """
        self.restarts += 1
        self._killed_for = None
        environment = {**self._environment, **os.environ, "PYTHONUNBUFFERED": "1"}
        process = self._process = await WorkerProcess.start(self._command, environment, self._book)
        watch = asyncio.create_task(self._watch(process))
        longest = _LONGEST_PAUSE
        try:
            async for frame in process.frames():
                self.heard = time.monotonic()
                try:
                    self._receive(frame)
                except Exception:  # one message nobody understands must not cost the worker its life
                    log.exception("a message of the worker cannot be used: %.300s", frame.message)
                await asyncio.sleep(0)  # sockets get a turn: a burst must not make their clients look slow
        finally:
            watch.cancel()
            if self._stopping:
                await process.let_go(_LAST_WRITES)
            reason = await process.end()
            if self._ready.is_set():
                longest = _FIRST_PAUSE if self._assignments else _PAUSE_OF_IDLE
            self._ended(reason)
        return longest

    def _ended(self, reason: str) -> None:
        started = self._ready.is_set()
        self._ready.clear()
        self._process = None
        if self._stopping:
            return
        if not started:
            self.failed.set()
        self.last_error = reason
        log.error("%s", self.last_error)
        self._assignments.died(reason, self._killed_for)
        for answer in self._answers.values():
            answer.cancel()
        self.on_change()

    def _receive(self, frame: Frame) -> None:
        message = frame.message
        match frame.type:
            case "hello":
                self.on_message(frame)
                self._on_specs(message["specs"])
                self.environment = message.get("environment", {})
                self._on_info(message.get("info", {}))
                self.last_error = None
                self.failed.clear()
                self._ready.set()
                self.idle_since = time.monotonic()
                self.on_change()
            case "info":
                self._on_info(message["info"])
            case "events":
                for event in unpacked(frame):
                    self._assignments.tell(event)
            case "handed_over":
                self._assignments.hand_over(message["job_id"])
                self.on_change()
            case "done":
                self._on_info(message.get("info", {}))
                self._assignments.done(message["job_id"], message)
            case "answer":
                answer = self._answers.get(message["question"])
                if answer and not answer.done():
                    answer.set_result(message)
            case _:
                self.on_message(frame)

    async def _send(self, message: Mapping[str, Any]) -> None:
        if self._process is not None:
            await self._process.send(message)

    async def _watch(self, process: WorkerProcess) -> None:
        """Ping the worker; end it where it does not come up, or is idle and yet answers nothing."""
        started = time.monotonic()
        while True:
            await asyncio.sleep(_PING_EVERY)
            self.on_change()  # its state may follow from the time alone
            if not self._ready.is_set() and time.monotonic() - started > _UP_WITHIN:
                process.kill(f"the worker did not come up within {_UP_WITHIN:.0f} s")
            elif not self._assignments and self.silent_seconds > _STUCK_AFTER:
                process.kill(f"the idle worker did not answer for {_STUCK_AFTER:.0f} s")
            else:
                process.ping()
