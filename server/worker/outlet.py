"""What a policy on pictures asks of a worker. It is the command line's to hand in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from engine.events import Event

Json = dict[str, Any]


class Outlet(Protocol):
    """A policy, seen from the worker: everything it sends passes here."""

    on_verdict: Callable[[str, str], None]
    """Told of each file that was looked at, on any thread: the SHA-256 of its bytes, and what was found:
    `clear`, `flagged` or `unknown`.
    """

    def event(self, event: Event) -> Event:
        """An event of a run, as it may leave."""
        ...

    def message(self, message: Json, blob: bytes) -> tuple[Json, bytes] | None:
        """A message of a pack, as it may leave; None if it may not."""
        ...

    def judge(self, path: Path) -> Json:
        """`digest` and `finding` of a file the server is asked for. May take long."""
        ...
