"""Which worker has most of a job at hand: the models it has loaded and the results it keeps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from engine.events import Event, NodeFinished
from engine.folders import Folders
from engine.graph import Graph
from engine.keys import Key, keys
from engine.registry import Registry
from engine.types import NodeId
from server.jobs.records import Job

REMEMBERED = 50_000
"""Keys remembered for a worker: the ones used last."""


def static_keys(job: Job, registry: Registry, folders: Folders) -> Mapping[NodeId, Key]:
    """The keys of a job's nodes as far as they are known without the nodes' code. Blocks: it reads files."""
    graph = Graph.parse(job.graph)
    return keys(graph, registry, folders, [NodeId(target) for target in job.targets]).of


class Affinity:
    """The keys of the nodes each worker ran lately, with the seconds they took."""

    def __init__(self) -> None:
        self._ran: dict[int, OrderedDict[Key, float]] = {}

    def note(self, worker: int, event: Event, keys: Mapping[NodeId, Key]) -> None:
        """Learn from a node that finished on a worker; `keys` are its job's."""
        if isinstance(event, NodeFinished) and (key := keys.get(event.node_id)) is not None:
            ran = self._ran.setdefault(worker, OrderedDict())
            ran[key] = max(event.seconds, ran.get(key, 0.0))
            ran.move_to_end(key)
            if len(ran) > REMEMBERED:
                ran.popitem(last=False)

    def score(self, worker: int, keys: Iterable[Key]) -> float:
        """The seconds of work that a worker may have at hand."""
        ran = self._ran.get(worker)
        return sum(ran.get(key, 0.0) for key in keys) if ran else 0.0

    def forget(self, worker: int | None = None) -> None:
        """A worker, or every one, has lost what it had."""
        if worker is None:
            self._ran.clear()
        else:
            self._ran.pop(worker, None)
