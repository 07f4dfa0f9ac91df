"""A declaration read from JSON, with everything that is malformed told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from engine.graph import as_list, as_object
from workflows.functions.parts import FunctionError, Input, Output, Source, Target, Trouble
from workflows.functions.values import is_finite

INPUT_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
OUTPUT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class Parts(TypedDict):
    """What a declaration says."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    title: str
    description: str


def read(raw: Any) -> Parts:
    """The parts of a declaration. Raises FunctionError."""
    reader = _Reader()
    parts = reader.function(raw)
    if reader.problems:
        raise FunctionError(reader.problems)
    return parts


@dataclass
class _Reader:
    """Reads a declaration and collects what is wrong with its form."""

    problems: list[Trouble] = field(default_factory=list[Trouble])

    def function(self, raw: Any) -> Parts:
        entry = self._object("function", raw)
        inputs = [self._input(index, one) for index, one in enumerate(self._list("inputs", entry))]
        outputs = [self._output(index, one) for index, one in enumerate(self._list("outputs", entry))]
        self._unique("inputs", [one.name for one in inputs])
        self._unique("outputs", [one.name for one in outputs])
        return {
            "inputs": tuple(inputs),
            "outputs": tuple(outputs),
            "title": self._text("title", entry, "title"),
            "description": self._text("description", entry, "description"),
        }

    def _input(self, index: int, raw: Any) -> Input:
        entry, name, where = self._named("inputs", index, raw, INPUT_NAME)
        targets = tuple(
            Target(self._id(f"{where}.targets", one), self._text(f"{where}.targets", one, "input", need=True))
            for raw_target in self._list("targets", entry, where)
            for one in (self._object(f"{where}.targets", raw_target),)
        )
        if not targets:
            self._tell(f"{where}.targets", "names no input of a node; give at least one")
        low, high = self._number(where, entry, "min"), self._number(where, entry, "max")
        if low is not None and high is not None and low > high:
            self._tell(f"{where}.min", f"{low} is above max, {high}")
        step = self._number(where, entry, "step")
        if step is not None and step <= 0:
            self._tell(f"{where}.step", f"{step} must be above 0")
        return Input(
            name,
            self._text(f"{where}.type", entry, "type", need=True),
            targets,
            self._text(f"{where}.description", entry, "description"),
            entry.get("default"),
            low,
            high,
            step,
            self._flag(where, entry, "multiline"),
            self._options(where, entry),
            self._flag(where, entry, "several"),
            self._flag(where, entry, "required"),
            self._flag(where, entry, "seed"),
            self._flag(where, entry, "dynamic"),
        )

    def _output(self, index: int, raw: Any) -> Output:
        entry, name, where = self._named("outputs", index, raw, OUTPUT_NAME)
        source = self._object(f"{where}.source", entry.get("source"))
        slot = source.get("slot", 0)
        if not isinstance(slot, int) or isinstance(slot, bool) or slot < 0:
            self._tell(f"{where}.source.slot", f"{slot!r} is no output's number; the first is 0")
            slot = 0
        node = self._id(f"{where}.source", source)
        kind = self._text(f"{where}.type", entry, "type", need=True)
        return Output(
            name, kind, Source(node, slot), self._text(f"{where}.description", entry, "description")
        )

    def _named(
        self, kind: str, index: int, raw: Any, pattern: re.Pattern[str]
    ) -> tuple[Mapping[str, Any], str, str]:
        entry = self._object(f"{kind}.{index}", raw)
        name = entry.get("name")
        if isinstance(name, str) and pattern.fullmatch(name):
            return entry, name, f"{kind}.{name}"
        first = "a small letter" if pattern is INPUT_NAME else "a letter"
        then = "small letters, digits" if pattern is INPUT_NAME else "letters, digits"
        text = f"{name!r} is no name; begin with {first}, then {then} and _, at most 64 characters"
        self._tell(f"{kind}.{index}.name", text)
        return entry, str(name), f"{kind}.{index}"

    def _unique(self, kind: str, names: Sequence[str]) -> None:
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            self._tell(f"{kind}.{name}", f"{names.count(name)} {kind} have this name; give each its own")

    def _options(self, where: str, entry: Mapping[str, Any]) -> tuple[str | int | float, ...] | None:
        if entry.get("options") is None:
            return None
        options = as_list(entry["options"]) or []
        if not options or not all(_is_option(option) for option in options):
            self._tell(f"{where}.options", "must be a list of one or more texts or numbers")
            return None
        return tuple(dict.fromkeys(options))

    def _number(self, where: str, entry: Mapping[str, Any], key: str) -> float | None:
        value = entry.get(key)
        if value is None or (_is_number(value) and is_finite(value)):
            return value
        self._tell(f"{where}.{key}", f"{value!r} is no number")
        return None

    def _flag(self, where: str, entry: Mapping[str, Any], key: str) -> bool:
        value = entry.get(key)
        if value is not None and not isinstance(value, bool):
            self._tell(f"{where}.{key}", f"{value!r} is neither true nor false")
        return value is True

    def _text(self, where: str, entry: Mapping[str, Any], key: str, *, need: bool = False) -> str:
        value = entry.get(key)
        if isinstance(value, str) and (value or not need):
            return value
        if value is not None or need:
            self._tell(
                where, f"{key} must be a text, not {value!r}" if value is not None else f"needs {key!r}"
            )
        return ""

    def _id(self, where: str, entry: Mapping[str, Any]) -> str:
        value = entry.get("node")
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self._text(where, entry, "node", need=True)

    def _list(self, key: str, entry: Mapping[str, Any], within: str = "") -> Sequence[Any]:
        value = entry.get(key, [])
        found = as_list(value)
        if found is None:
            self._tell(f"{within}.{key}" if within else key, f"must be a list, not {type(value).__name__}")
        return found or []

    def _object(self, where: str, raw: Any) -> Mapping[str, Any]:
        found = as_object(raw)
        if found is None:
            self._tell(where, f"must be an object, not {type(raw).__name__}")
        return found or {}

    def _tell(self, where: str, message: str) -> None:
        self.problems.append(Trouble(where, message))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_option(value: object) -> bool:
    return isinstance(value, str) or _is_number(value)
