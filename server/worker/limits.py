"""What a worker does to itself so that its end, or its hunger, harms nobody else. Linux only; elsewhere
nothing happens.
"""

from __future__ import annotations

import contextlib
import ctypes
import resource
import signal
import sys
from pathlib import Path

from server.observe.machine import memory

_PR_SET_PDEATHSIG = 1
_USUAL_SHARE = 0.9
_CGROUPS = Path("/sys/fs/cgroup")


def die_with_parent() -> None:
    """Have the kernel end this process with the server, even while native code holds the interpreter."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def go_first() -> None:
    """Have the kernel end this process before any other when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def limit_memory(size: int) -> None:
    """Allow this process at most `size` bytes of data: an allocation beyond raises MemoryError.

    Mapped model files do not count. It leaves the machine's swapping, and its other programs, alone.
    """
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        size = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def usual_limit(workers: int = 1) -> int:
    """Bytes for one of several workers: 90 % of the machine's memory, or of its container's, shared."""
    limits = [memory()[0], *_cgroup_limits()]
    return int(min(limits) * _USUAL_SHARE / max(workers, 1))


def _cgroup_limits() -> list[int]:
    """The limits of this process's control group and of those around it (version 2, then version 1)."""
    try:
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return []
    files: list[Path] = []
    for _, controllers, path in groups:
        if not controllers:
            own = _CGROUPS / path.strip("/")
            files += [
                folder / "memory.max"
                for folder in (own, *own.parents)
                if _CGROUPS in (folder, *folder.parents)
            ]
        elif "memory" in controllers.split(","):
            own = _CGROUPS / "memory" / path.strip("/")
            files += [own / "memory.limit_in_bytes", _CGROUPS / "memory" / "memory.limit_in_bytes"]
    return [int(text) for file in files if (text := _text(file)).isdigit()]


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
