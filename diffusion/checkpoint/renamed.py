"""A model file seen under other names than those stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from diffusion.checkpoint.header import Header, TensorInfo
from diffusion.checkpoint.tensors import ModelFile


class Renamed:
    """A model file seen under other names; tensors without one are not seen."""

    def __init__(self, file: ModelFile, stored: Mapping[str, str]) -> None:
        self._file, self._stored = file, stored
        tensors = {name: _as_original(name, file.header.tensors[old]) for name, old in stored.items()}
        self.header = Header(file.header.path, tensors)

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        """The named tensors on `device`; floating-point ones as `dtype`, the others as stored."""
        names = list(names)
        found = self._file.read([self._stored[name] for name in names], dtype, device)
        return {name: found[self._stored[name]].reshape(self.header.tensors[name].shape) for name in names}


def _as_original(name: str, info: TensorInfo) -> TensorInfo:
    """diffusers' linear layers in the attention of autoencoders are convolutions in the original ones."""
    linear = ".attn_1." in name and len(info.shape) == 2
    return replace(info, shape=(*info.shape, 1, 1)) if linear else info
