"""Lists of values on a wire: a node that takes single values is called once for each of them.

An output declared `Socket(..., is_list=True)` puts `Items` on its wire. A consumer is called as often as
its longest list is long; shorter lists repeat their last value, and what it returns are lists again. An
empty list means no call and empty outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Items:
    """Several values in one output slot."""

    values: tuple[Any, ...]


Arguments = dict[str, Any]
Ui = Mapping[str, list[Any]]


def spread(given: Arguments) -> list[Arguments] | None:
    """The arguments of each call, or None when no argument is a list and there is just the one."""
    lists = {name: value.values for name, value in given.items() if type(value) is Items}
    if not lists:
        return None
    if not all(lists.values()):
        return []
    longest = max(map(len, lists.values()))
    return [
        {**given, **{name: values[min(call, len(values) - 1)] for name, values in lists.items()}}
        for call in range(longest)
    ]


def boxed(values: Sequence[Any], is_list: Sequence[bool]) -> tuple[Any, ...]:
    """One call's outputs, with the values of list outputs as `Items`."""
    return tuple(Items(tuple(v)) if listed else v for v, listed in zip(values, is_list, strict=True))


def collected(calls: Sequence[Sequence[Any]], is_list: Sequence[bool]) -> tuple[Any, ...]:
    """The outputs of several calls: every slot holds the calls' values one after the other."""
    slots: list[Items] = []
    for slot, listed in enumerate(is_list):
        values = [call[slot] for call in calls]
        slots.append(Items(tuple(item for value in values for item in value) if listed else tuple(values)))
    return tuple(slots)


def merged(shown: Sequence[Ui | None]) -> Ui | None:
    """Data for the canvas of several calls: the values under each key, one after the other."""
    found: dict[str, list[Any]] = {}
    for ui in shown:
        for key, values in (ui or {}).items():
            found.setdefault(key, []).extend(values)
    return found if any(ui is not None for ui in shown) else None
