"""The objects V1 nodes run as: one for each node id and class, kept while prompts go on containing them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.context import Context
from engine.graph import as_object


@dataclass(frozen=True)
class _Kept:
    instance: Any
    made_by: type
    root: str
    root_class: str | None


class Instances:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._running: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()

    def begin(self, job: str, prompt: Mapping[str, Any]) -> None:
        """A run of this prompt starts: objects of nodes that no run in progress has are let go."""
        with self._lock:
            self._running[job] = prompt
            wanted = {pair for running in self._running.values() for pair in _nodes(running)}
            self._kept = {k: v for k, v in self._kept.items() if (v.root, v.root_class) in wanted}

    def end(self, job: str) -> None:
        """The run is over; its objects stay until another prompt starts."""
        with self._lock:
            self._running.pop(job, None)

    def of(self, owner: type, name: str, context: Context) -> Any:
        """The object of the node that runs in `context`, made without arguments the first time."""
        node = str(context.node_id)
        with self._lock:
            kept = self._kept.get((node, name))
            if kept is not None and kept.made_by is owner:
                return kept.instance
        root = str(context.graph.root(context.node_id))
        entry = as_object(context.prompt.get(root)) or {}
        instance = owner()
        with self._lock:
            self._kept[node, name] = _Kept(instance, owner, root, entry.get("class_type"))
        return instance

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._kept.clear()


def _nodes(prompt: Mapping[str, Any]) -> set[tuple[str, str | None]]:
    return {(name, (as_object(entry) or {}).get("class_type")) for name, entry in prompt.items()}
