"""The graph of a run, which nodes may extend while it runs (`engine.returns.Expand`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.graph import Graph, Link, Node, as_link, as_list, unwrap
from engine.types import NodeId


class DuplicateNode(ValueError):
    """An expansion uses an id that the run already has."""

    def __init__(self, node: str) -> None:
        super().__init__(f"the expansion adds a node {node!r}, but the run already has one of that id")
        self.remedy = "Use GraphBuilder, or put the expanding node's id in front of each new id"


DISPLAY = "override_display_id"
"""Key of a node that the canvas shows as another."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a node that the canvas does not have comes from. `root` is the first ancestor that was submitted.

    A submitted node that stands in for another has no `parent` and is its own root.
    """

    parent: NodeId | None
    root: NodeId
    display: NodeId
    """The node the canvas shows in its place."""


class GrownGraph:
    """The submitted nodes and those added since. Lookups cost the same at any depth of expansion."""

    def __init__(self, graph: Graph) -> None:
        self.submitted = graph
        self.nodes: dict[NodeId, Node] = dict(graph.nodes)
        self.entries: dict[NodeId, Mapping[str, Any]] = {}
        """The added nodes as the expansions gave them."""
        self._origins = {
            node: Origin(None, node, NodeId(str(graph.prompt[node][DISPLAY])))
            for node in graph.nodes
            if DISPLAY in graph.prompt.get(node, ())
        }

    def __getitem__(self, node: NodeId) -> Node:
        return self.nodes[node]

    def __contains__(self, node: object) -> bool:
        return node in self.nodes

    def __iter__(self) -> Iterator[NodeId]:
        return iter(self.nodes)

    def origin(self, node: NodeId) -> Origin | None:
        """Where a node comes from that the canvas does not have; None for one that it has."""
        return self._origins.get(node)

    def root(self, node: NodeId) -> NodeId:
        """The submitted node an added one belongs to; a submitted one itself."""
        origin = self._origins.get(node)
        return node if origin is None else origin.root

    def display(self, node: NodeId) -> NodeId:
        """The node the canvas shows for this one."""
        origin = self._origins.get(node)
        return node if origin is None else origin.display

    def entry(self, node: NodeId) -> Mapping[str, Any]:
        """The node as JSON gave it: `class_type` and `inputs`. Raises KeyError."""
        return self.entries[node] if node in self.entries else self.submitted.prompt[node]

    def extend(self, parent: NodeId, entries: Mapping[str, Mapping[str, Any]]) -> list[Node]:
        """Take in an expansion's nodes. Raises DuplicateNode, or ValueError for what is no node.

        A list of an id and a slot is a link if a node of that id exists; any other object is a literal.
        """
        for name in entries:
            if name in self:
                raise DuplicateNode(name)
        made: list[Node] = []
        for name, entry in entries.items():
            class_type: object = entry.get("class_type")
            if not isinstance(class_type, str):
                raise ValueError(f"the expansion's node {name!r} has no class_type")
            literals: dict[str, Any] = {}
            links: dict[str, Link] = {}
            inputs: Mapping[str, Any] = entry.get("inputs", {})
            for key, value in inputs.items():
                link = as_link(value) if as_list(value) is not None else None
                if link is not None and (link.node in entries or link.node in self):
                    links[key] = link
                else:
                    literals[key] = unwrap(value)
            made.append(Node(NodeId(name), class_type, literals, links))
        for node in made:
            self._adopt(parent, node, entries[node.id])
        return made

    def _adopt(self, parent: NodeId, node: Node, entry: Mapping[str, Any]) -> None:
        self.nodes[node.id] = node
        self.entries[node.id] = entry
        shown: object = entry.get(DISPLAY)
        display = self.display(parent) if shown is None else self.display(NodeId(str(shown)))
        self._origins[node.id] = Origin(parent, self.root(parent), display)
