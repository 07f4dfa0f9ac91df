"""What a node occupies while it runs: the device (one node at a time), a CPU thread, or an I/O thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

ASYNC = "async"
"""The lane of coroutine functions: they share the event loop and have no limit."""


class Lanes:
    """The threads that run nodes, shared by all runs of a process. Threads start when they are needed."""

    def __init__(self, *, device: int = 1, cpu: int | None = None, io: int = 8) -> None:
        self.widths = {"device": device, "cpu": cpu or min(4, os.cpu_count() or 1), "io": io}
        self._pools = {
            lane: ThreadPoolExecutor(width, thread_name_prefix=f"lane-{lane}")
            for lane, width in self.widths.items()
        }

    def start(self, lane: str, work: Callable[[], None]) -> None:
        """Run `work` on a thread of the lane as soon as one is free."""
        self._pools[lane].submit(work)

    def close(self) -> None:
        """Let the threads end when their work is done."""
        for pool in self._pools.values():
            pool.shutdown(wait=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
