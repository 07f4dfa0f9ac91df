"""Run the examples on the demo checkpoint and keep what they show as pictures that carry their graph."""

import tempfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from PIL import Image as PilImage
from PIL import ImageSequence

from diffusion.placement import Placement
from diffusion.precision import Precision
from engine import Folders, MemoryCache, run_sync, validate
from engine.registry import Registry
from nodes.encoding import WebP
from tools.docs import NODES
from tools.docs.examples import Example, Prompt, examples
from tools.docs.pages import file_name

LIMIT = 12 * 1024
"""Bytes of a picture, with the graph in it."""


class ExampleFailed(RuntimeError):
    """An example does not run; the message says why."""


def make(registry: Registry, names: list[str]) -> None:
    """Write the pictures of the named examples, or of all.

    Raises ExampleFailed if one does not run or gives another text than its page says.
    """
    known = examples(registry)
    if unknown := set(names) - set(known):
        raise ExampleFailed(f"no example of {', '.join(sorted(unknown))}")
    (NODES / "pictures").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(registry, Path(folder))
        for name in names or known:
            shown = runner.shown(known[name].prompt)
            if isinstance(shown, str):
                compare(name, known[name], shown)
            else:
                data = encoded(shown, known[name].prompt)
                (NODES / "pictures" / f"{file_name(name)}.webp").write_bytes(data)
                print(f"{name}: {len(data):,} bytes", flush=True)


def compare(name: str, example: Example, text: str) -> None:
    """Raises ExampleFailed unless the text is the one on the page."""
    if text.strip() != example.gives.strip():
        raise ExampleFailed(f"{name} gives {text!r} instead of {example.gives!r}")


class Runner:
    """Runs graphs with the shipped models; what they have in common is computed once."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        root = NODES.parents[2]
        models = Folders.at(root).models
        self.folders = replace(Folders.at(folder), models=models, input=root / "docs" / "pictures")
        self._registry, self._cache = registry, MemoryCache(2**31)
        self._resources = {Placement: Placement(torch.device("cpu")), Precision: Precision.FLOAT32}

    def shown(self, prompt: Prompt) -> Path | str:
        """The picture file or the text that the last node of a graph shows. Raises ExampleFailed."""
        checked = validate(prompt, self._registry, self.folders)
        if checked.graph is None or checked.problems:
            raise ExampleFailed(f"{checked.error}: {checked.problems}")
        done = run_sync(
            checked.graph,
            self._registry,
            self._cache,
            folders=self.folders,
            resources=self._resources,
            guard=torch.inference_mode,
        )
        if done.errors:
            raise ExampleFailed(f"{done.errors[0]}")
        return self._of(dict(done.ui["save"]))

    def _of(self, ui: dict[str, Any]) -> Path | str:
        if "images" not in ui:
            return "\n".join(map(str, ui["text"]))
        saved = ui["images"][0]
        place = self.folders.temp if saved["type"] == "temp" else self.folders.output
        return place / saved["subfolder"] / saved["filename"]


def encoded(file: Path, prompt: Prompt) -> bytes:
    """A picture as WebP with its graph, in the best quality that keeps it below the limit."""
    with PilImage.open(file) as picture:
        frames = [
            frame.convert("RGBA" if "A" in frame.getbands() else "RGB")
            for frame in ImageSequence.Iterator(picture)
        ]
        fps = 1000 / picture.info.get("duration", 1000)
    for quality in (90, 80, 70, 60, 45, 30, 15):
        data = BytesIO()
        WebP(quality, method=6, fps=fps).write(frames, {"prompt": prompt}, data)
        if len(data.getvalue()) <= LIMIT:
            return data.getvalue()
    raise ExampleFailed(f"{file.name} takes more than {LIMIT:,} bytes; make it smaller")
