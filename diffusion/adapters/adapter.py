"""An adapter file, read once: the changes it holds, by the names of the layers they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from diffusion.adapters.formats import Deltas, Malformed, deltas, split
from diffusion.checkpoint.header import CheckpointError, TensorInfo
from diffusion.checkpoint.loader import open_model

_SHORT_TYPES: Mapping[str, torch.dtype] = {
    **dict.fromkeys(("F16", "float16"), torch.float16),
    **dict.fromkeys(("BF16", "bfloat16"), torch.bfloat16),
}
"""By what the headers of both kinds of files call them."""


@dataclass(frozen=True)
class Adapter:
    """A LoRA or one of its relatives."""

    path: Path
    """For messages; there need not be such a file."""
    modules: Mapping[str, Deltas]
    """What is learned, by the module's name in the file."""
    unknown: tuple[str, ...] = ()
    """Tensors of no known format."""

    @classmethod
    def read(cls, path: Path) -> Adapter:
        """Read a .safetensors file, or a pickled one that holds nothing but tensors.

        Tensors stay views of the file, in the type they are stored in, so it must not change while in use.

        Raises:
            CheckpointError: the file is damaged, or no adapter.
        """
        file = open_model(path)
        kinds: dict[torch.dtype, list[str]] = {}
        for name, info in file.header.tensors.items():
            kinds.setdefault(_type(info), []).append(name)
        cpu = torch.device("cpu")
        tensors: dict[str, Tensor] = {}
        for dtype, names in kinds.items():
            tensors.update(file.read(names, dtype, cpu))
        return cls.of(tensors, path)

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], path: Path) -> Adapter:
        """The adapter made of these tensors, named as in a file.

        Raises:
            CheckpointError: none of them is of an adapter, or some do not belong together.
        """
        parts: dict[str, dict[str, Tensor]] = {}
        unknown: list[str] = []
        for name, tensor in tensors.items():
            if (found := split(name)) is None:
                unknown.append(name)
            else:
                parts.setdefault(found[0], {})[found[1]] = tensor
        modules = {stem: _deltas(path, stem, given) for stem, given in parts.items()}
        if not any(found.weight or found.bias for found in modules.values()):
            reason = (
                f"its {len(tensors)} tensors are of no LoRA format (first: {next(iter(tensors), 'none')})"
            )
            raise CheckpointError(path, reason, "choose a LoRA, LoCon, LoHa, LoKr, DoRA or OFT file")
        return cls(path, modules, tuple(unknown))


def _type(info: TensorInfo) -> torch.dtype:
    return _SHORT_TYPES.get(info.dtype, torch.float32)


def _deltas(path: Path, stem: str, parts: Mapping[str, Tensor]) -> Deltas:
    try:
        return deltas(parts)
    except Malformed as error:
        remedy = "the file is damaged, or of a kind that is not supported"
        raise CheckpointError(path, f"{stem}: {error}", remedy) from error
