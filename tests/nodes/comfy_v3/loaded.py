"""The example pack, loaded as a worker loads it, and prompts run with it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from diffusion.placement import Placement
from diffusion.precision import Precision
from engine.cache import Cache
from engine.driver import Outcome, run_sync
from engine.events import Event
from engine.folders import Folders
from engine.registry import Registry
from engine.validate import Validation, validate
from nodes.comfy.hosting import Packs, load_packs
from tests.toys import Journal, number, show

EXAMPLES = Path(__file__).parents[2] / "packs"


@dataclass
class Ran:
    """How a prompt ended, and the events on the way."""

    outcome: Outcome
    events: list[Event] = field(default_factory=list[Event])

    @property
    def shown(self) -> dict[str, Any]:
        """What each output node showed."""
        assert not self.outcome.errors, self.outcome.errors[0].message + "\n".join(
            self.outcome.errors[0].traceback
        )
        return {node: ui["text"][0] for node, ui in self.outcome.ui.items()}


class Host:
    """A pack's nodes beside toy nodes."""

    def __init__(self, packs: Packs, resources: Mapping[type, object]) -> None:
        self.packs = packs
        self._resources = resources

    def validate(self, prompt: dict[str, Any]) -> Validation:
        return validate(prompt, self.packs.registry, self.packs.folders)

    def run(self, prompt: dict[str, Any], cache: Cache | None = None, **options: Any) -> Ran:
        """Run a prompt that must be sound."""
        checked = self.validate(prompt)
        assert checked.graph is not None, checked.problems
        events: list[Event] = []
        outcome = run_sync(
            checked.graph,
            self.packs.registry,
            cache,
            emit=events.append,
            folders=self.packs.folders,
            resources={Journal: Journal(), **self._resources},
            **options,
        )
        return Ran(outcome, events)


def host(base: Path, *packs: Path, builtin: Registry | None = None) -> Host:
    """Load packs beside other nodes (toys if not given), with the folders below `base`."""
    resources: dict[type, object] = {
        Placement: Placement(torch.device("cpu")),
        Precision: Precision.FLOAT32,
    }
    folders = Folders.at(base)
    folders.input.mkdir(parents=True, exist_ok=True)
    beside = builtin or Registry((number, show))
    options = argparse.Namespace()
    loaded = load_packs(packs, [p.parent for p in packs], folders, beside, resources, options)
    return Host(loaded, resources)
