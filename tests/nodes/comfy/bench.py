"""V1 classes run as a worker runs them: adapted, validated, with a cache kept between prompts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from engine.cache import Cache, LruCache, MemoryCache
from engine.context import JobExtra
from engine.driver import Outcome, run_sync
from engine.events import Event, NodeFinished
from engine.folders import Folders
from engine.types import NodeId
from engine.validate import Validation, validate
from nodes.comfy.instances import Instances
from nodes.comfy.registry import PackRegistry
from nodes.comfy.v1 import adapt

Prompt = dict[str, Any]


def caches() -> dict[str, Cache]:
    """Those every behaviour holds with."""
    return {"memory": MemoryCache(2**30), "lru": LruCache(10_000)}


class Bench:
    """Runs prompts one after the other."""

    def __init__(self, classes: Mapping[str, type], cache: Cache) -> None:
        self.instances = Instances()
        self.registry = PackRegistry([])
        for name, owner in classes.items():
            self.registry.put(name, partial(adapt, owner, name, None, self.instances))
        self.cache = cache
        self.folders = Folders.at(Path())
        self.events: list[Event] = []
        self.extra = JobExtra()
        self._jobs = 0

    def check(self, prompt: Prompt, targets: list[str] | None = None) -> Validation:
        self.registry.renew(node["class_type"] for node in prompt.values())
        return validate(prompt, self.registry, self.folders, targets=targets)

    def run(self, prompt: Prompt, targets: list[str] | None = None) -> Outcome:
        """Run what is valid of a prompt, as the server does."""
        checked = self.check(prompt, targets)
        assert checked.graph is not None, checked.problems
        self._jobs += 1
        job = f"job{self._jobs}"
        self.events.clear()
        self.instances.begin(job, checked.graph.prompt)
        try:
            return run_sync(
                checked.graph,
                self.registry,
                self.cache,
                job_id=job,
                emit=self.events.append,
                targets=checked.good_targets,
                extra=self.extra,
                guard=torch.inference_mode,
            )
        finally:
            self.instances.end(job)

    def shown(self, prompt: Prompt, node: str = "show") -> list[Any]:
        """What a `Show` node showed; the run must succeed."""
        outcome = self.run(prompt)
        assert outcome.status == "success", outcome.errors
        return list(outcome.ui[NodeId(node)]["shown"])

    @property
    def announced(self) -> dict[str, list[Any]]:
        """The data for the canvas that the last run sent, by node."""
        return {
            str(event.node_id): list(event.ui["shown"])
            for event in self.events
            if isinstance(event, NodeFinished) and event.ui is not None and "shown" in event.ui
        }


def graph(**nodes: tuple[str, dict[str, Any]]) -> Prompt:
    """`graph(a=("Constant", {"value": 1}))`; a tuple `("a", 0)` as a value is a link."""

    def wire(value: Any) -> Any:
        return [value[0], value[1]] if isinstance(value, tuple) else value

    return {
        name: {"class_type": kind, "inputs": {k: wire(v) for k, v in inputs.items()}}
        for name, (kind, inputs) in nodes.items()
    }


def ran(outcome: Outcome) -> set[str]:
    """The submitted nodes that ran."""
    return {str(node) for node in outcome.executed if "." not in str(node)}
