"""Run the examples on the demo checkpoint and keep what they show as pictures that carry their graph."""

import math
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
from tools.docs.pages import picture_of

LIMIT = 12 * 1024
"""Bytes of a picture, with the graph in it."""


class ExampleFailed(RuntimeError):
    """An example does not run; the message says why."""


def make(registry: Registry, names: list[str]) -> None:
    """Write the pictures of the named examples, or of all.

    Raises ExampleFailed at the end if some do not run, or give another text than their page says.
    """
    known = examples(registry)
    if unknown := set(names) - set(known):
        raise ExampleFailed(f"no example of {', '.join(sorted(unknown))}")
    (NODES / "pictures").mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(registry, Path(folder))
        for name in names or known:
            try:
                write(name, known[name], runner.shown(known[name].prompt))
            except ExampleFailed as error:
                failed.append(f"{name}: {error}")
    if failed:
        raise ExampleFailed("\n".join(failed))


def write(name: str, example: Example, shown: Path | str) -> None:
    """Keep the picture of an example. Raises ExampleFailed if it shows a text that is not on the page."""
    if isinstance(shown, str):
        compare(name, example, shown)
        return
    data = encoded(shown, example.prompt)
    (NODES / picture_of(name)).write_bytes(data)
    print(f"{name}: {len(data):,} bytes", flush=True)


def compare(name: str, example: Example, text: str) -> None:
    """Raises ExampleFailed unless the text is the one on the page, or nearly the number."""
    if text != example.gives and not nearly(text, example.gives):
        raise ExampleFailed(f"{name} gives {text!r} instead of {example.gives!r}")


def nearly(one: str, other: str) -> bool:
    """Whether both are numbers that agree to five digits."""
    try:
        return math.isclose(float(one), float(other), rel_tol=1e-5)
    except ValueError:
        return False


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
            raise ExampleFailed(f"node {done.errors[0].node_id}: {done.errors[0].message}")
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
        fps = 1000 / (picture.info.get("duration") or 1000)  # 0 in a file of one frame
    for quality in (90, 80, 70, 60, 45, 30, 15):
        data = BytesIO()
        WebP(quality, method=6, fps=fps).write(frames, {"prompt": prompt}, data)
        if len(data.getvalue()) <= LIMIT:
            return data.getvalue()
    raise ExampleFailed(f"{file.name} takes more than {LIMIT:,} bytes; make it smaller")
