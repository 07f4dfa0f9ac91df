"""What a cache is, and the one that keeps nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, cast

from engine.keys import Key

Tier = Literal["memory", "disk"]
"""Where a result is kept."""

_NUMBERS = frozenset({int, float, bool, type(None)})
_NUMBER = 32
"""Bytes a number takes, roughly; most results of small nodes are one."""
_NONE: Mapping[int, int] = MappingProxyType({})


class Share(NamedTuple):
    """Bytes held in one kind of memory. `buffers` are those that other results may hold, too, by address."""

    bytes: int = 0
    buffers: Mapping[int, int] = _NONE


class Footprint(NamedTuple):
    """What a result's values hold in RAM and on the device."""

    ram: Share
    device: Share = Share()


Sizeof = Callable[[tuple[Any, ...]], Footprint]


@dataclass(frozen=True, slots=True)
class Entry:
    """One node's result: a value per output, what it gave the canvas, and the seconds it took."""

    values: tuple[Any, ...]
    ui: Mapping[str, list[Any]] | None = None
    seconds: float = 0.0
    identity: Key | None = None
    """The key that says what the result is made from by value; that of its node when None."""
    peak_bytes: int | None = None
    """Most memory the node held while it ran, where that was measured."""


class Cache(Protocol):
    """Results by key. All methods may be called from any thread."""

    def begin(self, keys: Collection[Key]) -> None:
        """A run starts that may use or make these."""
        ...

    def get(self, key: Key) -> Entry | None:
        """The result, or None; counts as a use."""
        ...

    def put(self, key: Key, entry: Entry, also: Key | None = None) -> None:
        """Keep a result, as long as the policy likes.

        `also` is a second key that finds it. A result has its newest few of those; they go when it goes.
        """
        ...

    def tier(self, key: Key) -> Tier | None:
        """Where `get` would find the result, or None; does not count as a use."""
        ...

    def clear(self) -> None:
        """Let go of everything in memory."""
        ...

    def close(self, seconds: float = 5.0) -> None:
        """Finish what is being written, if that takes no longer than `seconds`. Nothing is kept after it."""
        ...


class NoCache:
    """Keeps nothing: every run computes everything, and values go as soon as their consumers are done."""

    def begin(self, keys: Collection[Key]) -> None:
        """Nothing to prepare."""

    def get(self, key: Key) -> Entry | None:
        """Always None."""
        return None

    def put(self, key: Key, entry: Entry, also: Key | None = None) -> None:
        """Forgets the entry."""

    def tier(self, key: Key) -> Tier | None:
        """Always None."""
        return None

    def clear(self) -> None:
        """Nothing to forget."""

    def close(self, seconds: float = 5.0) -> None:
        """Nothing to finish."""


def default_sizeof(value: Any) -> Footprint:
    """What a plain Python value occupies in RAM, members of built-in containers included.

    Anything with an integer `nbytes` (an array, a tensor) counts with that; other objects count as their
    shell alone, so hosts that cache models inject a function that knows them.
    """
    total = 0
    stack: list[Any] = [value]
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if type(item) in _NUMBERS:
            total += _NUMBER
            continue
        if id(item) in seen:
            continue
        seen.add(id(item))
        held = getattr(item, "nbytes", None)
        total += held if isinstance(held, int) else sys.getsizeof(item)
        if isinstance(item, dict):
            stack.extend(cast("dict[Any, Any]", item).values())
        elif isinstance(item, (list, tuple, set, frozenset)):
            stack.extend(cast("Collection[Any]", item))
    return Footprint(Share(total))
