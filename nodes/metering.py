"""What running a node takes from the device: seconds of work and bytes at the peak."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

_RESET_PEAK = "5"
"""What `/proc/PID/clear_refs` takes to start the peak of resident memory anew (Linux 4.0)."""


@dataclass
class Reading:
    """Filled in when the work is over; None stands for what cannot be measured here."""

    device_seconds: float | None = None
    """Seconds the device was at work, which on a GPU goes on while the node does something else."""
    peak_bytes: int | None = None
    """Most memory in use at a time, beyond what was in use before."""


Meter = Callable[[], AbstractContextManager[Reading]]
"""To be entered around a node that has the device to itself."""


def meter_of(device: torch.device) -> Meter:
    """The meter for a device."""
    if device.type == "cuda":
        return lambda: _cuda(device)
    if device.type == "cpu" and sys.platform == "linux":
        return _main_memory
    return _clock


@contextmanager
def _cuda(device: torch.device) -> Generator[Reading]:
    reading = Reading()
    began, ended = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    stream = torch.cuda.current_stream(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    began.record(stream)
    try:
        yield reading
    finally:
        ended.record(stream)
        ended.synchronize()
        reading.device_seconds = began.elapsed_time(ended) / 1000
        reading.peak_bytes = max(0, torch.cuda.max_memory_allocated(device) - before)


@contextmanager
def _main_memory() -> Generator[Reading]:
    """Other threads of the process count, too: the peak is an upper bound."""
    reading = Reading()
    before = _resident(reset=True)
    began = time.perf_counter()
    try:
        yield reading
    finally:
        reading.device_seconds = time.perf_counter() - began
        peak = _resident()
        reading.peak_bytes = None if before is None or peak is None else max(0, peak - before)


@contextmanager
def _clock() -> Generator[Reading]:
    reading = Reading()
    began = time.perf_counter()
    try:
        yield reading
    finally:
        reading.device_seconds = time.perf_counter() - began


def _resident(*, reset: bool = False) -> int | None:
    """Bytes of main memory at the peak since the last reset; after a reset that is what is in use now."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
        status = Path("/proc/self/status").read_bytes()
    except OSError:  # a container may hide them
        return None
    kilobytes = status.partition(b"VmHWM:")[2].split(maxsplit=1)
    return int(kilobytes[0]) * 1024 if kilobytes else None
