"""Which node runs when. A state machine without threads, clocks or values; drivers around it do the work.

    demand(nodes)           these are to run, with all they need
    next(lane) -> node      the best ready node of a lane; it is running now
    complete(node)          its consumers may become ready
    fail(node)              what depends on it will not run; the rest goes on
    skip(node)              it stopped without result or error; what depends on it will not run
    wait(node, sources)     it needs more nodes first: lazy inputs, or those it has expanded into
    defer(node), wake(node) somebody else is making its result; try again

Cost: a heap operation per node and a counter per link. `complete`, `fail` and `skip` return the nodes whose
values nobody needs any more.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.types import NodeId

State = Literal["waiting", "ready", "running", "deferred", "done", "failed", "skipped"]
ENDED = frozenset({"done", "failed", "skipped"})


@dataclass(frozen=True, slots=True)
class Traits:
    """What scheduling knows of a node. `eager` ones (outputs, async) are preferred, and their sources."""

    lane: str
    eager: bool = False


class Execution:
    """One run.

    Args:
        sources: each node's distinct sources that must be done before it starts. May grow between calls.
        traits: likewise for every node that may have to run.
        later: sources a node may yet ask for (`wait`): their values are kept for it.
    """

    def __init__(
        self,
        sources: Mapping[NodeId, Sequence[NodeId]],
        traits: Mapping[NodeId, Traits],
        later: Mapping[NodeId, Sequence[NodeId]] | None = None,
    ) -> None:
        self._sources = sources
        self._traits = traits
        self._later: Mapping[NodeId, Sequence[NodeId]] = {} if later is None else later
        self._added: dict[NodeId, list[NodeId]] = {}
        self._let_go: set[NodeId] = set()
        self._consumers: dict[NodeId, list[NodeId]] = {}
        self._waiting_for: dict[NodeId, int] = {}
        self._uses: dict[NodeId, int] = {}
        self._rank: dict[NodeId, tuple[int, int]] = {}
        self._ready: dict[str, list[tuple[tuple[int, int], NodeId]]] = {}
        self._open_by_lane: dict[str, int] = {}
        self._open = 0
        self._age = 0
        self._still = False
        self.states: dict[NodeId, State] = {}
        self.skipped: list[NodeId] = []
        """Nodes that were skipped, for the caller to take note of and to clear."""

    @property
    def finished(self) -> bool:
        """Whether every node is done, failed or skipped."""
        return self._open == 0

    def ready(self, lane: str) -> int:
        """How many nodes of a lane could start now."""
        return len(self._ready.get(lane, ()))

    def open_in(self, lane: str) -> int:
        """How many nodes of a lane have not ended, as far as is known."""
        return self._open_by_lane.get(lane, 0)

    @property
    def lanes(self) -> Collection[str]:
        """Lanes that have had a ready node."""
        return self._ready.keys()

    def demand(
        self, targets: Iterable[NodeId], at_hand: Collection[NodeId] = (), *, keep: bool = True
    ) -> list[NodeId]:
        """Take in targets and what they need, not looking behind results that are `at_hand`.

        With `keep` the targets' values are never released. Nodes that are known already are left as they are.
        """
        self._still = False
        chosen = list(targets)
        needed = self._unknown(chosen, at_hand)
        for target in chosen if keep else ():
            self._uses[target] = self._uses.get(target, 0) + 1
        self._prefer(needed)
        released: list[NodeId] = []
        for node in needed:
            if self.states[node] != "waiting":
                continue
            if any(self.states[source] in ("failed", "skipped") for source in self._sources[node]):
                released.extend(self.skip(node))
            elif not self._waiting_for[node]:
                self._enqueue(node)
        return released

    def forget(self, node: NodeId) -> None:
        """A node that ended is to be run again, should it be demanded."""
        del self.states[node]
        self._consumers.pop(node, None)  # they have ended, too, or would be told of its end twice

    def next(self, lane: str) -> NodeId | None:
        """Take the best ready node of a lane: eager ones, then their sources, then theirs, then by age."""
        queue = self._ready.get(lane)
        while queue:
            node = heapq.heappop(queue)[1]
            if self.states[node] == "ready":
                self.states[node] = "running"
                return node
        return None

    def complete(self, node: NodeId) -> list[NodeId]:
        """The node has its result."""
        self._close(node, "done")
        for consumer in self._consumers.get(node, ()):
            self._waiting_for[consumer] -= 1
            if self._waiting_for[consumer] == 0 and self.states[consumer] == "waiting":
                self._enqueue(consumer)
        return self._release(node)

    def fail(self, node: NodeId) -> list[NodeId]:
        """The node failed; everything that depends on it is skipped."""
        self._close(node, "failed")
        return self._release(node) + self._abandon(node)

    def skip(self, node: NodeId) -> list[NodeId]:
        """The node stopped without result or error; everything that depends on it is skipped."""
        self._close(node, "skipped")
        return self._release(node) + self._abandon(node)

    def wait(self, node: NodeId, sources: Iterable[NodeId]) -> list[NodeId]:
        """The running node needs these demanded or finished ones as well; it becomes ready once more.

        If one of them has failed or was skipped, so is the node.
        """
        self._still = False
        more = list(dict.fromkeys(sources))
        for source in more:
            self._uses[source] = self._uses.get(source, 0) + 1
        self._added.setdefault(node, []).extend(more)
        if any(self.states[source] in ("failed", "skipped") for source in more):
            return self.skip(node)
        missing = [source for source in more if self.states[source] != "done"]
        for source in missing:
            self._consumers.setdefault(source, []).append(node)
        self._waiting_for[node] = len(missing)
        self.states[node] = "waiting"
        if not missing:
            self._enqueue(node)
        return []

    def let_go(self, node: NodeId) -> list[NodeId]:
        """The running node has yet to end, but will not be called again: it needs its inputs no more."""
        later, added = self._later.get(node, ()), self._added.pop(node, ())
        released = self._released((*self._sources[node], *later, *added))
        self._let_go.add(node)
        return released

    def defer(self, node: NodeId) -> None:
        """Somebody else is making the running node's result: it waits until `complete` or `wake`."""
        self.states[node] = "deferred"

    def wake(self, node: NodeId) -> None:
        """A deferred node is to run here after all."""
        if self.states[node] == "deferred":
            self._enqueue(node)

    def skip_all(self) -> None:
        """Nothing more is to start; what runs may still end."""
        if self._still:
            return
        self._still = True
        for queue in self._ready.values():
            queue.clear()
        for node, state in self.states.items():
            if state in ("waiting", "ready", "deferred"):
                self._close(node, "skipped")

    def circle(self, node: NodeId) -> tuple[NodeId, ...]:
        """A way along which a node waits for itself, with it at both ends; just the node if there is none."""
        came_from: dict[NodeId, NodeId] = {}
        stack = [node]
        while stack:
            one = stack.pop()
            for source in (*self._sources.get(one, ()), *self._added.get(one, ())):
                if source == node:
                    way = [node, one]
                    while way[-1] != node:
                        way.append(came_from[way[-1]])
                    return tuple(reversed(way)) if one != node else (node, node)
                if source not in came_from and self.states.get(source) == "waiting":
                    came_from[source] = one
                    stack.append(source)
        return (node,)

    def _unknown(self, targets: Sequence[NodeId], at_hand: Collection[NodeId]) -> list[NodeId]:
        """The nodes that are new, each after its consumers, with their counters set up."""
        stack = list(reversed(targets))
        needed: list[NodeId] = []
        states, sources, later = self.states, self._sources, self._later
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
        uses, consumers, waiting_for = self._uses, self._consumers, self._waiting_for
        lanes = self._open_by_lane
        for node in needed:
            waiting = 0
            for source in sources[node]:
                uses[source] = uses.get(source, 0) + 1
                if states[source] not in ENDED:
                    consumers.setdefault(source, []).append(node)
                    waiting += 1
            waiting_for[node] = waiting
            if later and node in later:
                for source in later[node]:
                    uses[source] = uses.get(source, 0) + 1
            lane = self._traits[node].lane
            lanes[lane] = lanes.get(lane, 0) + 1
        self._open += len(needed)
        return needed

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
        for age, node in enumerate(needed, self._age):
            self._rank[node] = (distance.get(node, 3), age)
        self._age += len(needed)

    def _enqueue(self, node: NodeId) -> None:
        self.states[node] = "ready"
        queue = self._ready.setdefault(self._traits[node].lane, [])
        heapq.heappush(queue, (self._rank[node], node))

    def _close(self, node: NodeId, state: State) -> None:
        self.states[node] = state
        self._open -= 1
        self._open_by_lane[self._traits[node].lane] -= 1
        if state == "skipped":
            self.skipped.append(node)

    def _release(self, node: NodeId) -> list[NodeId]:
        """Whose values nobody needs now that `node` has ended: its sources, and itself without consumers."""
        behind = self._sources[node]
        if node in self._let_go:
            self._let_go.discard(node)
            behind = self._added.pop(node, ())
        elif node in self._later or node in self._added:
            behind = [*behind, *self._later.get(node, ()), *self._added.pop(node, ())]
        released = self._released(behind)
        if not self._uses.get(node):
            released.append(node)
        return released

    def _released(self, sources: Iterable[NodeId]) -> list[NodeId]:
        """Those of the sources that one use less leaves without any."""
        released: list[NodeId] = []
        uses = self._uses
        for source in sources:
            uses[source] -= 1
            if not uses[source]:
                released.append(source)
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
