"""One kind of memory (RAM, or a device's) and what should leave it first."""

from __future__ import annotations

import heapq

from engine.cache.base import Share
from engine.keys import Key


class _Item:
    __slots__ = ("buffers", "bytes", "density", "stamp")

    def __init__(self, share: Share, overhead: int, seconds: float) -> None:
        self.bytes = share.bytes + overhead
        self.buffers = share.buffers
        self.density = seconds / max(1, self.bytes)
        self.stamp = 0


class Space:
    """An item is worth the clock at its last use plus its seconds per byte; the least worthy leaves first.

    The clock rises to the worth of whatever left, so that items nobody uses age. This is GreedyDual-Size
    (P. Cao and S. Irani, "Cost-aware WWW proxy caching algorithms", USITS 1997). Every step is O(log n).
    Buffers that several items share are counted once. Not safe for threads: its owner holds a lock.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.bytes = 0
        self._items: dict[Key, _Item] = {}
        # (worth, stamp, key); a record whose stamp is not the item's current one is stale and skipped.
        self._heap: list[tuple[float, int, Key]] = []
        self._sharers: dict[int, int] = {}
        self._clock = 0.0
        self._stamp = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._items

    def add(self, key: Key, share: Share, overhead: int, seconds: float) -> None:
        """Take in an item that is not here. `seconds` is what making it again takes."""
        item = self._items[key] = _Item(share, overhead, seconds)
        self.bytes += item.bytes
        if item.buffers:
            for address, size in item.buffers.items():
                sharers = self._sharers.get(address, 0)
                self._sharers[address] = sharers + 1
                if sharers:
                    self.bytes -= size
        self._rank(key, item)

    def touch(self, key: Key) -> None:
        """The item was used."""
        item = self._items.get(key)
        if item is not None:
            self._rank(key, item)

    def remove(self, key: Key) -> None:
        """The item left, if it was here."""
        item = self._items.pop(key, None)
        if item is None:
            return
        self.bytes -= item.bytes
        for address, size in item.buffers.items():
            sharers = self._sharers.pop(address) - 1
            if sharers:
                self._sharers[address] = sharers
                self.bytes += size

    def least(self) -> Key:
        """The item that should leave first. Raises IndexError when there is none."""
        while True:
            worth, stamp, key = self._heap[0]
            item = self._items.get(key)
            if item is not None and item.stamp == stamp:
                self._clock = worth
                return key
            heapq.heappop(self._heap)

    def clear(self) -> None:
        """Everything left."""
        self._items.clear()
        self._heap.clear()
        self._sharers.clear()
        self.bytes = 0

    def _rank(self, key: Key, item: _Item) -> None:
        self._stamp += 1
        item.stamp = self._stamp
        heap = self._heap
        heapq.heappush(heap, (self._clock + item.density, item.stamp, key))
        if len(heap) > 2 * len(self._items) + 64:
            # Stale records would pile up while nothing has to leave. Worths only matter relative to others,
            # so the ranks are kept as they were.
            items = self._items
            self._heap = [r for r in heap if r[2] in items and items[r[2]].stamp == r[1]]
            heapq.heapify(self._heap)
