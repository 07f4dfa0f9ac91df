"""A workflow file in memory: graphs of nodes and numbered links, as the file has them but repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

INPUTS = "-10"
"""Id of a subgraph's own inputs, seen from inside."""
OUTPUTS = "-20"
"""Id of its outputs."""
MUTED = 2
BYPASSED = 4
REROUTE = "Reroute"
PRIMITIVE = "PrimitiveNode"
WORKFLOW = "workflow/"
"""What the class of a released workflow begins with: `workflow/NAME@1.2.0`."""


@dataclass(frozen=True)
class Slot:
    """An input of a node in a file; `widget` names the widget it stands for."""

    name: str
    type: str
    link: str | None = None
    widget: str | None = None


@dataclass(frozen=True)
class Link:
    """From an output to an input. Node ids are text, whatever they were in the file."""

    id: str
    origin: str
    origin_slot: int
    target: str
    target_slot: int


def link_of(link_id: str, origin: Any, origin_slot: Any, target: Any, target_slot: Any) -> Link | None:
    """A link from values as files have them; None if they make none."""
    try:
        return Link(link_id, str(origin), int(origin_slot), str(target), int(target_slot))
    except (TypeError, ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class Node:
    """One node of a file."""

    id: str
    type: str
    mode: int
    inputs: tuple[Slot, ...]
    outputs: tuple[str, ...]
    """Types of its outputs."""
    values: list[Any] | Mapping[str, Any] | None
    """`widgets_values`: by position or by name."""
    title: str | None
    properties: Mapping[str, Any]

    def slot(self, name: str) -> Slot | None:
        """The input of that name."""
        return next((slot for slot in self.inputs if slot.name == name), None)

    @property
    def name_for_text(self) -> str | None:
        """The name other texts call it by."""
        found = self.properties.get("Node name for S&R")
        return found if isinstance(found, str) else None


@dataclass(frozen=True)
class Graph:
    """Nodes by id, in the order of the file, and links by id."""

    nodes: Mapping[str, Node]
    links: Mapping[str, Link]

    @cached_property
    def ends(self) -> Mapping[str, tuple[Node, Slot]]:
        """The input each link ends at: what the inputs say counts, not what the link does."""
        found: dict[str, tuple[Node, Slot]] = {}
        for node in self.nodes.values():
            for slot in node.inputs:
                if slot.link is not None:
                    found.setdefault(slot.link, (node, slot))
        return found


@dataclass(frozen=True)
class Port:
    """An input or output of a subgraph as a whole, and the links inside that begin or end there."""

    name: str
    type: str
    links: tuple[str, ...]


@dataclass(frozen=True)
class Subgraph:
    """A definition that nodes of type `id` are instances of."""

    id: str
    name: str
    graph: Graph
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    positions: tuple[str | None, ...] | None = None
    """For a group node: which input each of an instance's values is for, None for values that are not
    sent. A subgraph's instances have a value for each promoted widget instead.
    """


@dataclass(frozen=True)
class Workflow:
    """A whole file."""

    root: Graph
    subgraphs: Mapping[str, Subgraph] = field(default_factory=dict[str, Subgraph])
