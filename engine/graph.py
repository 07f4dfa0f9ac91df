"""A prompt in API format as a frozen graph. No method recurses: a chain of 100,000 nodes is a valid graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from engine.types import NodeId

if TYPE_CHECKING:
    import networkx as nx

VALUE = "__value__"
"""Key that marks a wrapped literal: `{"__value__": ["a", 1]}` is the list itself, never a link."""


class GraphError(ValueError):
    """The prompt is not a graph in API format."""


class CycleError(GraphError):
    """The graph has a cycle; `path` goes around it, with the first node repeated at the end."""

    def __init__(self, path: tuple[NodeId, ...]) -> None:
        super().__init__(f"the graph has a cycle: {' -> '.join(path)}")
        self.path = path


class Link(NamedTuple):
    """The output an input is wired to."""

    node: NodeId
    slot: int


class Cycle(NamedTuple):
    """One way around, its first node repeated at the end, and all nodes of the knot it lies in."""

    path: tuple[NodeId, ...]
    members: tuple[NodeId, ...]


class Node(NamedTuple):
    """One node: its class, the inputs given as values and those given as links."""

    id: NodeId
    class_type: str
    literals: Mapping[str, Any]
    links: Mapping[str, Link]


@dataclass(frozen=True)
class Graph:
    """Nodes by id, in the prompt's order, and the prompt they came from (JSON, `_meta` included)."""

    nodes: Mapping[NodeId, Node]
    prompt: Mapping[str, Any]

    @classmethod
    def parse(cls, prompt: Mapping[str, Any]) -> Graph:
        """Build the graph of an API-format prompt or raise `GraphError`; classes are not checked."""
        nodes: dict[NodeId, Node] = {}
        for name, entry in prompt.items():
            fields = as_object(entry)
            class_type = None if fields is None else fields.get("class_type")
            inputs = None if fields is None else as_object(fields.get("inputs", {}))
            if not isinstance(class_type, str) or inputs is None:
                raise GraphError(f"node {name!r} needs a class_type and an object of inputs")
            literals: dict[str, Any] = {}
            links: dict[str, Link] = {}
            for key, value in inputs.items():
                link = as_link(value) if isinstance(value, list) else None
                if link is not None:
                    links[key] = link
                else:
                    literals[key] = unwrap(value) if isinstance(value, dict) else value
            nodes[NodeId(name)] = Node(NodeId(name), class_type, literals, links)
        return cls(MappingProxyType(nodes), prompt)

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, node: NodeId) -> Node:
        return self.nodes[node]

    @cached_property
    def digraph(self) -> nx.DiGraph[NodeId]:
        """The same graph for networkx's algorithms, edges from source to consumer."""
        graph: nx.DiGraph[NodeId] = _networkx().DiGraph()
        graph.add_nodes_from(self.nodes)
        for node in self.nodes.values():
            sources = {link.node for link in node.links.values()}
            graph.add_edges_from((source, node.id) for source in sources if source in self.nodes)
        return graph

    def order(self) -> list[NodeId]:
        """Every node after its sources. Raises `CycleError`."""
        nx = _networkx()
        try:
            return list(nx.topological_sort(self.digraph))
        except nx.NetworkXUnfeasible:
            raise CycleError(self.cycles()[0].path) from None

    def cycles(self) -> list[Cycle]:
        """The knots of nodes that reach each other, in the prompt's order; empty for a sound graph."""
        nx = _networkx()
        rank = {node: index for index, node in enumerate(self.nodes)}
        found: list[Cycle] = []
        for knot in nx.strongly_connected_components(self.digraph):
            first: NodeId = min(knot, key=rank.__getitem__)
            if len(knot) > 1 or self.digraph.has_edge(first, first):
                edges = list(nx.find_cycle(self.digraph.subgraph(knot), first))
                path = (*(edge[0] for edge in edges), edges[-1][1])
                found.append(Cycle(path, tuple(sorted(knot, key=rank.__getitem__))))
        return sorted(found, key=lambda cycle: rank[cycle.members[0]])

    def descendants(self, node: NodeId) -> set[NodeId]:
        """Every node that depends on `node`."""
        return _networkx().descendants(self.digraph, node)

    def ancestors(self, node: NodeId) -> set[NodeId]:
        """Every node that `node` depends on."""
        return _networkx().ancestors(self.digraph, node)

    def needed(self, roots: Iterable[NodeId]) -> list[NodeId]:
        """The roots and all they depend on, sources before consumers (on a cycle, in some order)."""
        order: list[NodeId] = []
        seen: set[NodeId] = set()
        stack: list[tuple[NodeId, bool]] = [(root, False) for root in reversed(list(roots))]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                order.append(node)
            elif node not in seen and node in self.nodes:
                seen.add(node)
                stack.append((node, True))
                stack.extend((link.node, False) for link in self.nodes[node].links.values())
        return order


def _networkx() -> Any:
    # Imported on first use: that takes longer than to run a thousand nodes. Its stubs are partly untyped.
    import networkx

    return networkx


def as_object(value: Any) -> Mapping[str, Any] | None:
    """The value if it is a JSON object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: Any) -> Sequence[Any] | None:
    """The value if it is a JSON array."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def as_link(value: Any) -> Link | None:
    """The link a JSON value stands for: a list of a node id and a slot number. Anything else is a literal."""
    pair = as_list(value)
    if pair is None or len(pair) != 2 or not isinstance(pair[0], str) or not isinstance(pair[1], int):
        return None
    return Link(NodeId(pair[0]), int(pair[1]))


def unwrap(value: Any) -> Any:
    """The literal inside `{"__value__": ...}`, or the value itself."""
    wrapped = as_object(value)
    return wrapped[VALUE] if wrapped is not None and VALUE in wrapped else value


def wrap(value: Any) -> Any:
    """A literal as it may stand in a prompt: wrapped where it would be taken for something else."""
    wrapped = as_object(value)
    ambiguous = as_list(value) is not None or (wrapped is not None and VALUE in wrapped)
    return {VALUE: value} if ambiguous else value
