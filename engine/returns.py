"""What a node may return besides its values: data for the canvas, more nodes, or nothing to go on with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ui(Generic[T]):
    """What an output node returns: data for the canvas and, if it has outputs, their values.

    `ui` maps a key such as `images` to a list of JSON values. A node without outputs is hinted `-> Ui`; one
    with outputs `-> Ui[Image]` or `-> Ui[SomeNamedTuple]`, and `values` then holds one value per output.
    """

    ui: Mapping[str, list[Any]]
    values: tuple[Any, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Blocker:
    """A value that stops what depends on it: a node given one is not called, and passes it on.

    With a `message` the first node it reaches is reported, and the run goes on and may succeed.
    """

    message: str | None = None


@dataclass(frozen=True, slots=True)
class Expand:
    """More nodes to run in place of the node that returns this: loops, or subgraphs made while running.

    Args:
        nodes: in API format. Ids must be new in this run, literals may be any objects, and links may lead to
            each other and to nodes of the prompt. `override_display_id` names the node the canvas shows.
        values: one per output; an `engine.graph.Link` stands for what that node will give.
        ui: data for the canvas, shown at once.
    """

    nodes: Mapping[str, Mapping[str, Any]]
    values: tuple[Any, ...] = ()
    ui: Mapping[str, list[Any]] | None = None
