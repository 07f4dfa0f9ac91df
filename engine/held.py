"""The values of a run, from when they are made until nobody needs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.graph import Link
from engine.identity import Identities
from engine.plan import Plan, Supply
from engine.types import NodeId


class Held:
    """Used with the session's lock held. `values` is by the node that really ran."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.values: dict[NodeId, tuple[Any, ...]] = {}
        self.identities = Identities(plan.keys, plan.stand_in, self.values)
        self.growing = 0
        """Nodes that have expanded and are not done."""
        self._expanded: set[NodeId] = set()

    def value(self, link: Link) -> Any:
        """What is on the wire. Raises IndexError when the node has no such output."""
        return self.values[self._plan.actual(link.node)][link.slot]

    def take(self, supply: Supply) -> None:
        """Take in what the cache gave."""
        for node, entry in supply.at_hand.items():
            self.values[node] = entry.values
            self.identities.known(node, entry.identity)

    def expands(self, node: NodeId) -> None:
        """The node has made more nodes."""
        self.growing += 1
        self._expanded.add(node)

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
        return self.growing > 0 or node in self._expanded or node in self._plan.keys.volatile
