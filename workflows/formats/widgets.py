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
        if self.input is not None:
            return fits(self.input, value)
        match self.extra:
            case "control":
                return value is None or isinstance(value, bool) or is_control(value)
            case "hidden":
                return value is None or isinstance(value, bool | str)
            case "filter" | "upload":
                return value is None or isinstance(value, str)
            case _:
                return True


def is_control(value: Any) -> bool:
    """Whether it is a word of the control "after generate"."""
    return isinstance(value, str) and value in CONTROLS


def layout(definition: Definition, *, forced: bool = False) -> list[Place]:
    """What the array of a class holds. `forced` counts sockets that old clients kept a placeholder for."""
    places: list[Place] = []
    for entry in definition.inputs:
        placeholder = forced and entry.forced
        if entry.has_widget or placeholder:
            hidden = "placeholder" if placeholder else "hidden" if entry.widget_type in NOT_SENT else ""
            places.append(Place(extra=hidden) if hidden else Place(entry))
            places += [Place(extra="control"), Place(extra="filter")][: entry.controls]
            if entry.options.get("remote"):
                places += [Place(extra="hidden")] * 2  # whether it happens by itself, and the button
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
        case "STRING" | "COLOR":
            return isinstance(value, str)
        case "COMBO":
            return _fits_combo(entry, value)
        case _:
            return True


def _fits_combo(entry: InputDefinition, value: Any) -> bool:
    """Whether it is like the choices: one that is gone is kept. A word of the control stands one place too
    early.
    """
    choices = entry.choices or ()
    like = [choice for choice in choices if _kind(choice) == _kind(value)]
    if value in like:
        return True
    if isinstance(value, list):
        return bool(entry.options.get("multi_select"))
    return not is_control(value) and (bool(like) or not choices)


def _kind(value: object) -> str:
    """What JSON calls it: true is no number."""
    return "float" if type(value) is int else type(value).__name__


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
    """The layout that has the fewest values out of place; of equal ones the more usual."""
    best, fewest = layout(definition), -1
    for places in _layouts(definition, len(stored)):
        count = _misfits(places, stored)
        if fewest < 0 or count < fewest:
            best, fewest = places, count
        if fewest == 0:
            break
    return best


def _layouts(definition: Definition, length: int) -> Iterator[list[Place]]:
    """What an array of this length may hold: what it does today, did once, or with one value astray."""
    usual, forced = layout(definition), layout(definition, forced=True)
    if len(forced) == length != len(usual):
        yield forced
    yield usual
    if length < len(usual):  # from before there were controls
        yield [place for place in usual if place.extra not in ("control", "filter")]
    extras = [index for index, place in enumerate(usual) if place.input is None]
    for index in extras:
        yield usual[:index] + usual[index + 1 :]
    for extra in extras:
        others = usual[:extra] + usual[extra + 1 :]
        for index in reversed(range(len(usual))):
            yield [*others[:index], usual[extra], *others[index:]]
    if length > len(usual):
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
        if value is None and not (entry.name in found and entry.choices):  # a number that was NaN, say
            value = entry.default
        elif not fits(entry, value):
            misfits.append((entry.name, value))
        if (
            value is not None
            or entry.choices
            or entry.type not in ("COMBO", "INT", "FLOAT", "STRING", "BOOLEAN")
        ):
            values[entry.name] = value
    return Values(values, tuple(misfits))
