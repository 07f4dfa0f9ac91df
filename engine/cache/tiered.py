"""Memory in front of the disk."""

from __future__ import annotations

from collections.abc import Collection

from engine.cache.base import Cache, Entry, Tier
from engine.cache.disk import DiskCache
from engine.keys import Key


class TieredCache:
    """Looks into memory, then at the disk; what is found there comes into memory. Both get every result."""

    def __init__(self, memory: Cache, disk: DiskCache) -> None:
        self._memory = memory
        self._disk = disk

    def tier(self, key: Key) -> Tier | None:
        """Where the result is kept, or None."""
        return self._memory.tier(key) or self._disk.tier(key)

    def begin(self, keys: Collection[Key]) -> None:
        """A run starts that may use or make these."""
        self._memory.begin(keys)

    def get(self, key: Key) -> Entry | None:
        """The result, or None. Reads a file when it is not in memory."""
        entry = self._memory.get(key)
        if entry is not None:
            return entry
        found = self._disk.find(key)
        if found is None:
            return None
        main, entry = found
        self._memory.put(main, entry, also=None if main == key else key)
        return entry

    def put(self, key: Key, entry: Entry, also: Key | None = None) -> None:
        """Keep a result in memory, and have it written if it is worth it."""
        self._memory.put(key, entry, also)
        self._disk.put(key, entry, also)

    def clear(self) -> None:
        """Let go of everything in memory; what is on disk stays."""
        self._memory.clear()

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until all is written, at most `seconds`; whether that is so."""
        return self._disk.flush(seconds)

    def close(self, seconds: float = 5.0) -> None:
        """Write what is waiting, for at most `seconds`."""
        self._disk.close(seconds)
