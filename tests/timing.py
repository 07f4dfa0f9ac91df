"""Limits of time on machines that may be busy with something else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def timed(work: Callable[[], Result], limit: float) -> tuple[Result, float]:
    """What it gives, and the seconds it takes alone: of the first run within the limit, or of the last."""
    result, seconds = _once(work)
    for _ in range(20):
        if seconds < limit or (seconds := seconds / slowness()) < limit:
            break
        result, seconds = _once(work)
    return result, seconds


def _once(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def slowness() -> float:
    """How many times longer than alone a computation takes at this moment, at least 1."""
    started, worked = time.perf_counter(), time.thread_time()
    while time.thread_time() - worked < 0.05:
        pass
    return max(1.0, (time.perf_counter() - started) / (time.thread_time() - worked))
