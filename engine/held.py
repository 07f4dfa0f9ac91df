"""What a run holds of its nodes: values until nobody needs them, and what unfinished nodes have asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.graph import Link
from engine.identity import Identities
from engine.plan import Plan, Supply
from engine.task import Result, Task
from engine.types import NodeId


@dataclass(frozen=True, slots=True)
class Expansion:
    """A node that has expanded and waits for what its outputs are linked to."""

    task: Task
    results: list[Result]


class Held:
    """Used with the session's lock held. `values` is by the node that really ran."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.values: dict[NodeId, tuple[Any, ...]] = {}
        self.identities = Identities(plan.keys, plan.stand_in, self.values)
        self.asked: dict[NodeId, set[str]] = {}
        """The lazy inputs that nodes have asked for."""
        self.expansions: dict[NodeId, Expansion] = {}
        self._expanded: set[NodeId] = set()

    def value(self, link: Link) -> Any:
        """What is on the wire. Raises IndexError when the node has no such output."""
        return self.values[self._plan.actual(link.node)][link.slot]

    def take(self, supply: Supply) -> None:
        """Take in what the cache gave."""
        for node, entry in supply.at_hand.items():
            self.values[node] = entry.values
            self.identities.known(node, entry.identity)

    def expands(self, task: Task, results: list[Result]) -> None:
        """The node has made more nodes."""
        self.expansions[task.node.id] = Expansion(task, results)
        self._expanded.add(task.node.id)

    def let_go(self, released: Iterable[NodeId]) -> None:
        """Drop values nobody is known to need, but for those that may be asked for again."""
        for node in released:
            if not self._lasts(node):
                self.values.pop(node, None)

    def _lasts(self, node: NodeId) -> bool:
        if node not in self._plan.graph.submitted.nodes:
            return False
        # While something is expanded, its body may be made once more and link to the same nodes again. What
        # has expanded cannot do so twice, and what is never the same twice must not change within a run.
        return bool(self.expansions) or node in self._expanded or node in self._plan.keys.volatile
