"""Patches of weights as packs write them down, as deltas of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from diffusion.adapters.deltas import Added, Difference, LowRank, Product
from diffusion.adapters.patched import Changes, Patch, attach, parameter_shapes
from diffusion.adapters.targets import Target

PREFIX = "diffusion_model."


@dataclass(frozen=True)
class Mixed:
    """A weight that counts `kept` times, and a matrix added to it."""

    product: Product
    kept: float

    @property
    def shape(self) -> tuple[int, ...]:
        return self.product.shape

    @property
    def columns(self) -> int:
        return self.product.columns

    def applied(self, weight: Tensor, strength: float) -> Tensor:
        return weight * self.kept + strength * self.product.matrix(weight.device).reshape(weight.shape)


def patched(network: Any, patches: Mapping[Any, Any], strength: float, kept: float) -> tuple[Any, list[Any]]:
    """The network with those patches that fit attached, and their keys.

    Args:
        patches: By name as in `MODEL.model_state_dict()`, or (name, (axis, first row, rows)): a tuple of one
            tensor, ("diff", (tensor,)) or ("lora", (up, down, alpha, mid, ...)).
        strength: What is added counts so often.
        kept: And what is there so often.

    Raises:
        ValueError: a patch of another kind, or of another shape than the weight.
    """
    shapes = parameter_shapes(network)
    made: list[Patch] = []
    keys: list[Any] = []
    for key, value in patches.items():
        name, rows = _named(key)
        parameter = name.removeprefix(PREFIX)
        if name == parameter or parameter not in shapes:
            continue
        target = Target(parameter, rows)
        product = _product(name, value)
        wanted = target.shape(shapes[parameter])
        if product.shape != wanted and torch.Size(product.shape).numel() != torch.Size(wanted).numel():
            raise ValueError(
                f"the patch of {name} is {list(product.shape)} and the weight {list(wanted)}: "
                "it was made for another model"
            )
        delta = Added(product) if kept == 1 else Mixed(product, kept)
        made.append(Patch(target, delta, strength))
        keys.append(key)
    return attach(network, Changes(tuple(made))), keys


def _named(key: Any) -> tuple[str, tuple[int, int] | None]:
    """Name and rows that a key of a patch means."""
    if isinstance(key, str):
        return key, None
    axis, first, count = key[1]
    if axis != 0:
        raise ValueError(f"the patch of {key[0]} is of some columns: only rows can be patched here")
    return key[0], (first, count)


def _product(name: str, value: Any) -> Product:
    match value:
        case torch.Tensor():
            return Difference(value)
        case ((torch.Tensor() as tensor, *_), *_) | ("diff", (torch.Tensor() as tensor, *_)):
            return Difference(tensor)
        case (torch.Tensor() as tensor, *_):
            return Difference(tensor)
        case ("lora", (torch.Tensor() as up, torch.Tensor() as down, alpha, mid, *_)):
            return LowRank(up, down, mid, None if alpha is None else float(alpha))
        case _:
            raise ValueError(
                f"the patch of {name} is of a kind that MODEL.add_patches does not take here: "
                "load the file with LoraLoader"
            )
