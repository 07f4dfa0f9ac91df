"""Which node runs when. A state machine without threads, clocks or values; drivers around it do the work.

    next(lane) -> node      the best ready node of a lane; it is running now
    complete(node)          its consumers may become ready
    fail(node)              what depends on it will not run; the rest goes on
    skip(node)              it stopped without result or error; what depends on it will not run

Cost: a heap operation per node and a counter per link. `complete`, `fail` and `skip` return the nodes whose
values nobody needs any more.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.types import NodeId

State = Literal["waiting", "ready", "running", "done", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Traits:
    """What scheduling knows of a node. `eager` ones (outputs, async) are preferred, and their sources."""

    lane: str
    eager: bool = False


class Execution:
    """One run. `sources` gives each node's distinct sources; `at_hand` nodes need none."""

    def __init__(
        self,
        targets: Iterable[NodeId],
        sources: Mapping[NodeId, Sequence[NodeId]],
        traits: Mapping[NodeId, Traits],
        at_hand: Collection[NodeId] = (),
    ) -> None:
        self._sources = sources
        self._traits = traits
        self._consumers: dict[NodeId, list[NodeId]] = {}
        self._waiting_for: dict[NodeId, int] = {}
        self._uses: dict[NodeId, int] = {}
        self._rank: dict[NodeId, tuple[int, int]] = {}
        self._ready: dict[str, list[tuple[tuple[int, int], NodeId]]] = {}
        self._open = 0
        self.states: dict[NodeId, State] = {}
        self._demand(list(targets), at_hand)

    @property
    def finished(self) -> bool:
        """Whether every node is done, failed or skipped."""
        return self._open == 0

    def ready(self, lane: str) -> int:
        """How many nodes of a lane could start now."""
        return len(self._ready.get(lane, ()))

    @property
    def lanes(self) -> Collection[str]:
        """Lanes that have had a ready node."""
        return self._ready.keys()

    def next(self, lane: str) -> NodeId | None:
        """Take the best ready node of a lane: eager ones, then their sources, then theirs, then by age."""
        queue = self._ready.get(lane)
        if not queue:
            return None
        node = heapq.heappop(queue)[1]
        self.states[node] = "running"
        return node

    def complete(self, node: NodeId) -> list[NodeId]:
        """The running node has its result."""
        self._close(node, "done")
        for consumer in self._consumers.get(node, ()):
            self._waiting_for[consumer] -= 1
            if self._waiting_for[consumer] == 0 and self.states[consumer] == "waiting":
                self._enqueue(consumer)
        return self._release(node)

    def fail(self, node: NodeId) -> list[NodeId]:
        """The running node failed; everything that depends on it is skipped."""
        self._close(node, "failed")
        return self._release(node) + self._abandon(node)

    def skip(self, node: NodeId) -> list[NodeId]:
        """The running node stopped without result or error; everything that depends on it is skipped."""
        self._close(node, "skipped")
        return self._release(node) + self._abandon(node)

    def skip_all(self) -> None:
        """Nothing more is to start; what runs may still end."""
        for queue in self._ready.values():
            queue.clear()
        for node, state in self.states.items():
            if state in ("waiting", "ready"):
                self._close(node, "skipped")

    def _demand(self, targets: Sequence[NodeId], at_hand: Collection[NodeId]) -> None:
        """Take in the targets and what they need, not looking behind results that are at hand."""
        stack = list(reversed(targets))
        needed: list[NodeId] = []
        states, sources, consumers, waiting_for = (
            self.states,
            self._sources,
            self._consumers,
            self._waiting_for,
        )
        uses = self._uses
        while stack:
            node = stack.pop()
            if node in states:
                continue
            if node in at_hand:
                states[node] = "done"
                continue
            states[node] = "waiting"
            needed.append(node)
            stack.extend(sources[node])
        for node in needed:
            waiting = 0
            for source in sources[node]:
                uses[source] = uses.get(source, 0) + 1
                consumers.setdefault(source, []).append(node)
                waiting += states[source] != "done"
            waiting_for[node] = waiting
        for target in targets:
            # The run's caller uses a target's value, so it is never released.
            uses[target] = uses.get(target, 0) + 1
        self._open += len(needed)
        self._prefer(needed)
        for node in needed:
            if not waiting_for[node]:
                self._enqueue(node)

    def _prefer(self, needed: Sequence[NodeId]) -> None:
        """Rank 0 for eager nodes, 1 for their sources, 2 for the sources of those, 3 for the rest."""
        distance = {node: 0 for node in needed if self._traits[node].eager}
        layer = list(distance)
        for rank in (1, 2):
            behind: list[NodeId] = []
            for node in layer:
                for source in self._sources.get(node, ()):
                    if source not in distance:
                        distance[source] = rank
                        behind.append(source)
            layer = behind
        for age, node in enumerate(needed):
            self._rank[node] = (distance.get(node, 3), age)

    def _enqueue(self, node: NodeId) -> None:
        self.states[node] = "ready"
        queue = self._ready.setdefault(self._traits[node].lane, [])
        heapq.heappush(queue, (self._rank[node], node))

    def _close(self, node: NodeId, state: State) -> None:
        self.states[node] = state
        self._open -= 1

    def _release(self, node: NodeId) -> list[NodeId]:
        """Whose values nobody needs now that `node` has ended: its sources, and itself without consumers."""
        released: list[NodeId] = []
        for source in self._sources[node]:
            self._uses[source] -= 1
            if not self._uses[source]:
                released.append(source)
        if not self._uses.get(node):
            released.append(node)
        return released

    def _abandon(self, node: NodeId) -> list[NodeId]:
        """Skip everything that waits, directly or not, for a node that has no result."""
        released: list[NodeId] = []
        stack = list(self._consumers.get(node, ()))
        while stack:
            waiting = stack.pop()
            if self.states[waiting] == "waiting":
                self._close(waiting, "skipped")
                released.extend(self._release(waiting))
                stack.extend(self._consumers.get(waiting, ()))
        return released
