"""Values of widgets: `widgets_values` read by the order of the class's inputs, forgiving old files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.formats.definitions import NOT_SENT, Definition, InputDefinition, first_upload

CONTROLS = frozenset({"fixed", "increment", "decrement", "randomize", "increment-wrap"})


@dataclass(frozen=True)
class Place:
    """One position of the array: the value of an input, or (without `input`) something the prompt never
    sees. `extra` says what.
    """

    input: InputDefinition | None = None
    extra: str = ""

    def fits(self, value: Any) -> bool:
        """Whether a value of the file can be what belongs here."""
        if self.input is None:
            return self.extra != "control" or value is None or isinstance(value, bool) or is_control(value)
        return fits(self.input, value)


def is_control(value: Any) -> bool:
    """Whether it is a word of the control "after generate"."""
    return isinstance(value, str) and value in CONTROLS


def layout(definition: Definition, *, forced: bool = False) -> list[Place]:
    """What the array of a class holds. `forced` counts sockets that old clients kept a placeholder for."""
    places: list[Place] = []
    for entry in definition.inputs:
        placeholder = forced and entry.forced
        if entry.has_widget or placeholder:
            places.append(Place(extra="placeholder") if placeholder else Place(entry))
            places += [Place(extra="control"), Place(extra="filter")][: entry.controls]
            if entry.options.get("remote"):
                places += [Place(extra="refresh"), Place(extra="button")]
    if first_upload(definition.inputs) is not None:
        places.append(Place(extra="upload"))
    return places


def fits(entry: InputDefinition, value: Any) -> bool:
    """Whether a value could have been typed into this widget; a combo's need not be among its choices."""
    if value is None:
        return True
    match entry.widget_type:
        case "INT":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case "FLOAT":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "BOOLEAN":
            return isinstance(value, bool)
        case "STRING":
            return isinstance(value, str)
        case "COMBO":
            return _fits_combo(entry, value)
        case _:
            return True


def _fits_combo(entry: InputDefinition, value: Any) -> bool:
    if isinstance(value, list) or not entry.choices or value in entry.choices:
        return True
    return not is_control(value) and any(type(choice) is type(value) for choice in entry.choices)


@dataclass(frozen=True)
class Values:
    """What a node's widgets say, by input, and which of them cannot be right."""

    by_name: Mapping[str, Any]
    misfits: tuple[tuple[str, Any], ...] = ()


def values_of(definition: Definition, stored: Sequence[Any] | Mapping[str, Any] | None) -> Values:
    """The value of every widget that a prompt gets, defaults where the file has none."""
    if isinstance(stored, Mapping):
        found: dict[str, Any] = {name: stored[name] for name in definition.by_name if name in stored}
        return _complete(definition, found)
    if not stored:
        return _complete(definition, {})
    places = best_layout(definition, stored)
    pairs = [(place.input.name, value) for place, value in zip(places, stored, strict=False) if place.input]
    return _complete(definition, dict(pairs))


def best_layout(definition: Definition, stored: Sequence[Any]) -> list[Place]:
    """The layout that explains an array best: that of today, unless an older or slightly other one has
    fewer values out of place.
    """
    best = layout(definition)
    fewest = _misfits(best, stored)
    for places in _alternatives(definition, best, stored):
        if fewest == 0:
            break
        if (count := _misfits(places, stored)) < fewest:
            best, fewest = places, count
    return best


def _alternatives(definition: Definition, usual: list[Place], stored: Sequence[Any]) -> Iterator[list[Place]]:
    bare = [place for place in usual if place.extra not in ("control", "filter")]
    if len(stored) < len(usual):
        yield bare  # from before there were controls
    forced = layout(definition, forced=True)
    if len(forced) != len(usual) and len(stored) == len(forced):
        yield forced
    for index, place in enumerate(usual):
        if place.input is None:
            yield usual[:index] + usual[index + 1 :]
    if len(stored) >= len(usual):
        for index in reversed(range(len(usual))):
            yield [*usual[:index], Place(extra="unknown"), *usual[index:]]


def _misfits(places: Iterable[Place], stored: Sequence[Any]) -> int:
    return sum(not place.fits(value) for place, value in zip(places, stored, strict=False))


def _complete(definition: Definition, found: Mapping[str, Any]) -> Values:
    values: dict[str, Any] = {}
    misfits: list[tuple[str, Any]] = []
    for entry in definition.inputs:
        if not entry.has_widget or entry.widget_type in NOT_SENT:
            continue
        value = found.get(entry.name)
        if value is None:  # never touched, or a number that was NaN
            value = entry.default
        elif not fits(entry, value):
            misfits.append((entry.name, value))
        if value is not None or entry.type not in ("COMBO", "INT", "FLOAT", "STRING", "BOOLEAN"):
            values[entry.name] = value
    return Values(values, tuple(misfits))
