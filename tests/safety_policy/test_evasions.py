"""Five hundred graphs try to get a forbidden picture out of a server with the policy, and none does."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from PIL import Image, ImageSequence

from diffusion.placement import Placement
from diffusion.safety import SafetyChecker
from engine.cache import MemoryCache
from engine.driver import run
from engine.events import Event, NodeFinished, NodeProgress
from engine.folders import Folders
from engine.lanes import Lanes
from engine.registry import Registry
from engine.validate import validate
from nodes import builtin
from nodes.policy import PolicedRegistry, PolicyOutlet, Screen
from nodes.values import sizeof
from server.http import Problem
from server.safety import Clearance
from server.settings import Settings
from tests.safety_policy.evasions import Graph, graphs, with_packs

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
CHECKER = ROOT / "models" / "safety_checker" / "darkroom-demo"
TEXT = re.compile(r"base64,([A-Za-z0-9+/=]+)")


class Worker:
    """Answers what a worker process would, without the pipe in between."""

    def __init__(self, outlet: PolicyOutlet) -> None:
        self.outlet = outlet

    async def ask(self, message: dict[str, Any], timeout: float) -> dict[str, Any]:
        return await asyncio.to_thread(self.outlet.judge, Path(message["path"]))


class Site:
    """Both sides of a server with the policy over one folder, and a checker of one's own."""

    def __init__(self, base: Path) -> None:
        self.folders = Folders.at(base).with_models(Folders.at(ROOT).models)
        for folder in (self.folders.input, self.folders.output, self.folders.temp):
            folder.mkdir()
        for name in ("skull.png", "fox.png"):
            shutil.copy(HERE / name, self.folders.input / name)
        self.checker = SafetyChecker.load(CHECKER)
        screen = Screen(SafetyChecker.load(CHECKER))
        self.outlet = PolicyOutlet(screen, self.folders)
        self.open = with_packs(builtin())
        self.policed = PolicedRegistry(self.open, screen, self.outlet)
        options = Settings(folders=self.folders, worker_command=(), safety_checker=CHECKER)
        self.clearance = Clearance(options, Worker(self.outlet))  # type: ignore[arg-type]
        self.outlet.on_verdict = self.clearance.learn
        self.cache = MemoryCache(2**28, sizeof)
        self.lanes = Lanes()
        self.resources: dict[type, object] = {Placement: Placement(torch.device("cpu"))}
        self.loop = asyncio.new_event_loop()
        self.judged: dict[str, bool] = {}

    def left(self, graph: Graph, registry: Registry, *, policed: bool) -> Iterator[bytes]:
        """Every picture that gets out: in files, texts and previews."""
        for folder in (self.folders.output, self.folders.temp):
            shutil.rmtree(folder)
            folder.mkdir()
        shutil.copy(HERE / "skull.png", self.folders.output / "before.png")
        checked = validate(graph, registry, self.folders)
        assert checked.graph is not None and not checked.problems, [p.to_json() for p in checked.problems]
        events: list[Event] = []
        outcome = self.loop.run_until_complete(
            run(
                checked.graph,
                registry,
                self.cache,
                emit=lambda event: events.append(self.outlet.event(event) if policed else event),
                resources=self.resources,
                folders=self.folders,
                lanes=self.lanes,
                guard=torch.inference_mode,
            )
        )
        assert outcome.status == "success", outcome.errors
        for event in events:
            if isinstance(event, NodeProgress) and event.preview is not None:
                yield event.preview.data
            if isinstance(event, NodeFinished) and event.ui is not None:
                yield from (base64.b64decode(text) for text in TEXT.findall(str(event.ui)))
        for folder in (self.folders.output, self.folders.temp):
            for path in folder.rglob("*.*"):
                data = self.served(path) if policed else path.read_bytes()
                if data is not None:
                    yield data

    def served(self, path: Path) -> bytes | None:
        """What `/view` gives."""
        try:
            found = self.loop.run_until_complete(self.clearance.cleared(path))
        except Problem:
            return None
        assert not isinstance(found, Path)
        return found.data

    def forbidden(self, data: bytes) -> bool:
        """Whether a picture shows what it must not: as it is, on a page of either colour, or an end."""
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self.judged:
            with Image.open(io.BytesIO(data)) as file:
                seen = [look for frame in ImageSequence.Iterator(file) for look in self._looks(frame)]
            self.judged[digest] = any(self.checker.check(look[None]).flags[0] for look in seen)
        return self.judged[digest]

    @staticmethod
    def _looks(frame: Image.Image) -> Iterator[torch.Tensor]:
        rgba = torch.as_tensor(np.asarray(frame.convert("RGBA")) / np.float32(255))
        colour, alpha = rgba[..., :3], rgba[..., 3:]
        shown = [colour]
        if bool((alpha < 1).any()):
            shown += [colour * alpha, colour * alpha + 1 - alpha]
        side = min(frame.size)
        for look in shown:
            yield look
            if frame.width != frame.height:
                yield from (look[:side, :side], look[-side:, -side:])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("policy"))
    yield site
    site.lanes.close()
    site.loop.close()


@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(graph=graphs())
def test_no_graph_gets_a_forbidden_picture_out(graph: Graph, site: Site) -> None:
    assert not any(site.forbidden(data) for data in site.left(graph, site.policed, policed=True))


def test_without_the_policy_most_of_them_would(site: Site) -> None:
    """Else the other test would show nothing. `before.png`, which lies there, does not count."""
    leaks: list[bool] = []

    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(graph=graphs())
    def attempt(graph: Graph) -> None:
        leaves = list(site.left(graph, site.open, policed=False))
        leaves.remove((HERE / "skull.png").read_bytes())
        leaks.append(any(site.forbidden(data) for data in leaves))

    attempt()
    assert sum(leaks) >= 12
