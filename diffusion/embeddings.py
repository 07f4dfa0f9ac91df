"""Learned embeddings (textual inversion, arXiv 2208.01618): vectors that a prompt calls by a file's name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, cast

import torch
from torch import Tensor

from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.pickled import unpickle
from diffusion.checkpoint.tensors import SafetensorsFile

_log = logging.getLogger(__name__)
_SUFFIXES = ("", ".safetensors", ".pt", ".bin")
_BUNDLE, _PARAM = "bundle_emb.", "string_to_param"


@dataclass(frozen=True)
class EmbeddingFolders:
    """Folders of embedding files, searched in order; what a TextEncoder takes as `embeddings`."""

    folders: tuple[Path, ...]

    def __call__(self, name: str, width: int, key: str) -> Tensor | None:
        """The vectors [N, width] of the file of that name; None, and the reason in the log, without any."""
        path = self.find(name)
        if path is None:
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
        return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> object:
    if path.suffix == ".safetensors":
        file = SafetensorsFile(path)
        return file.read(file.header.tensors, torch.float32, torch.device("cpu"))
    return unpickle(path)


def _vectors(content: object, key: str) -> Tensor | None:
    """Find the vectors in whatever layout the trainer wrote."""
    if isinstance(content, Tensor):
        return content.detach()
    if not isinstance(content, Mapping) or not content:
        return None
    entries = cast("Mapping[str, Any]", content)
    bundled = [value for name, value in entries.items() if name.startswith(_BUNDLE) and f".{_PARAM}." in name]
    if bundled:
        return torch.cat([value.reshape(-1, value.shape[-1]) for value in bundled])
    if _PARAM in entries:
        return _vectors(entries[_PARAM], key)
    return _vectors(entries.get(key, next(iter(entries.values()))), key)
