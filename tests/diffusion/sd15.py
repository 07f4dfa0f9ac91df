"""Stable Diffusion 1.5 at full size: its golden numbers, their tolerances, and files to load.

The files have the published layouts in float16, are filled deterministically (tests/fill.py) and computed in
float32. Tolerances are those of the golden numbers; another attention kernel or thread count uses a tenth.
"""

from __future__ import annotations

import json
from pathlib import Path

from torch import Tensor

from tests.fill import Layout, fill_layout
from tests.tensors import save_file

GOLDEN = Path(__file__).parents[1] / "golden"
NUMBERS = GOLDEN / "sd15-e2e.safetensors"
EXTRA = GOLDEN / "sd15-e2e-extra.safetensors"
POSITIVE = "a photo of a cat"
COND, UNET, LATENT, IMAGE, CONTROL = 2e-5, 1e-5, 2e-4, 1e-4, 1e-3


def layout(name: str) -> Layout:
    """The tensors of a published file."""
    return json.loads((GOLDEN / "layouts" / f"{name}.json").read_text(encoding="utf-8"))


def save_filled(name: str, path: Path, part: str = "") -> Path:
    """Write a published file, or the part of it whose names begin so."""
    tensors = fill_layout({key: entry for key, entry in layout(name).items() if key.startswith(part)})
    save_file({key.removeprefix(part): value for key, value in tensors.items()}, path)
    return path


def error(got: Tensor, expected: Tensor) -> float:
    """The largest difference."""
    assert got.shape == expected.shape
    return float((got - expected).abs().max())
