"""What every training stage needs: where its files lie, saving and going on, and a line of log at a time."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tools.train_demo.data import Pixels

SEED = 20_240_815


def default_directory() -> Path:
    """Where checkpoints of an unfinished training lie unless `--work-dir` says otherwise."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "darkroom" / "train-demo"


def log(message: str) -> None:
    """Print a line with the time of day at once, also into a file."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {message}\n")
    sys.stdout.flush()


def save(path: Path, state: dict[str, Any]) -> None:
    """Replace a checkpoint; the old one stays whole until the new one is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    partial.replace(path)


def load(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint back, or None if there is none yet."""
    return torch.load(path, weights_only=True) if path.exists() else None


def to_tensor(pictures: list[Pixels]) -> Tensor:
    """Pictures [H, W, 3] as the networks see them: [B, 3, H, W] in -1..1."""
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    # Group normalisation is three times slower on the channels-last layout that the permutation leaves.
    return pixels.contiguous().float().div(127.5).sub(1)


def to_pixels(images: Tensor) -> list[Pixels]:
    """The inverse of `to_tensor`, rounded and clipped."""
    scaled = images.detach().float().add(1).mul(127.5).round().clamp(0, 255)
    return list(scaled.byte().permute(0, 2, 3, 1).numpy())
