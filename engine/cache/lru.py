"""A cache that counts entries: ComfyUI's `--cache-lru N`, and with none its `--cache-classic`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection

from engine.cache.aliases import Aliases
from engine.cache.base import Entry, Tier
from engine.keys import Key


class LruCache:
    """Keeps the `entries` results used last, and always those of the run in progress, however many."""

    def __init__(self, entries: int) -> None:
        self._limit = entries
        self._lock = threading.Lock()
        self._held: OrderedDict[Key, Entry] = OrderedDict()
        self._aliases = Aliases()
        self._current: set[Key] = set()

    def __len__(self) -> int:
        return len(self._held)

    def tier(self, key: Key) -> Tier | None:
        """Where the result is kept, or None."""
        return "memory" if self._aliases.main(key) in self._held else None

    def begin(self, keys: Collection[Key]) -> None:
        """Protect the new run's results and let go of what is over the limit."""
        with self._lock:
            self._current = set()
            for key in keys:
                self._use(self._aliases.main(key))
            self._trim()

    def get(self, key: Key) -> Entry | None:
        """The result, or None."""
        with self._lock:
            return self._use(self._aliases.main(key))

    def put(self, key: Key, entry: Entry, also: Key | None = None) -> None:
        """Keep a result as the most recent one, and as one of the run in progress."""
        with self._lock:
            self._aliases.forget(key)
            self._held[key] = entry
            if also is not None and also != key:
                self._drop(also)
                self._aliases.add(also, key)
            self._use(key)
            self._trim()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._aliases.clear()
            self._current.clear()

    def close(self, seconds: float = 5.0) -> None:
        """Nothing to finish."""

    def _use(self, key: Key) -> Entry | None:
        entry = self._held.get(key)
        if entry is not None:
            self._held.move_to_end(key)
            self._current.add(key)
        return entry

    def _trim(self) -> None:
        # The current run's entries were moved to the end, so the first one of them ends the search.
        while len(self._held) > self._limit:
            oldest = next(iter(self._held))
            if oldest in self._current:
                return
            self._drop(oldest)

    def _drop(self, key: Key) -> None:
        if self._held.pop(key, None) is not None:
            self._aliases.drop(key)
