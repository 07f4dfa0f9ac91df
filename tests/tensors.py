"""Safetensors files with types: the package's own signatures say `PathLike` without saying of what."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file as _load  # pyright: ignore[reportUnknownVariableType]  (bare PathLike)
from safetensors.torch import save_file as _save  # pyright: ignore[reportUnknownVariableType]  (bare PathLike)
from torch import Tensor


def load_file(path: Path) -> dict[str, Tensor]:
    """All tensors of a file, on the CPU."""
    return _load(path)


def save_file(tensors: dict[str, Tensor], path: Path) -> None:
    """Write contiguous tensors to a file."""
    _save(tensors, path)
