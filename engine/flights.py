"""Results being made right now, by key: a run that needs one waits for it instead of making it too."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.cache import Entry
from engine.keys import Key

Landed = Callable[[Entry | None], None]
"""Gets the result, or None when its maker failed or was stopped. Called on the maker's thread."""


class Flights:
    """Shared by the runs of one process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Key, list[Landed]] = {}

    def take_off(self, key: Key, landed: Landed) -> bool:
        """Whether the caller is to make the result, and `land` it; otherwise `landed` is called later."""
        with self._lock:
            waiting = self._waiting.get(key)
            if waiting is None:
                self._waiting[key] = []
                return True
            waiting.append(landed)
            return False

    def land(self, key: Key, entry: Entry | None) -> None:
        """Hand the result to all who wait. After None, whoever still needs it tries for itself.

        To be called without locks held: it runs the code of other runs.
        """
        with self._lock:
            waiting = self._waiting.pop(key, [])
        for landed in waiting:
            landed(entry)
