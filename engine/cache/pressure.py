"""A cache that grows until the machine is short of memory: ComfyUI's `--cache-ram`."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from engine.cache.aliases import Aliases
from engine.cache.base import Entry, Sizeof, Tier, default_sizeof
from engine.keys import Key

_AGEING = math.log(1.3)
"""A result not used by a run counts as 1.3 times its size for each run since."""
_LARGE = 512 * 2**20


@dataclass(slots=True)
class _Held:
    entry: Entry
    ram: int
    run: int
    stamp: int


class PressureCache:
    """Lets go of results, the large and long unused first, while less RAM is available than wanted.

    Looks after every result. Results of earlier runs go while less than `inactive` bytes are available; large
    ones of the run in progress only below `active`.
    """

    def __init__(
        self,
        active: int,
        inactive: int,
        available: Callable[[], int],
        sizeof: Sizeof = default_sizeof,
    ) -> None:
        self._active = active
        self._inactive = max(active, inactive)
        self._available = available
        self._sizeof = sizeof
        self._lock = threading.Lock()
        self._held: dict[Key, _Held] = {}
        self._aliases = Aliases()
        self._run = 0
        self._stamp = 0

    def __len__(self) -> int:
        return len(self._held)

    def tier(self, key: Key) -> Tier | None:
        """Where the result is kept, or None."""
        return "memory" if self._aliases.main(key) in self._held else None

    def begin(self, keys: Collection[Key]) -> None:
        """A run starts: its results are those of `keys` and all it uses or makes."""
        with self._lock:
            self._run += 1
            for key in keys:
                self._use(self._aliases.main(key))

    def get(self, key: Key) -> Entry | None:
        """The result, or None."""
        with self._lock:
            held = self._use(self._aliases.main(key))
            return None if held is None else held.entry

    def put(self, key: Key, entry: Entry, also: Key | None = None) -> None:
        """Keep a result, then see whether memory is short."""
        ram = self._sizeof(entry.values).ram.bytes
        with self._lock:
            self._aliases.forget(key)
            self._held[key] = _Held(entry, ram, self._run, 0)
            if also is not None and also != key:
                self._drop(also)
                self._aliases.add(also, key)
            self._use(key)
            self._relieve()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._aliases.clear()

    def close(self, seconds: float = 5.0) -> None:
        """Nothing to finish."""

    def _use(self, key: Key) -> _Held | None:
        held = self._held.get(key)
        if held is not None:
            self._stamp += 1
            held.run, held.stamp = self._run, self._stamp
        return held

    def _relieve(self) -> None:
        free = self._available()
        if free < self._inactive:
            older = [key for key, held in self._held.items() if held.run < self._run]
            free = self._let_go(older, self._inactive, free)
        if free < self._active:
            large = [key for key, held in self._held.items() if held.ram >= _LARGE]
            self._let_go(large, self._active, free)

    def _let_go(self, keys: list[Key], wanted: int, free: int) -> int:
        """Drop by score until `wanted` bytes are free; the bytes free at the end."""
        for key in sorted(keys, key=self._score):
            if free >= wanted:
                break
            self._drop(key)
            free = self._available()
        return free

    def _score(self, key: Key) -> tuple[float, int]:
        """What is first in this order goes first: large times age, then by last use."""
        held = self._held[key]
        return -(math.log(max(1, held.ram)) + _AGEING * (self._run - held.run)), held.stamp

    def _drop(self, key: Key) -> None:
        if self._held.pop(key, None) is not None:
            self._aliases.drop(key)
