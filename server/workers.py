"""The supervisor of the worker process: starts it, hands it jobs, notices its death, starts it again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import events
from server.frames import Frame, FrameError, read_frame
from server.logs import LogBook

log = logging.getLogger("darkroom.server")

Json = dict[str, Any]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_PING_EVERY = 10.0
_STABLE_AFTER = 10.0
_SIGNALS = {
    signal.SIGKILL: "probably out of memory",
    signal.SIGSEGV: "segmentation fault in native code",
    signal.SIGABRT: "aborted by native code",
    signal.SIGBUS: "bus error; was a mapped model file truncated?",
    signal.SIGILL: "illegal instruction",
    signal.SIGFPE: "arithmetic error in native code",
}


class WorkerDied(Exception):
    """The worker process ended while it had a job. The text says how."""


@dataclass
class _Task:
    """The job the worker has: where its events go and what is waiting for it."""

    job_id: str
    on_event: Callable[[events.Event], None]
    done: asyncio.Future[Json] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Supervisor:
    """Keeps one worker alive. `on_specs` gets the nodes of each fresh worker, `on_info` facts about the
    machine: at the start and after each job.
    """

    def __init__(
        self,
        command: Sequence[str],
        on_specs: Callable[[list[Json]], None],
        on_info: Callable[[Json], None],
        book: LogBook,
    ) -> None:
        self._command = tuple(command)
        self._on_specs = on_specs
        self._on_info = on_info
        self._book = book
        self._process: Process | None = None
        self._task: _Task | None = None
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._ready = asyncio.Event()
        self._stderr: deque[str] = deque(maxlen=20)
        self._stopping = False
        self.failed = asyncio.Event()
        """Set while the last start went wrong; `last_error` says why."""
        self.restarts = -1
        self.last_error: str | None = None
        self.heard = 0.0

    @property
    def state(self) -> str:
        """`ready`, `busy`, `starting`, or `failed` after a start that went wrong."""
        if self._ready.is_set():
            return "busy" if self._task else "ready"
        return "failed" if self.failed.is_set() else "starting"

    @property
    def silent_seconds(self) -> float:
        """How long ago the worker last said anything; a healthy one answers a ping every ten seconds."""
        return time.monotonic() - self.heard if self._ready.is_set() else 0.0

    @property
    def pid(self) -> int | None:
        """Process id of the worker, if one runs."""
        return self._process.pid if self._process else None

    async def keep_alive(self) -> None:
        """Run a worker, and another when it ends, with growing pauses while they end quickly. Until
        cancelled, which kills it: it holds nothing that outlives it.
        """
        pause = _FIRST_PAUSE
        while True:
            started = time.monotonic()
            try:
                await self._live_once()
            except Exception as error:  # there must always be a next worker
                self.last_error = f"the worker cannot run: {error}"
                self.failed.set()
                log.exception("the worker cannot run")
            pause = (
                _FIRST_PAUSE if time.monotonic() - started > _STABLE_AFTER else min(pause * 2, _LONGEST_PAUSE)
            )
            await asyncio.sleep(pause)

    async def run(self, job_id: str, submit: Json, on_event: Callable[[events.Event], None]) -> Json:
        """Run one job and return the worker's `done` message. Raises WorkerDied if the process ends first."""
        await self._ready.wait()
        self._task = _Task(job_id, on_event)
        try:
            await self._send({"type": "submit", "job_id": job_id, **submit})
            return await self._task.done
        finally:
            self._task = None

    async def ready(self) -> None:
        """Wait until a worker is ready for jobs."""
        await self._ready.wait()

    async def cancel(self, job_id: str, kill_after: float) -> bool:
        """Ask the job to stop; kill its worker if it still runs after `kill_after` seconds.

        False if the worker does not have the job yet.
        """
        task, process = self._task, self._process
        if task is None or task.job_id != job_id or process is None:
            return False
        await self._send({"type": "cancel", "job_id": job_id})
        done, _ = await asyncio.wait([task.done], timeout=kill_after)
        if not done:
            log.warning("job %s did not stop within %g s; killing the worker", job_id, kill_after)
            _kill(process)
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
        try:
            await self._send({**message, "question": number})
            done, _ = await asyncio.wait([answer], timeout=timeout)
            return answer.result() if done and not answer.cancelled() else None
        finally:
            self._answers.pop(number, None)

    def retire(self) -> None:
        """The worker is about to be ended, by cancelling `keep_alive`; its end is no news."""
        self._stopping = True

    async def _live_once(self) -> None:
        self.restarts += 1
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
        )
        self._process = process
        helpers = [asyncio.create_task(self._follow_stderr(process)), asyncio.create_task(self._ping())]
        broken: str | None = None
        try:
            await self._listen(process)
        except FrameError as error:
            broken = f"the worker does not speak its protocol: {error}"
        finally:
            _kill(process)  # also what it left behind in its process group
            await process.wait()
            await asyncio.wait(helpers[:1], timeout=1.0)
            for helper in helpers:
                helper.cancel()
            self._ended(broken or death(process.returncode or 0, self._stderr[-1] if self._stderr else ""))

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
        if self._task and not self._task.done.done():
            self._task.done.set_exception(WorkerDied(reason))
        for answer in self._answers.values():
            answer.cancel()

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None
        while (frame := await read_frame(process.stdout)) is not None:
            self.heard = time.monotonic()
            try:
                self._receive(frame)
            except Exception:  # one message nobody understands must not cost the worker its life
                log.exception("a message of the worker cannot be used: %.300s", frame.message)
            await asyncio.sleep(0)  # sockets get their turn: a burst must not make their clients look slow
        # The pipe may close a moment before the process is gone; its exit status tells what happened.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 5.0)

    def _receive(self, frame: Frame) -> None:
        message = frame.message
        match frame.type:
            case "hello":
                self._on_specs(message["specs"])
                self._on_info(message.get("info", {}))
                self.last_error = None
                self.failed.clear()
                self._ready.set()
            case "info":
                self._on_info(message["info"])
            case "event":
                if self._task and self._task.job_id == message["event"]["job_id"]:
                    self._task.on_event(events.from_json(message["event"], frame.blob))
            case "done":
                self._on_info(message.get("info", {}))
                if self._task and self._task.job_id == message["job_id"] and not self._task.done.done():
                    self._task.done.set_result(message)
            case "answer":
                answer = self._answers.get(message["question"])
                if answer and not answer.done():
                    answer.set_result(message)
            case _:
                pass

    async def _send(self, message: Mapping[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(ConnectionError):
            process.stdin.write(Frame(dict(message)).encode())
            await process.stdin.drain()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(_PING_EVERY)
            await self._send({"type": "ping"})

    async def _follow_stderr(self, process: Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.read(65536):
            text = chunk.decode("utf-8", "replace")
            self._book.write(text)
            self._stderr.extend(line for line in text.splitlines() if line.strip())


def death(code: int, last_words: str) -> str:
    """How a worker ended, for people: the signal and its usual cause, or its exit status and last line."""
    if code < 0:
        try:
            cause = _SIGNALS.get(signal.Signals(-code), signal.Signals(-code).name)
        except ValueError:
            cause = "unknown signal"
        return f"worker {'killed' if code == -signal.SIGKILL else 'died'} (signal {-code}, {cause})"
    return f"worker exited with status {code}" + (f": {last_words}" if last_words else "")


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
