"""Graphs over the small checkpoint, and a way to run them in this process."""

import argparse
from pathlib import Path
from typing import Any

from cli.arguments import parse
from cli.host import host_of
from cli.setup import folders_of
from engine.driver import Outcome, run_sync
from engine.events import Event, NodeWarned
from engine.types import NodeId
from engine.validate import Validation, validate
from server.worker.host import Host

Graph = dict[str, dict[str, Any]]


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def text_to_image(checkpoint: str = "small.safetensors", **sampler: Any) -> Graph:
    settings = {
        "seed": 1, "steps": 2, "cfg": 3.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
        "model": ["load", 0], "positive": ["pos", 0], "negative": ["neg", 0], "latent_image": ["latent", 0],
    }  # fmt: skip
    return {
        "load": node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        "pos": node("CLIPTextEncode", text="a fox", clip=["load", 1]),
        "neg": node("CLIPTextEncode", text="", clip=["load", 1]),
        "latent": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "sample": node("KSampler", **{**settings, **sampler}),
        "decode": node("VAEDecode", samples=["sample", 0], vae=["load", 2]),
        "save": node("SaveImage", images=["decode", 0], filename_prefix="t"),
    }


class Bench:
    """A host that keeps its cache between runs."""

    def __init__(self, base: Path, *flags: str) -> None:
        self.options: argparse.Namespace = parse(
            ["worker", "--base-directory", str(base), "--cpu", "--force-fp32", *flags]
        )
        self.host: Host = host_of(self.options, folders_of(self.options))
        self.warnings: list[tuple[str, str]] = []
        """What nodes warned of in the last run."""

    def check(self, graph: Graph) -> Validation:
        return validate(graph, self.host.registry, self.host.folders)

    def run(self, graph: Graph, targets: list[str] | None = None) -> Outcome:
        checked = self.check(graph)
        assert checked.graph is not None, [problem.to_json() for problem in checked.problems]
        self.warnings = []
        return run_sync(
            checked.graph,
            self.host.registry,
            self.host.cache,
            emit=self._hear,
            resources=self.host.resources,
            folders=self.host.folders,
            guard=self.host.guard,
            describe=self.host.describe,
            journal=self.host.journal,
            targets=checked.good_targets if targets is None else [NodeId(target) for target in targets],
        )

    def _hear(self, event: Event) -> None:
        if isinstance(event, NodeWarned):
            self.warnings.append((event.node_id, event.message))

    def images(self, graph: Graph) -> list[dict[str, str]]:
        """Where the node `save` of a graph put its pictures."""
        outcome = self.run(graph)
        assert outcome.status == "success", outcome.errors
        return outcome.ui[NodeId("save")]["images"]

    def value(self, graph: Graph, node_id: str) -> Any:
        """The first output of one node."""
        outcome = self.run(graph, [node_id])
        assert outcome.status == "success", outcome.errors
        return outcome.values[NodeId(node_id)][0]
