"""Socket types as values, the markers that describe an input, and which outputs fit which inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

NodeId = NewType("NodeId", str)
"""The id of a node inside one prompt: any non-empty string."""

WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class Socket:
    """The wire type of a value, for `Annotated[Tensor, Socket("IMAGE")]`. Unions are comma-separated:
    `"IMAGE,MASK"`.

    An output with `is_list` returns a list; consumers are called once for each value (`engine.items`).
    """

    name: str
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of a number. `step` and `round` only steer the canvas widget."""

    min: float | None = None
    max: float | None = None
    step: float | None = None
    round: float | None = None


@dataclass(frozen=True, slots=True)
class Multiline:
    """A STRING edited in a text area; `dynamic_prompts` lets the canvas expand `{a|b}`."""

    dynamic_prompts: bool = False


@dataclass(frozen=True, slots=True)
class SeedControl:
    """An INT the canvas may change after each run (fixed, increment, decrement, randomize)."""


@dataclass(frozen=True, slots=True)
class Files:
    """A combo of the files of one folder kind; `"input"` and `"output"` stand for the images of those
    folders, `"latents"` for the latents in the input folder.
    """

    kind: str


@dataclass(frozen=True, slots=True)
class Choices:
    """A combo whose choices are computed; prefer `Literal` where they can be written down."""

    values: tuple[str | int | float, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """The words a BOOLEAN shows for its two states."""

    on: str
    off: str


@dataclass(frozen=True, slots=True)
class ForceInput:
    """A number, string or boolean that is a socket on the canvas instead of a widget."""


@dataclass(frozen=True, slots=True)
class Lazy:
    """An input whose source runs only if the node's `needs` asks for it; until then it is None."""


@dataclass(frozen=True, slots=True)
class OptionalInput:
    """An input a prompt may leave out; the parameter's default then applies."""


@dataclass(frozen=True, slots=True)
class Uncacheable:
    """What a `fingerprint` returns when nothing can stand for what the node reads; people see `reason`."""

    reason: str


def accepts(target: str, source: str) -> bool:
    """Whether an output of type `source` may feed an input of type `target`.

    Equal names fit, comma-separated unions fit when they share a member, and `*` fits everything. Names are
    case-sensitive and nothing is converted: INT does not fit FLOAT.
    """
    if target == source:
        return True
    targets = {part.strip() for part in target.split(",")}
    sources = {part.strip() for part in source.split(",")}
    return WILDCARD in targets or WILDCARD in sources or not targets.isdisjoint(sources)
