"""A cache that counts entries: ComfyUI's `--cache-lru N`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection

from engine.cache.base import Entry
from engine.keys import Key


class LruCache:
    """Keeps the `entries` results used last, and always those of the run in progress, however many."""

    def __init__(self, entries: int) -> None:
        self._limit = entries
        self._lock = threading.Lock()
        self._held: OrderedDict[Key, Entry] = OrderedDict()
        self._current: frozenset[Key] = frozenset()

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: Key) -> bool:
        return key in self._held

    def begin(self, keys: Collection[Key]) -> None:
        """Protect the new run's results and let go of what is over the limit."""
        with self._lock:
            self._current = frozenset(keys)
            for key in keys:
                if key in self._held:
                    self._held.move_to_end(key)
            self._trim()

    def get(self, key: Key) -> Entry | None:
        """The result, or None."""
        with self._lock:
            entry = self._held.get(key)
            if entry is not None:
                self._held.move_to_end(key)
            return entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep a result as the most recent one."""
        with self._lock:
            self._held[key] = entry
            self._held.move_to_end(key)
            self._trim()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()

    def _trim(self) -> None:
        # The current run's entries were moved to the end, so the first one of them ends the search.
        while len(self._held) > self._limit:
            oldest = next(iter(self._held))
            if oldest in self._current:
                return
            del self._held[oldest]
