"""A model file whose tensors are made of several stored ones, as diffusers takes fused projections apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from diffusion.checkpoint.header import CheckpointError, Header
from diffusion.checkpoint.tensors import ModelFile
from diffusion.names.transformers import Parts


class Fused:
    """A file seen under other names, each the rows of one or several of its tensors.

    Raises:
        CheckpointError: one of several is missing.
    """

    def __init__(self, file: ModelFile, parts: Mapping[str, Parts]) -> None:
        self._file, self._parts = file, {name: part.names for name, part in parts.items()}
        stored = file.header.tensors
        lacking = [name for names in self._parts.values() for name in names if name not in stored]
        if lacking:
            raise CheckpointError(file.header.path, f"it lacks {lacking[0]}", "the file is incomplete")
        tensors = {
            name: replace(
                first := stored[names[0]],
                shape=(sum(stored[each].shape[0] for each in names), *first.shape[1:]),
            )
            for name, names in self._parts.items()
        }
        self.header = Header(file.header.path, tensors)

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        """The named tensors on `device`; floating-point ones as `dtype`, the others as stored."""
        wanted = {name: self._parts[name] for name in names}
        found = self._file.read([part for parts in wanted.values() for part in parts], dtype, device)
        return {
            name: found[parts[0]] if len(parts) == 1 else torch.cat([found.pop(part) for part in parts])
            for name, parts in wanted.items()
        }
