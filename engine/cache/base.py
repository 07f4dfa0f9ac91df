"""What a cache is, and the one that keeps nothing."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from engine.keys import Key


@dataclass(frozen=True, slots=True)
class Entry:
    """One node's result: a value per output, what it gave the canvas, and the seconds it took."""

    values: tuple[Any, ...]
    ui: Mapping[str, list[Any]] | None = None
    seconds: float = 0.0


class Cache(Protocol):
    """Results by key. All methods may be called from any thread."""

    def begin(self, keys: Collection[Key]) -> None:
        """A run starts that may use or make these."""
        ...

    def get(self, key: Key) -> Entry | None:
        """The result, or None; counts as a use."""
        ...

    def put(self, key: Key, entry: Entry) -> None:
        """Keep a result, as long as the policy likes."""
        ...

    def __contains__(self, key: Key) -> bool:
        """Whether `get` would give something; does not count as a use."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


class NoCache:
    """Keeps nothing: every run computes everything, and values go as soon as their consumers are done."""

    def begin(self, keys: Collection[Key]) -> None:
        """Nothing to prepare."""

    def get(self, key: Key) -> Entry | None:
        """Always None."""
        return None

    def put(self, key: Key, entry: Entry) -> None:
        """Forgets the entry."""

    def __contains__(self, key: Key) -> bool:
        return False

    def clear(self) -> None:
        """Nothing to forget."""


def default_sizeof(value: Any) -> int:
    """Bytes a plain Python value occupies, members of built-in containers included.

    Anything with an integer `nbytes` (an array, a tensor) counts with that; other objects count as their
    shell alone, so hosts that cache models inject a function that knows them.
    """
    total = 0
    stack: list[Any] = [value]
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        held = getattr(item, "nbytes", None)
        total += held if isinstance(held, int) else sys.getsizeof(item)
        if isinstance(item, dict):
            stack.extend(cast("dict[Any, Any]", item).values())
        elif isinstance(item, (list, tuple, set, frozenset)):
            stack.extend(cast("Collection[Any]", item))
    return total
