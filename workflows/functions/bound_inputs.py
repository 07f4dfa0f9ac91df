"""The inputs of nodes that a function's input is bound to, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.graph import as_list, unwrap
from workflows.formats.definitions import InputDefinition, compatible
from workflows.functions.parts import Input, Target, Trouble
from workflows.functions.values import listed


@dataclass(frozen=True)
class Place:
    """One input of a node, with what the graph puts there."""

    target: Target
    title: str
    definition: InputDefinition | None
    """None for an input that the class takes without declaring it."""
    given: Mapping[str, Any]
    """All inputs of the node."""

    def __str__(self) -> str:
        return f"{self.target.input!r} of {self.title} (#{self.target.node})"

    @property
    def type(self) -> str:
        return "*" if self.definition is None else self.definition.type

    @property
    def linked(self) -> bool:
        """Whether a link feeds it."""
        return as_list(self.given.get(self.target.input)) is not None

    @property
    def literal(self) -> Any:
        """The value written there, or that of a widget nobody has touched; None if there is none."""
        if self.target.input in self.given:
            return None if self.linked else unwrap(self.given[self.target.input])
        return None if self.definition is None else self.definition.options.get("default")

    @property
    def fed(self) -> bool:
        """Whether the node runs without anybody giving the input."""
        optional = self.definition is not None and self.definition.optional
        return optional or self.linked or self.literal is not None

    def takes(self, entry: Input) -> bool:
        """Whether the node takes all that the function's input does."""
        kinds = {self.type} if self.definition is None else {self.type, self.definition.widget_type}
        if entry.type == "COMBO" and entry.options is not None and "STRING" in kinds:
            return True
        return any(compatible(entry.type, kind) for kind in kinds)


@dataclass(frozen=True)
class Limits:
    """What all nodes bound to one input take."""

    places: tuple[Place, ...]
    min: float | None
    max: float | None
    choices: tuple[Any, ...] | None
    """None where at least nobody restricts it."""

    @classmethod
    def of(cls, entry: Input, places: Sequence[Place]) -> Limits:
        numbers = entry.type in ("INT", "FLOAT")
        lows = list(_numbers(places, "min")) if numbers else []
        highs = list(_numbers(places, "max")) if numbers else []
        lists = [p.definition.choices for p in places if p.definition and p.definition.choices is not None]
        common = None
        if lists:
            common = tuple(choice for choice in lists[0] if all(choice in more for more in lists[1:]))
        return cls(tuple(places), max(lows, default=None), min(highs, default=None), common)

    def problems(self, where: str, entry: Input, *, released: bool) -> Iterator[Trouble]:
        """Where the declaration allows more than they take."""
        low, high = self.min, self.max
        if low is not None and entry.min is not None and entry.min < low:
            yield Trouble(
                f"{where}.min", f"{entry.min} is below {low}, the least {self._owner('min', low)} takes"
            )
        if high is not None and entry.max is not None and entry.max > high:
            yield Trouble(
                f"{where}.max", f"{entry.max} is above {high}, the most {self._owner('max', high)} takes"
            )
        narrow = self.applied(entry)
        if narrow.min is not None and narrow.max is not None and narrow.min > narrow.max:
            yield Trouble(
                f"{where}.targets", f"no value is from {narrow.min} to {narrow.max}; bind them apart"
            )
        if entry.type != "COMBO":
            return
        if self.choices is None:
            if entry.options is None:
                yield Trouble(f"{where}.options", "a choice needs options; list them")
            return
        if not self.choices and any(p.definition and p.definition.choices for p in self.places):
            yield Trouble(
                f"{where}.targets", "the nodes have no option in common; bind them to inputs of their own"
            )
        strangers = [option for option in entry.options or () if option not in self.choices]
        if strangers and not released:
            text = f"{listed(strangers)}: not among what {self.places[0]} offers ({listed(self.choices)})"
            yield Trouble(f"{where}.options", text)

    def applied(self, entry: Input) -> Input:
        """The input with what the declaration leaves out."""
        definitions = [place.definition for place in self.places if place.definition is not None]
        said = [definition.options for definition in definitions]
        step = entry.step
        if step is None and entry.type in ("INT", "FLOAT"):
            step = next(_numbers(self.places, "step"), None)
        options = entry.options
        if options is None and entry.type == "COMBO":
            options = self.choices or None
        return replace(
            entry,
            min=self.min if entry.min is None else entry.min,
            max=self.max if entry.max is None else entry.max,
            step=step,
            multiline=entry.multiline or (entry.type == "STRING" and _any(said, "multiline")),
            options=options,
            dynamic=entry.dynamic or (entry.type == "STRING" and _any(said, "dynamicPrompts")),
            several=entry.several or (entry.type == "COMBO" and _any(said, "multi_select")),
            seed=entry.seed or (entry.type == "INT" and any(d.controls for d in definitions)),
        )

    def _owner(self, key: str, value: float) -> str:
        return str(next(place for place in self.places if value in _numbers([place], key)))


def _numbers(places: Iterable[Place], key: str) -> Iterator[float]:
    for place in places:
        found = None if place.definition is None else place.definition.options.get(key)
        if isinstance(found, int | float) and not isinstance(found, bool):
            yield found


def _any(said: Iterable[Mapping[str, Any]], key: str) -> bool:
    return any(bool(options.get(key)) for options in said)
