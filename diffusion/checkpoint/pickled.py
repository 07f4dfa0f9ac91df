"""Checkpoints as pickled torch files (.ckpt, .pt, .pth, .bin), read with the restricted unpickler only.

A pickle is a program. `weights_only=True` runs none of it: it builds tensors and plain containers and refuses
the rest. What it refuses is refused here; there is no switch to load it anyway. Only a few names that
training left in published checkpoints are read as empty classes, so that nothing of theirs runs.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from diffusion.checkpoint.header import CheckpointError, Header, TensorInfo
from diffusion.checkpoint.tensors import convert

SUFFIXES = frozenset({".ckpt", ".pt", ".pth", ".bin"})
_torch_serialization: Any = torch.serialization  # annotates callables with unknown types
_CONVERT = "use the safetensors version of the model"

_NESTED = ("state_dict", "params_ema", "params")
"""Where the tensors are: of Lightning and most programs, and of BasicSR, which trains upscalers."""


class Leftover:
    """Stands for a class of the training program that a checkpoint names. It does nothing."""


_LEFTOVERS: list[Any] = [
    (Leftover, "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"),
    (Leftover, "pytorch_lightning.callbacks.early_stopping.EarlyStopping"),
]
"""The published checkpoints of latent diffusion and Stable Diffusion file states of training by these."""


def unpickle(path: Path) -> object:
    """The content of a torch file: tensors in plain containers, memory-mapped where the format allows.

    Raises:
        CheckpointError: the file is missing, damaged, or holds anything but tensors and plain values.
    """
    try:
        _torch_serialization.add_safe_globals(_LEFTOVERS)  # a set: once more changes nothing
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError as error:
            if "mmap" not in str(error):  # files of torch < 1.6 are no zip archives and cannot be mapped
                raise
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = "it holds more than tensors and plain values, which could run code on loading"
        raise CheckpointError(path, reason, _CONVERT) from error
    except OSError as error:
        raise CheckpointError(path, error.strerror or "cannot be read", "check the path") from error
    except (RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        # The unpickler of a damaged file fails in as many ways as there are opcodes.
        raise CheckpointError(
            path, "it is no torch file, or a damaged one", "download the file again"
        ) from error


class PickledFile:
    """The tensors of a pickled checkpoint, by name. Programs for training put them under a word of theirs."""

    def __init__(self, path: Path) -> None:
        content = _mapping(unpickle(path))
        nested = next((content[word] for word in _NESTED if word in content), content)
        tensors = _mapping(nested)
        self._tensors = {name: value for name, value in tensors.items() if _usable(name, value)}
        if not self._tensors:
            raise CheckpointError(path, "it holds no named tensors", "choose a model file")
        self.header = Header(path, {name: _info(value) for name, value in self._tensors.items()})

    def read(self, names: Iterable[str], dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
        """The named tensors on `device`; floating-point ones as `dtype`, the others as stored."""
        return {name: convert(self._tensors[name].detach(), dtype, device) for name in names}


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _usable(name: object, value: object) -> bool:
    """A pickle may have anything for a name, and tensors that are sparse or without values."""
    plain = isinstance(value, Tensor) and value.layout == torch.strided and not value.is_meta
    return isinstance(name, str) and plain


def _info(tensor: Tensor) -> TensorInfo:
    return TensorInfo(str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), 0, tensor.nbytes)
