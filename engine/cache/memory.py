"""A cache with a byte budget that first lets go of what is cheapest to make again for the room it takes."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from engine.cache.aliases import Aliases
from engine.cache.base import Entry, Tier, default_sizeof
from engine.keys import Key

_OVERHEAD = 512
"""Bytes an entry costs apart from its values: key, records and dictionary slots."""


@dataclass(slots=True)
class _Held:
    entry: Entry
    size: int
    worth: float
    stamp: int


class MemoryCache:
    """An entry is worth the clock at its last use plus its seconds per byte; the least worthy goes first.

    The clock rises to the worth of whatever was let go, so that entries nobody uses age. This is
    GreedyDual-Size (P. Cao and S. Irani, "Cost-aware WWW proxy caching algorithms", USITS 1997).
    """

    def __init__(self, byte_budget: int, sizeof: Callable[[Any], int] = default_sizeof) -> None:
        self._budget = byte_budget
        self._sizeof = sizeof
        self._lock = threading.Lock()
        self._held: dict[Key, _Held] = {}
        self._aliases = Aliases()
        # (worth, stamp, key); a record whose stamp is not the entry's current one is stale and skipped.
        self._heap: list[tuple[float, int, Key]] = []
        self._clock = 0.0
        self._stamp = 0
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._held)

    def tier(self, key: Key) -> Tier | None:
        """Where the result is kept, or None."""
        return "memory" if self._aliases.main(key) in self._held else None

    def begin(self, keys: Collection[Key]) -> None:
        """Nothing to prepare: worth alone decides."""

    def get(self, key: Key) -> Entry | None:
        """The result, or None."""
        with self._lock:
            main = self._aliases.main(key)
            held = self._held.get(main)
            if held is None:
                return None
            self._touch(main, held)
            return held.entry

    def put(self, key: Key, entry: Entry, also: Key | None = None) -> None:
        """Keep a result and make room for it; one larger than the whole budget is not kept."""
        size = self._sizeof(entry.values) + _OVERHEAD
        with self._lock:
            self._aliases.forget(key)
            if size > self._budget:
                self._drop(key)
                return
            known = self._held.pop(key, None)
            if known is not None:
                self._bytes -= known.size
            if also is not None and also != key:
                self._drop(also)
                self._aliases.add(also, key)
            held = self._held[key] = _Held(entry, size, 0.0, 0)
            self._bytes += size
            self._touch(key, held)
            while self._bytes > self._budget:
                self._evict()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._aliases.clear()
            self._heap.clear()
            self._bytes = 0

    def close(self, seconds: float = 5.0) -> None:
        """Nothing to finish."""

    def _touch(self, key: Key, held: _Held) -> None:
        self._stamp += 1
        held.stamp = self._stamp
        held.worth = self._clock + held.entry.seconds / held.size
        heapq.heappush(self._heap, (held.worth, held.stamp, key))
        if len(self._heap) > 2 * len(self._held) + 64:
            self._heap = [(h.worth, h.stamp, k) for k, h in self._held.items()]
            heapq.heapify(self._heap)

    def _evict(self) -> None:
        worth, stamp, key = heapq.heappop(self._heap)
        held = self._held.get(key)
        if held is not None and held.stamp == stamp:
            self._clock = worth
            self._drop(key)

    def _drop(self, key: Key) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._bytes -= held.size
            self._aliases.drop(key)
