"""Files in 8 bits whose tensors have scales: a weight is its stored number times `<layer>.scale_weight`.

They are published as `…_fp8_e4m3fn_scaled`; float8 spends its few numbers where the weights are that way.
Beside the scales of weights they may hold those of inputs, for networks that multiply in 8 bits, and an empty
tensor `scaled_fp8` as their mark.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from diffusion.checkpoint.header import CheckpointError, Header
from diffusion.checkpoint.tensors import ModelFile

_SCALE, _INPUT, _MARK = "scale_weight", "scale_input", "scaled_fp8"


def with_scales(file: ModelFile) -> ModelFile:
    """The file with its scales multiplied in, if it has any; else the file itself.

    Raises:
        CheckpointError: a scale belongs to no weight, or is no single number.
    """
    names = file.header.tensors
    return Scaled(file) if any(name.endswith(f".{_SCALE}") for name in names) else file


class Scaled:
    """A model file seen with its weights scaled, and without what they are scaled with."""

    def __init__(self, file: ModelFile) -> None:
        self._file = file
        tensors = file.header.tensors
        self._scales = {f"{_stem(name)}.weight": name for name in tensors if _last(name) == _SCALE}
        for weight, scale in self._scales.items():
            shape = tensors[scale].shape
            if weight not in tensors or shape not in ((), (1,)):
                reason = f"{scale} {list(shape)} is no scale of a weight"
                raise CheckpointError(file.header.path, reason, "download the file again, or another one")
        seen = {name: info for name, info in tensors.items() if _last(name) not in (_SCALE, _INPUT, _MARK)}
        self.header = Header(file.header.path, seen)

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        """The named tensors on `device`; floating-point ones as `dtype`, the others as stored.

        Products are rounded once: what is scaled is float32 until then, one tensor at a time.
        """
        names = list(names)
        found = self._file.read([name for name in names if name not in self._scales], dtype, device)
        for name in names:
            if name in self._scales:
                scale = self._scales[name]
                both = self._file.read([name, scale], torch.float32, device)
                found[name] = (both[name] * both[scale]).to(dtype)
        return found


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
