"""The parts of a declaration: inputs bound to inputs of nodes, outputs, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

WIDGETS = frozenset({"STRING", "INT", "FLOAT", "BOOLEAN", "COMBO"})
"""Types whose values are written down; every other type is a socket's."""
FILES = frozenset({"IMAGE", "MASK"})
"""Socket types that a caller outside a graph gives as a picture file."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing wrong with a declaration; `where` is a path in it, such as `inputs.prompt.min`."""

    where: str
    message: str

    def to_json(self) -> Json:
        return {"where": self.where, "message": self.message}


class FunctionError(ValueError):
    """A declaration that cannot be used; `problems` holds all that is wrong with it."""

    def __init__(self, problems: Sequence[Trouble]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{one.where}: {one.message}" for one in self.problems))


@dataclass(frozen=True, slots=True)
class Target:
    """The input of a node that a function's input sets. `node` is an id of the prompt, such as `12:7`."""

    node: str
    input: str


@dataclass(frozen=True, slots=True)
class Source:
    """The output of a node that a function returns."""

    node: str
    slot: int


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a function.

    None stands for what is not said: in a document the node's own definition then says it, and after
    `declared` there is none. A missing `default` leaves what the graph has.
    """

    name: str
    type: str
    targets: tuple[Target, ...]
    description: str = ""
    default: Any = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    multiline: bool = False
    options: tuple[str | int | float, ...] | None = None
    several: bool = False
    """Whether a COMBO takes a list of its options."""
    required: bool = False
    seed: bool = False
    """Whether `random` is a value."""
    dynamic: bool = False
    """Whether alternatives in its default, as `{red|blue}`, are chosen among for each call."""

    @property
    def is_widget(self) -> bool:
        """Whether its value can be written down."""
        return self.type in WIDGETS

    @property
    def takes_file(self) -> bool:
        """Whether a caller gives a picture file."""
        return self.type in FILES

    @property
    def callable(self) -> bool:
        """Whether a caller outside a graph can give it."""
        return self.is_widget or self.takes_file

    def to_json(self) -> Json:
        """As documents have it, without what is not said."""
        told: Json = {
            "name": self.name,
            "type": self.type,
            "targets": [{"node": target.node, "input": target.input} for target in self.targets],
        }
        for key in ("description", "multiline", "several", "required", "seed", "dynamic"):
            if getattr(self, key):
                told[key] = getattr(self, key)
        for key in ("default", "min", "max", "step"):
            if getattr(self, key) is not None:
                told[key] = getattr(self, key)
        if self.options is not None:
            told["options"] = list(self.options)
        return told


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a function."""

    name: str
    type: str
    source: Source
    description: str = ""

    def to_json(self) -> Json:
        """As documents have it."""
        told: Json = {
            "name": self.name,
            "type": self.type,
            "source": {"node": self.source.node, "slot": self.source.slot},
        }
        return {**told, "description": self.description} if self.description else told
