"""What a run has to do: which nodes run, which results are at hand, and which nodes are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from engine.cache import Cache, Entry, Tier
from engine.execution import Traits
from engine.folders import Folders
from engine.graph import CycleError, Graph
from engine.grown import GrownGraph
from engine.keys import Key, KeyMaker
from engine.lanes import ASYNC
from engine.registry import Registry
from engine.shown import all_there
from engine.spec import NodeSpec
from engine.types import NodeId


@dataclass(frozen=True, slots=True)
class Supply:
    """What the cache gives towards some nodes, and what has to run for the rest."""

    at_hand: dict[NodeId, Entry] = field(default_factory=dict[NodeId, Entry])
    tiers: dict[NodeId, Tier] = field(default_factory=dict[NodeId, Tier])
    """Where each of them was; being used may have moved it."""
    to_run: list[NodeId] = field(default_factory=list[NodeId])


class Plan:
    """Made before a run, and added to when nodes expand. The mappings grow in place."""

    def __init__(
        self,
        graph: Graph,
        registry: Registry,
        cache: Cache,
        folders: Folders,
        targets: Iterable[NodeId] | None = None,
    ) -> None:
        """Work out a run of `targets` (all output nodes when None).

        Raises `GraphError` or `UnknownNode`.
        """
        if targets is None:
            targets = [n for n, node in graph.nodes.items() if registry[node.class_type].output_node]
        self.graph = GrownGraph(graph)
        self.targets = tuple(dict.fromkeys(targets))
        self.registry = registry
        self.keys = KeyMaker(self.graph.nodes, registry, folders)
        self.specs: dict[NodeId, NodeSpec] = {}
        self.traits: dict[NodeId, Traits] = {}
        self.sources: dict[NodeId, tuple[NodeId, ...]] = {}
        """The nodes that must run first, for each node that has to run."""
        self.later: dict[NodeId, tuple[NodeId, ...]] = {}
        """The sources of lazy inputs, which a node may ask for."""
        self.stand_in: dict[NodeId, NodeId] = {}
        """For a node whose key an earlier node has: that node, which runs for both."""
        self.twins: dict[NodeId, list[NodeId]] = {}
        """The same the other way round."""
        self._cache = cache
        self._folders = folders
        self._first: dict[Key, NodeId] = {}
        self._traits_of: dict[str, Traits] = {}
        self._make_keys(self.targets, _never)
        cache.begin(self.keys.of.values())
        self.supply = self._supply(self.targets, _never)
        self.cached = tuple(
            node
            for node, key in self.keys.of.items()
            if node not in self.keys.uncacheable and cache.tier(key) is not None
        )
        """Every needed node of the submitted graph whose result was in the cache at the start."""

    @property
    def missing(self) -> int:
        """How many nodes have to run."""
        return len(self.sources)

    def more(self, roots: Iterable[NodeId], in_hand: Callable[[NodeId], bool]) -> Supply:
        """Take in what `roots` need. `in_hand` tells of a node whether the run has its value or will have.

        Raises `CycleError` or `UnknownNode`.
        """
        chosen = tuple(roots)
        self._make_keys(chosen, in_hand)
        return self._supply(chosen, in_hand)

    def actual(self, node: NodeId) -> NodeId:
        """The node that runs for this one: itself, or an equal one."""
        return self.stand_in.get(node, node)

    def _make_keys(self, roots: Iterable[NodeId], in_hand: Callable[[NodeId], bool]) -> None:
        order = self._unkeyed(roots)
        self.keys.extend(order)
        first, of = self._first, self.keys.of
        for node in order:
            one = first.setdefault(of[node], node)
            if one != node and one in self.sources and not in_hand(one):
                first[of[node]] = node  # the other has run and its values are gone: it cannot stand in
            elif one != node:
                self.stand_in[node] = one
                self.twins.setdefault(one, []).append(node)

    def _unkeyed(self, roots: Iterable[NodeId]) -> list[NodeId]:
        """The nodes without keys behind the roots, sources before consumers."""
        nodes, known = self.graph.nodes, self.keys.of
        order: list[NodeId] = []
        entered: set[NodeId] = set()
        left: set[NodeId] = set()
        stack: list[tuple[NodeId, bool]] = [(root, False) for root in reversed(tuple(roots))]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                left.add(node)
                order.append(node)
            elif node in entered:
                # Its sources are still being looked at, so this way leads back to it.
                if node not in left:
                    way = [n for n, going in stack if going]
                    raise CycleError((*way[way.index(node) :], node))
            elif node not in known:
                entered.add(node)
                stack.append((node, True))
                stack.extend([(link.node, False) for link in nodes[node].links.values()])
        return order

    def _supply(self, roots: Iterable[NodeId], in_hand: Callable[[NodeId], bool]) -> Supply:
        supply = Supply()
        at_hand, to_run = supply.at_hand, supply.to_run
        seen: set[NodeId] = set()
        stack = [self.actual(root) for root in roots]
        while stack:
            node = stack.pop()
            if node in seen or in_hand(node):
                continue
            seen.add(node)
            tier = None if node in self.keys.uncacheable else self._cache.tier(self.keys.of[node])
            entry = None if tier is None else self._cache.get(self.keys.of[node])
            if tier is not None and entry is not None and all_there(entry.ui, self._folders):
                at_hand[node], supply.tiers[node] = entry, tier
            else:
                to_run.append(node)
                stack.extend(self._admit(node))
        return supply

    def _admit(self, node: NodeId) -> tuple[NodeId, ...]:
        """The node has to run: note what it is and what it needs first."""
        one = self.graph[node]
        spec = self.specs[node] = self.registry[one.class_type]
        traits = self._traits_of.get(spec.name)
        if traits is None:
            eager = spec.output_node or spec.is_async
            traits = self._traits_of[spec.name] = Traits(ASYNC if spec.is_async else spec.lane, eager)
        self.traits[node] = traits
        stand_in = self.stand_in
        if spec.lazy:
            self.later[node] = self._behind(node, lazy=True)
            found = self._behind(node, lazy=False)
        elif len(one.links) == 1:
            (link,) = one.links.values()
            found = (stand_in.get(link.node, link.node),)
        else:
            found = tuple({stand_in.get(link.node, link.node): None for link in one.links.values()})
        self.sources[node] = found
        return found

    def _behind(self, node: NodeId, *, lazy: bool) -> tuple[NodeId, ...]:
        names = self.specs[node].lazy
        links = self.graph[node].links.items()
        return tuple({self.actual(link.node): None for name, link in links if (name in names) is lazy})


def _never(node: NodeId) -> bool:
    return False
