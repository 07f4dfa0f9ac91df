"""A node about to be called, what its calls gave, and how both become outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from engine.context import Context
from engine.graph import Link, Node
from engine.invoke import results
from engine.items import Arguments, collected, content, merged
from engine.returns import Blocker, Expand
from engine.spec import NodeSpec

Ui = Mapping[str, list[Any]]


class Reading(Protocol):
    """What a meter measured, once its block has been left; None for what it cannot measure."""

    @property
    def device_seconds(self) -> float | None: ...
    @property
    def peak_bytes(self) -> int | None: ...


Meter = Callable[[], AbstractContextManager[Reading]]
"""Entered around a node on the device lane."""


@dataclass(slots=True)
class Task:
    """A node with the arguments for it."""

    node: Node
    spec: NodeSpec
    given: Arguments
    calls: list[Arguments | Blocker] | None
    """The arguments of each call where lists or blockers are among them; None for one call with `given`."""
    context: Context | None
    started: float
    open_lazy: tuple[str, ...] = ()
    """Lazy inputs that were not evaluated and may be asked for."""

    def each(self) -> Iterator[Arguments | Blocker]:
        """The arguments of every call, or what blocks it."""
        for given in [self.given] if self.calls is None else self.calls:
            if self.context is None or not self.spec.takes_context or isinstance(given, Blocker):
                yield given
            else:
                yield {**given, "context": self.context}


@dataclass(slots=True)
class Called:
    """What came of calling a node: a value per call, an error, or names of lazy inputs it needs first."""

    returned: list[Any]
    error: BaseException | None = None
    asked: frozenset[str] = frozenset()
    reading: Reading | None = None


@dataclass(slots=True)
class Result:
    """One call's outputs. Those of an expansion may be links, which `settle` replaces."""

    values: tuple[Any, ...]
    ui: Ui | None
    linked: bool = False


def read(task: Task, returned: list[Any]) -> list[Result]:
    """The outputs of every call. Raises TypeError when their number is wrong."""
    return [_result(task.spec, one) for one in returned]


def links(found: list[Result]) -> list[Link]:
    """The links that stand for outputs."""
    return [v for one in found if one.linked for v in one.values if isinstance(v, Link)]


def settle(
    task: Task, found: list[Result], value: Callable[[Link], Any]
) -> tuple[tuple[Any, ...], Ui | None]:
    """What goes on the node's wires and to the canvas, once every linked value is there."""
    calls = [_contents(task.spec, one, value) for one in found]
    if task.calls is None or task.spec.takes_lists:
        return (calls[0], found[0].ui) if len(calls) == 1 else ((), None)
    return collected(calls, len(task.spec.outputs)), merged([one.ui for one in found])


def _contents(spec: NodeSpec, one: Result, value: Callable[[Link], Any]) -> tuple[Any, ...]:
    if not one.linked and not spec.has_list_output:
        return one.values
    return tuple(
        value(v) if one.linked and isinstance(v, Link) else content(v, is_list=output.is_list)
        for v, output in zip(one.values, spec.outputs, strict=True)
    )


def _result(spec: NodeSpec, returned: Any) -> Result:
    if isinstance(returned, Blocker):
        return Result((returned,) * len(spec.outputs), None)
    if isinstance(returned, Expand):
        count = len(spec.outputs)
        if len(returned.values) != count:
            raise TypeError(f"{spec.name} expanded to {len(returned.values)} values for {count} outputs")
        return Result(returned.values, returned.ui, linked=True)
    return Result(*results(spec, returned))
