"""What a run has to do: which nodes run, which results are at hand, and which nodes are the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.cache import Cache, Entry
from engine.folders import Folders
from engine.graph import Graph
from engine.keys import Key, Keys, keys
from engine.registry import Registry
from engine.spec import NodeSpec
from engine.types import NodeId


@dataclass(frozen=True)
class Plan:
    """Made before a run; `missing` counts the nodes that have to run."""

    graph: Graph
    targets: tuple[NodeId, ...]
    specs: Mapping[NodeId, NodeSpec]
    keys: Keys
    stand_in: Mapping[NodeId, NodeId]
    """For a node whose key an earlier node has: that node, which runs for both."""
    twins: Mapping[NodeId, tuple[NodeId, ...]]
    """The same the other way round."""
    sources: Mapping[NodeId, tuple[NodeId, ...]]
    """The nodes that must run first, for each node that has to run."""
    cached: tuple[NodeId, ...]
    """Every needed node whose result is in the cache."""

    @property
    def missing(self) -> int:
        return len(self.sources)


def plan(
    graph: Graph, registry: Registry, cache: Cache, folders: Folders, targets: Iterable[NodeId] | None = None
) -> tuple[Plan, dict[NodeId, Entry]]:
    """Work out a run of `targets` (all output nodes when None). Raises `GraphError` or `UnknownNode`.

    The second value holds the results from the cache that the run uses; nothing behind them is looked at.
    They are not part of the plan, so that each can be let go as soon as its consumers are done.
    """
    if targets is None:
        targets = [n for n, node in graph.nodes.items() if registry[node.class_type].output_node]
    roots = tuple(dict.fromkeys(targets))
    made = keys(graph, registry, folders, roots)
    stand_in, twins = _same(made.of)
    cache.begin(made.of.values())
    sources: dict[NodeId, tuple[NodeId, ...]] = {}
    at_hand: dict[NodeId, Entry] = {}
    stack = [stand_in.get(root, root) for root in roots]
    while stack:
        node = stack.pop()
        if node in sources or node in at_hand:
            continue
        entry = cache.get(made.of[node])
        if entry is not None:
            at_hand[node] = entry
            continue
        links = graph.nodes[node].links.values()
        behind = tuple(dict.fromkeys(stand_in.get(link.node, link.node) for link in links))
        sources[node] = behind
        stack.extend(behind)
    made_plan = Plan(
        graph=graph,
        targets=roots,
        specs={node: registry[graph.nodes[node].class_type] for node in sources},
        keys=made,
        stand_in=stand_in,
        twins=twins,
        sources=sources,
        cached=tuple(node for node, key in made.of.items() if key in cache),
    )
    return made_plan, at_hand


def _same(made: Mapping[NodeId, Key]) -> tuple[dict[NodeId, NodeId], dict[NodeId, tuple[NodeId, ...]]]:
    first: dict[Key, NodeId] = {}
    stand_in: dict[NodeId, NodeId] = {}
    twins: dict[NodeId, list[NodeId]] = {}
    for node, key in made.items():
        one = first.setdefault(key, node)
        if one != node:
            stand_in[node] = one
            twins.setdefault(one, []).append(node)
    return stand_in, {one: tuple(others) for one, others in twins.items()}
