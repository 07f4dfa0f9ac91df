"""A cache with a byte budget that first lets go of what is cheapest to make again for the room it takes."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from engine.cache.base import Entry, default_sizeof
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

    def __contains__(self, key: Key) -> bool:
        return key in self._held

    def begin(self, keys: Collection[Key]) -> None:
        """Nothing to prepare: worth alone decides."""

    def get(self, key: Key) -> Entry | None:
        """The result, or None."""
        with self._lock:
            held = self._held.get(key)
            if held is None:
                return None
            self._touch(key, held)
            return held.entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep a result and make room for it; one larger than the whole budget is not kept."""
        size = self._sizeof(entry.values) + _OVERHEAD
        with self._lock:
            self._drop(key)
            if size > self._budget:
                return
            held = self._held[key] = _Held(entry, size, 0.0, 0)
            self._bytes += size
            self._touch(key, held)
            while self._bytes > self._budget:
                self._evict()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._heap.clear()
            self._bytes = 0

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
