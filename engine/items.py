"""Lists of values on a wire: a node that takes single values is called once for each of them.

An output declared `Socket(..., is_list=True)` puts `Items` on its wire. A consumer is called as often as
its longest list is long; shorter lists repeat their last value, and what it returns are lists again. An
empty list means no call and empty outputs. A call that would get a `Blocker` is not made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.returns import Blocker


@dataclass(frozen=True, slots=True)
class Items:
    """Several values in one output slot."""

    values: tuple[Any, ...]


Arguments = dict[str, Any]
Ui = Mapping[str, list[Any]]
_SPECIAL = frozenset({Items, Blocker})


def spread(given: Arguments) -> list[Arguments | Blocker] | None:
    """The arguments of each call, a blocker where one keeps it from being made.

    None when no argument is a list or a blocker, and there is just the one call.
    """
    if _SPECIAL.isdisjoint(map(type, given.values())):
        return None
    lists = {name: value.values for name, value in given.items() if type(value) is Items}
    if not all(lists.values()):
        return []
    longest = max(map(len, lists.values()), default=1)
    calls = [
        {**given, **{name: values[min(call, len(values) - 1)] for name, values in lists.items()}}
        for call in range(longest)
    ]
    return [blocker(call.values()) or call for call in calls]


def as_lists(given: Arguments) -> list[Arguments | Blocker]:
    """The one call of a node that takes lists: every argument is one, of a single value or of all of them."""
    lists = {name: list(v.values) if type(v) is Items else [v] for name, v in given.items()}
    blocked = (blocker(values) for values in lists.values())
    return [next((one for one in blocked if one is not None), None) or lists]


def blocker(values: Any) -> Blocker | None:
    """The first blocker among some values."""
    return next((value for value in values if isinstance(value, Blocker)), None)


def content(value: Any, *, is_list: bool) -> Any:
    """What goes on the wire for one value that a call returned: the values of a list output as `Items`."""
    if not is_list or isinstance(value, (Items, Blocker)):
        return value
    return Items(tuple(value))


def collected(calls: Sequence[Sequence[Any]], slots: int) -> tuple[Any, ...]:
    """The outputs of several calls: every slot holds what the calls put on its wire, one after the other."""
    found: list[Items] = []
    for slot in range(slots):
        values: list[Any] = []
        for call in calls:
            value = call[slot]
            values.extend(value.values if type(value) is Items else (value,))
        found.append(Items(tuple(values)))
    return tuple(found)


def merged(shown: Sequence[Ui | None]) -> Ui | None:
    """Data for the canvas of several calls: the values under each key, one after the other."""
    found: dict[str, list[Any]] = {}
    for ui in shown:
        for key, values in (ui or {}).items():
            found.setdefault(key, []).extend(values)
    return found if any(ui is not None for ui in shown) else None
