"""How worker processes end, in words."""

from __future__ import annotations

import signal

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

    def __init__(self, reason: str, *, blameless: bool = False) -> None:
        super().__init__(reason)
        self.blameless = blameless
        """Whether the job had no part in it: it had not begun, or another's cancelling killed the worker."""


def death(code: int, last_words: str) -> str:
    """How a worker ended, for people: the signal and its usual cause, or its exit status and last line."""
    if code < 0:
        try:
            cause = _SIGNALS.get(signal.Signals(-code), signal.Signals(-code).name)
        except ValueError:
            cause = "unknown signal"
        return f"worker {'killed' if code == -signal.SIGKILL else 'died'} (signal {-code}, {cause})"
    return f"worker exited with status {code}" + (f": {last_words}" if last_words else "")
