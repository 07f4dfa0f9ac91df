"""A dry run: what would run, what is a hit and from where, and what makes each miss a miss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from engine.cache import Cache, Entry, NoCache, Tier
from engine.events import Reason, Usage
from engine.folders import Folders
from engine.graph import Graph
from engine.journal import Journal
from engine.keys import Key
from engine.plan import Plan
from engine.registry import Registry
from engine.types import NodeId

Fate = Literal["run", "maybe", "hit", "behind_hit", "twin"]
"""`maybe` runs if a lazy input is asked for; `behind_hit` is not needed because what it feeds is a hit."""


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one node. `usage` is what it took last time, or what one of its class took."""

    node_id: NodeId
    class_type: str
    fate: Fate
    tier: Tier | None = None
    reason: Reason | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps, sources before consumers.

    `seconds` adds up the expected times of what runs, `peak_bytes` is the largest expected need of one node;
    None where nothing is known. Fewer nodes may run: a node whose inputs come out the same as before is not
    run again, which only the run itself can tell.
    """

    steps: tuple[Step, ...]
    seconds: float | None
    peak_bytes: int | None
    unknown: int
    """Nodes that would run and of which no time is known."""

    def to_json(self) -> dict[str, Any]:
        """`{"nodes": {id: ...}, "seconds", "peak_bytes", "unknown"}`; fields without a value are left out."""
        nodes = {step.node_id: _present(asdict(step)) for step in self.steps}
        for step in nodes.values():
            del step["node_id"]
        return {
            "nodes": nodes,
            "seconds": self.seconds,
            "peak_bytes": self.peak_bytes,
            "unknown": self.unknown,
        }


def explain(
    graph: Graph,
    registry: Registry,
    cache: Cache,
    folders: Folders,
    journal: Journal,
    targets: Iterable[str] | None = None,
) -> Explanation:
    """What `run` with the same arguments would do. Runs nothing and changes nothing."""
    ids = None if targets is None else [NodeId(target) for target in targets]
    plan = Plan(graph, registry, _Untouched(cache), folders, ids)
    maybe = _only_lazily(plan)
    steps = tuple(_step(plan, cache, journal, node, maybe) for node in plan.keys.of)
    running = [step for step in steps if step.fate == "run"]
    known = [step.usage for step in running if step.usage is not None]
    peaks = [usage.peak_bytes for usage in known if usage.peak_bytes is not None]
    return Explanation(
        steps=steps,
        seconds=sum(usage.seconds for usage in known) if known or not running else None,
        peak_bytes=max(peaks, default=None),
        unknown=len(running) - len(known),
    )


def _step(plan: Plan, cache: Cache, journal: Journal, node: NodeId, maybe: Mapping[NodeId, None]) -> Step:
    class_type = plan.graph[node].class_type
    actual = plan.actual(node)
    if actual != node and (actual in plan.sources or actual in maybe):
        return Step(node, class_type, "twin", reason=Reason("equal", None, f"node {actual} runs for both"))
    if node in plan.sources or node in maybe:
        one, spec = plan.graph[node], plan.registry[class_type]
        tier = None if node in plan.keys.uncacheable else cache.tier(plan.keys.of[node])
        if tier is not None and node not in plan.sources:
            return Step(node, class_type, "hit", tier=tier)
        reason = journal.reason(plan.keys, one, spec)
        fate: Fate = "run" if node in plan.sources else "maybe"
        return Step(node, class_type, fate, reason=reason, usage=journal.expected(one))
    tier = cache.tier(plan.keys.of[actual])
    return Step(node, class_type, "hit" if actual in plan.supply.at_hand else "behind_hit", tier=tier)


def _only_lazily(plan: Plan) -> dict[NodeId, None]:
    """The nodes behind lazy inputs that nothing else needs."""
    found: dict[NodeId, None] = {}
    stack = [source for sources in plan.later.values() for source in sources]
    while stack:
        node = stack.pop()
        if node not in plan.sources and node not in plan.supply.at_hand and node not in found:
            found[node] = None
            stack.extend(plan.actual(link.node) for link in plan.graph[node].links.values())
    return found


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _present(value) if isinstance(value, dict) else value  # pyright: ignore[reportUnknownArgumentType]
        for name, value in values.items()
        if value is not None
    }


class _Untouched(NoCache):
    """Tells what a cache holds without changing it, or reading files for values nobody is going to use."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def get(self, key: Key) -> Entry | None:
        """The result from memory; an empty one for what is on disk."""
        tier = self._cache.tier(key)
        return self._cache.get(key) if tier == "memory" else None if tier is None else Entry(())

    def tier(self, key: Key) -> Tier | None:
        """Where the result is kept."""
        return self._cache.tier(key)
