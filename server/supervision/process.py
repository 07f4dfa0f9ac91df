"""One worker process from start to end: frames in and out, its last words, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self

from server.frames import Frame, FrameError, read_frame
from server.observe.logs import LogBook
from server.supervision.deaths import death


class WorkerProcess:
    """A child in a process group of its own, which ends with it."""

    def __init__(self, process: Process, book: LogBook) -> None:
        self._process = process
        self._book = book
        self._stderr: deque[str] = deque(maxlen=20)
        self._follower = asyncio.create_task(self._follow_stderr())
        self._reason: str | None = None

    @classmethod
    async def start(cls, command: Sequence[str], environment: Mapping[str, str], book: LogBook) -> Self:
        """Start a worker; what it writes to standard error goes into the book."""
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
        )
        return cls(process, book)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def frames(self) -> AsyncIterator[Frame]:
        """What it says, to the end."""
        assert self._process.stdout is not None
        try:
            while (frame := await read_frame(self._process.stdout)) is not None:
                yield frame
        except FrameError as error:
            self._reason = f"the worker does not speak its protocol: {error}"
        else:
            # The pipe may close a moment before the process is gone; its exit status tells what happened.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 5.0)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Say something; to one that is gone, to no effect."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(Frame(dict(message)).encode())
            await self._process.stdin.drain()

    def ping(self) -> None:
        """Have it answer, unless it has not yet read what was said before."""
        assert self._process.stdin is not None
        if self._process.stdin.transport.get_write_buffer_size() == 0:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(Frame({"type": "ping"}).encode())

    def kill(self, reason: str | None = None) -> None:
        """End it and its process group at once. The reason outweighs what the exit status says."""
        self._reason = reason or self._reason
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def let_go(self, seconds: float) -> None:
        """Tell it that nothing more will come, and give it time to finish what it is writing."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)

    async def end(self) -> str:
        """Make sure that it and what it left behind in its group is gone. Returns how it ended."""
        self.kill()
        await self._process.wait()
        await asyncio.wait([self._follower], timeout=1.0)
        self._follower.cancel()
        last_words = self._stderr[-1] if self._stderr else ""
        return self._reason or death(self._process.returncode or 0, last_words)

    async def _follow_stderr(self) -> None:
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(65536):
            text = chunk.decode("utf-8", "replace")
            self._book.write(text)
            self._stderr.extend(line for line in text.splitlines() if line.strip())
