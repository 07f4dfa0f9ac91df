"""What runs must give and which nodes must run, worked out plainly: one node after the other, by recursion.

A node's result is filed under everything it depends on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from tests.engine.model_nodes import LAZY, chain, total, wants

Prompt = dict[str, dict[str, Any]]


def body(kind: str, given: dict[str, Any]) -> Any:
    """What a call of a node gives."""
    a = given.get("a", 0)
    match kind:
        case "Sum":
            return total(a, given["b"], given["c"])
        case "Pair":
            return (total(a), total(given["b"]))
        case "Name":
            return "xy"[total(given["value"]) % 2]
        case "Tick":
            return total(a)
        case "Tock":
            return (total(a),)
        case "Doze":
            return total(a, 1)
        case "Count":
            return Many(tuple(range(total(given["to"]))))
        case "Odd":
            return a if total(a) % 2 else BLOCKED
        case _:
            return given["yes"] if given["on"] else given["no"]


def linked(value: Any) -> str | None:
    """The node an input is linked to; None for a value."""
    return str(cast("list[Any]", value)[0]) if isinstance(value, list) else None


@dataclass(frozen=True)
class Many:
    """A list on a wire."""

    values: tuple[Any, ...]


BLOCKED = object()
Id = int


@dataclass
class Model:
    """All results ever made, by what they depend on."""

    folder: Path
    known: dict[Id, tuple[Any, Any]] = field(default_factory=dict[Id, tuple[Any, Any]])
    numbers: dict[str, Id] = field(default_factory=dict[str, Id])
    runs: int = 0

    def number(self, *parts: Any) -> Id:
        """The same number for the same parts, types included."""
        return self.numbers.setdefault(repr(parts), len(self.numbers))

    def run(self, prompt: Prompt, versions: dict[str, int]) -> Run:
        """One run of all that is shown."""
        self.runs += 1
        run = Run(self, dict(prompt), versions)
        for name, entry in prompt.items():
            if entry["class_type"] == "Show":
                run.made(name)
        return run


class Run:
    """`ran` are the numbers of what ran, `fleeting` those of them that are never found again."""

    def __init__(self, model: Model, nodes: Prompt, versions: dict[str, int]) -> None:
        self.model = model
        self.nodes = nodes
        self.versions = versions
        self.ran: list[Id] = []
        self.fleeting: set[Id] = set()
        self.ids: dict[str, Id] = {}
        self.ui: dict[str, Any] = {}
        self._made: dict[str, Any] = {}
        self._origins: dict[str, tuple[Id, bool]] = {}

    def made(self, name: str) -> Any:
        """The value of a node, made if it has to be."""
        if name not in self._made:
            given = {key: self._given(value) for key, value in self._inputs(name).items() if key not in LAZY}
            number = self.ids[name] = self._number(name, given)
            if number not in self.model.known:
                self.ran.append(number)
                self.model.known[number] = self._call(name, given)
            value, ui = self.model.known[number]
            self._made[name] = value
            if ui is not None:
                self.ui[name] = {"shown": ui}
        return self._made[name]

    def number_of(self, name: str) -> Id | str:
        """What a node, or an equal one that it has run for, is filed under; its name if none is."""
        if name not in self.ids:
            same = (n for n in self.ids if self._origin(n) == self._origin(name))
            return self.ids.get(next(same, name), name)
        return self.ids[name]

    def _inputs(self, name: str) -> dict[str, Any]:
        return self.nodes[name]["inputs"]

    def _given(self, value: Any) -> Any:
        name = linked(value)
        return value if name is None else self.made(name)

    def _origin(self, name: str) -> tuple[Id, bool]:
        """A number for where a node comes from, and whether it is another one in each run."""
        if name not in self._origins:
            kind = self.nodes[name]["class_type"]
            once = kind in ("Tick", "Tock")
            parts: list[Any] = [name] if once else []
            for key, value in sorted(self._inputs(name).items()):
                behind = linked(value)
                if behind is not None:
                    source, other = self._origin(behind)
                    once = once or other or key == "name"
                    parts.append((key, "from", source))
                else:
                    parts.append((*self._literal(key, value), False))
            self._origins[name] = self._whole(kind, parts, once), once
        return self._origins[name]

    def _number(self, name: str, given: dict[str, Any]) -> Id:
        """A number for what the result depends on. Plain values count as they are, others by origin."""
        kind = self.nodes[name]["class_type"]
        origin, _ = self._origin(name)
        parts: list[Any] = []
        for key, value in sorted(self._inputs(name).items()):
            behind = linked(value)
            if behind is None:
                parts.append((*self._literal(key, value), False))
            elif key not in LAZY and type(given[key]) in (int, str, bool):
                # A linked name of a file is not taken for the same name given as a value.
                parts.append((*self._literal(key, given[key]), key == "name"))
            else:
                source = self._origin(behind)[0] if key in LAZY else self.ids[behind]
                once = self._origin(behind)[1] if key in LAZY else source in self.fleeting
                if once or key == "name":
                    self.fleeting.add(origin)
                    return origin
                parts.append((key, "from", source))
        if kind in ("Tick", "Tock"):
            self.fleeting.add(origin)
            return origin
        return self._whole(kind, parts, once=False)

    def _whole(self, kind: str, parts: list[Any], once: bool) -> Id:
        return self.model.number(kind, self.versions.get(kind, 1), self.model.runs if once else 0, parts)

    def _literal(self, key: str, value: Any) -> tuple[Any, ...]:
        if key == "name":
            return (key, value, (self.model.folder / value).read_text())
        return (key, "is", json.dumps(value))

    def _call(self, name: str, given: dict[str, Any]) -> tuple[Any, Any]:
        kind = self.nodes[name]["class_type"]
        if kind == "Total":
            values = given["values"].values if isinstance(given["values"], Many) else (given["values"],)
            return (BLOCKED if BLOCKED in values else total(*values)), None
        if kind.startswith("Switch"):
            self._ask(name, given)
        calls = spread(given)
        found = [self._one(name, i, call) for i, call in enumerate([given] if calls is None else calls)]
        shown = [ui for _, ui in found if ui is not None]
        ui = [one for each in shown for one in each] if shown else None
        if calls is None:
            return found[0][0], ui
        flat = [v for value, _ in found for v in (value.values if isinstance(value, Many) else (value,))]
        return Many(tuple(flat)), ui

    def _ask(self, name: str, given: dict[str, Any]) -> None:
        inputs = self._inputs(name)
        given.update({key: value for key, value in inputs.items() if linked(value) is None})
        given.update({key: None for key in inputs if key not in given})
        while True:
            calls = spread(given)
            asked = {
                key
                for call in ([given] if calls is None else calls)
                if call is not None
                for key in wants(**call)
                if given[key] is None
            }
            if not asked:
                return
            given.update({key: self.made(inputs[key][0]) for key in sorted(asked)})

    def _one(self, name: str, index: int, given: dict[str, Any] | None) -> tuple[Any, Any]:
        kind = self.nodes[name]["class_type"]
        if given is None:
            return BLOCKED, None
        if kind == "Show":
            return None, [repr(given["value"])]
        if kind == "Read":
            return int((self.model.folder / given["name"]).read_text()), None
        if kind == "Grow":
            prefix = f"{name}.{index}."
            self.nodes.update(chain(prefix, given["a"], given["length"]))
            return self.made(f"{prefix}{given['length'] - 1}"), None
        return body(kind, given), None


def spread(given: dict[str, Any]) -> list[dict[str, Any] | None] | None:
    """The calls, None for those that are blocked; None altogether without lists and blockers."""
    lists = [value.values for value in given.values() if isinstance(value, Many)]
    if not lists and BLOCKED not in given.values():
        return None
    if any(not values for values in lists):
        return []
    calls: list[dict[str, Any] | None] = []
    for i in range(max(map(len, lists), default=1)):
        call = {
            key: value.values[min(i, len(value.values) - 1)] if isinstance(value, Many) else value
            for key, value in given.items()
        }
        calls.append(None if BLOCKED in call.values() else call)
    return calls
