"""What a node occupies while it runs.

device   the device, one node at a time: sampling, encoding
decode   a part of it, one node at a time beside the device lane: what is left to do with a finished
         latent, so that the next job can sample meanwhile
cpu      a thread, as many at once as the machine has cores, four at most
io       a thread that mostly waits for files or the network
"""

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
        cores = min(4, os.cpu_count() or 1)
        self.widths = {"device": device, "decode": 1, "cpu": cpu or cores, "io": io}
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
