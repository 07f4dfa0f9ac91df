"""Learned embeddings (textual inversion, arXiv 2208.01618): vectors that a prompt calls by a file's name."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import cast

import torch
from torch import Tensor

from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.pickled import unpickle
from diffusion.checkpoint.tensors import SafetensorsFile

_log = logging.getLogger(__name__)
_SUFFIXES = ("", ".safetensors", ".pt", ".bin")
_BUNDLE, _PARAM = "bundle_emb.", "string_to_param"
_DEEPEST = 3
"""Mappings looked into, one within the other: a pickled one may hold itself."""


@dataclass(frozen=True)
class EmbeddingFolders:
    """Folders of embedding files, searched in order; what a TextEncoder takes as `embeddings`."""

    folders: tuple[Path, ...]

    def __call__(self, name: str, width: int, key: str) -> Tensor | None:
        """The vectors [N, width] of the file of that name; None, and the reason in the log, without any."""
        path = self.find(name)
        if path is None:
            if not name.endswith(","):  # the name without the comma is asked for next
                _log.warning("embedding %r is in none of the embedding folders: left out of the prompt", name)
            return None
        try:
            vectors = _vectors(_read(path), key)
        except CheckpointError as error:
            _log.warning("embedding %r left out of the prompt: %s", name, error)
            return None
        if vectors is None or vectors.shape[-1] != width:
            found = "holds no vectors" if vectors is None else f"is {vectors.shape[-1]} wide"
            _log.warning("embedding %r %s where the text encoder needs %d", name, found, width)
            return None
        return vectors.reshape(-1, width).float()

    def find(self, name: str) -> Path | None:
        """The file of that name, with or without its suffix. A name cannot lead out of the folders."""
        inside = PurePath(name)
        if not name or "\0" in name or inside.is_absolute() or ".." in inside.parts:
            return None
        candidates = (folder / f"{name}{suffix}" for folder in self.folders for suffix in _SUFFIXES)
        return next((path for path in candidates if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a prompt may hold a name longer than file systems take
        return False


def _read(path: Path) -> object:
    if path.suffix.lower() == ".safetensors":
        file = SafetensorsFile(path)
        return file.read(file.header.tensors, torch.float32, torch.device("cpu"))
    return unpickle(path)


def _vectors(content: object, key: str, depth: int = _DEEPEST) -> Tensor | None:
    """Find the vectors [..., W] in whatever layout the trainer wrote."""
    entries = _mapping(content)
    if not entries or not depth:
        return _usable(content)
    bundled = [value for name, value in entries.items() if name.startswith(_BUNDLE) and f".{_PARAM}." in name]
    if bundled:
        return _joined([_usable(value) for value in bundled])
    inner = entries[_PARAM] if _PARAM in entries else entries.get(key, next(iter(entries.values())))
    return _vectors(inner, key, depth - 1)


def _mapping(content: object) -> Mapping[str, object]:
    """A mapping's entries by the text of their names; none of anything else."""
    if not isinstance(content, Mapping):
        return {}
    return {str(name): value for name, value in cast("Mapping[object, object]", content).items()}


def _usable(value: object) -> Tensor | None:
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.device.type != "cpu":
        return None
    return value.detach() if value.ndim > 0 and value.is_floating_point() else None


def _joined(parts: Sequence[Tensor | None]) -> Tensor | None:
    vectors = [part.reshape(-1, part.shape[-1]) for part in parts if part is not None]
    same = len(vectors) == len(parts) and len({part.shape[-1] for part in vectors}) == 1
    return torch.cat(vectors) if same else None
