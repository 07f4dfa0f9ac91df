"""A cache with a budget of bytes that first lets go of what is cheapest to make again for its room."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from engine.cache.aliases import Aliases
from engine.cache.base import Entry, Footprint, Sizeof, Tier, default_sizeof
from engine.cache.space import Space
from engine.keys import Key

_OVERHEAD = 512
"""Bytes an entry costs apart from its values: key, records and dictionary slots."""

Demote = Callable[[tuple[Any, ...]], tuple[Any, ...] | None]
"""The same values with everything in RAM, or None for values that cannot move."""


class MemoryCache:
    """RAM and device memory have a budget each; `engine.cache.space` says what goes first.

    What has to leave the device is kept in RAM if `demote` can move it there, and dropped else. Buffers that
    several results share, such as the weights of a model and of its variants, count once.

    Args:
        byte_budget: bytes of RAM that results may hold.
        sizeof: bytes a result's values hold.
        device_budget: bytes of device memory that results may hold.
        demote: called without a lock held, on the thread that brought the last result.
    """

    def __init__(
        self,
        byte_budget: int,
        sizeof: Sizeof = default_sizeof,
        *,
        device_budget: int = 0,
        demote: Demote | None = None,
    ) -> None:
        self._sizeof = sizeof
        self._demote = demote
        self._lock = threading.Lock()
        self._held: dict[Key, Entry] = {}
        self._aliases = Aliases()
        self._ram = Space(byte_budget)
        self._device = Space(device_budget)

    @property
    def bytes(self) -> int:
        """Bytes of RAM held now."""
        return self._ram.bytes

    @property
    def device_bytes(self) -> int:
        """Bytes of device memory held now."""
        return self._device.bytes

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
            entry = self._held.get(main)
            if entry is not None:
                self._ram.touch(main)
                if self._device.bytes:
                    self._device.touch(main)
            return entry

    def put(self, key: Key, entry: Entry, also: Key | None = None) -> None:
        """Keep a result and make room for it; one larger than a whole budget is not kept."""
        size = self._sizeof(entry.values)
        if size.device.bytes > self._device.budget:
            values = self._in_ram(entry)
            if values is not None:
                entry = replace(entry, values=values)
                size = self._sizeof(values)
        with self._lock:
            self._aliases.forget(key)
            if not self._fits(size):
                self._drop(key)
                return
            self._take(key, entry, size)
            if also is not None and also != key:
                self._drop(also)
                self._aliases.add(also, key)
            self._trim()
        if self._device.bytes > self._device.budget:
            self._relieve_device()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._aliases.clear()
            self._ram.clear()
            self._device.clear()

    def close(self, seconds: float = 5.0) -> None:
        """Nothing to finish."""

    def _fits(self, size: Footprint) -> bool:
        return size.ram.bytes + _OVERHEAD <= self._ram.budget and size.device.bytes <= self._device.budget

    def _in_ram(self, entry: Entry) -> tuple[Any, ...] | None:
        return None if self._demote is None else self._demote(entry.values)

    def _take(self, key: Key, entry: Entry, size: Footprint) -> None:
        """Hold the entry in place of the one that has this key; its second keys stay."""
        if key in self._held:
            self._ram.remove(key)
            self._device.remove(key)
        self._held[key] = entry
        self._ram.add(key, size.ram, _OVERHEAD, entry.seconds)
        if size.device.bytes:
            self._device.add(key, size.device, 0, entry.seconds)

    def _trim(self) -> None:
        while self._ram.bytes > self._ram.budget:
            self._drop(self._ram.least())

    def _relieve_device(self) -> None:
        """Moving takes a while, so it happens without the lock; what changed meanwhile is left alone."""
        while True:
            with self._lock:
                if self._device.bytes <= self._device.budget:
                    return
                key = self._device.least()
                entry = self._held[key]
            values = self._in_ram(entry)
            size = None if values is None else self._sizeof(values)
            with self._lock:
                if self._held.get(key) is not entry:
                    continue
                if values is None or size is None or size.device.bytes or not self._fits(size):
                    self._drop(key)
                else:
                    self._take(key, replace(entry, values=values), size)
                    self._trim()

    def _drop(self, key: Key) -> None:
        if self._held.pop(key, None) is not None:
            self._ram.remove(key)
            self._device.remove(key)
            self._aliases.drop(key)
