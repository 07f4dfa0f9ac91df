"""Models made of two: every weight of one mixed with the same weight of the other.

Nothing is computed before the mixture is used, and neither model changes. Names and shapes must agree, which
holds within a family; single weights of other shapes (the first kernel of an inpainting model) stay those of
the first model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from diffusion.adapters.patched import Changes, Patch, attach, base_of, parameter_shapes
from diffusion.adapters.targets import Target
from diffusion.model import DiffusionModel
from diffusion.placement import home_of
from diffusion.text import TextEncoder

MOST_DIFFERENT = 4
"""Weights in which models of one family may differ: an inpainting model does in its first kernel."""


class Mix(NamedTuple):
    """How much of each weight goes into the sum."""

    first: float
    second: float


Shares = Callable[[str], Mix]
"""From the name of a weight to its shares."""


class Incompatible(ValueError):
    """Two models that are not of one family cannot be merged."""


@dataclass(frozen=True)
class Mixed:
    """The change of one weight into a mixture with that of another network."""

    other: Any
    """The network that has the other weight: a module, or one with adapters attached."""
    parameter: str
    first: float
    shape: tuple[int, ...]

    @property
    def columns(self) -> int:
        return math.prod(self.shape[1:2]) if self.shape else 1

    def applied(self, weight: Tensor, strength: float) -> Tensor:
        """first * weight + strength * the other weight, float32 as `weight`."""
        second = home_of(self.other.get_parameter(self.parameter))
        return self.first * weight + strength * second.to(weight.device, torch.float32)


class Merged(NamedTuple):
    """A mixture, and the weights that were left as the first model has them."""

    network: Any
    left_out: tuple[str, ...]


def merge_networks(first: Any, second: Any, shares: Shares, what: str = "network") -> Merged:
    """The weights of `first` mixed with those of `second`, on top of what is attached to either.

    Raises:
        Incompatible: more than a few weights of one are not in the other.
        TypeError: one of them has no weights.
    """
    for network in (first, second):
        base_of(network)
    ours, theirs = parameter_shapes(first), parameter_shapes(second)
    common = [name for name, shape in ours.items() if theirs.get(name) == shape]
    if max(len(ours), len(theirs)) - len(common) > MOST_DIFFERENT:
        raise Incompatible(
            f"the {what}s have {len(common)} weights of the same name and shape in common, "
            f"of {len(ours)} and {len(theirs)}"
        )
    patches: list[Patch] = []
    for name in common:
        mix = shares(name)
        if mix != Mix(1.0, 0.0):
            patches.append(Patch(Target(name), Mixed(second, name, mix.first, ours[name]), mix.second))
    left_out = tuple(name for name in ours if theirs.get(name) != ours[name])
    return Merged(attach(first, Changes(tuple(patches))), left_out)


def merge_models(
    first: DiffusionModel, second: DiffusionModel, shares: Shares
) -> tuple[DiffusionModel, tuple[str, ...]]:
    """`first` with its network's weights mixed with those of `second`; all else is the first's.

    Returns:
        The model, and the names of the weights left as the first model has them.

    Raises:
        Incompatible: the models are of different families.
    """
    try:
        merged = merge_networks(first.network, second.network, shares)
    except Incompatible as error:
        raise Incompatible(
            f"model1 is {first.family or 'of an unknown family'} and model2 "
            f"{second.family or 'of an unknown family'}, and {error}: merge models of one family"
        ) from error
    return replace(first, network=merged.network), merged.left_out


def merge_encoders(first: TextEncoder, second: TextEncoder, mix: Mix) -> TextEncoder:
    """`first` with the weights of all its towers mixed with those of `second`.

    Raises:
        Incompatible: they have different towers.
    """
    ours, theirs = first.parts, second.parts
    if ours.keys() != theirs.keys():
        raise Incompatible(
            f"clip1 has the text encoders {', '.join(ours)} and clip2 has {', '.join(theirs)}: "
            "merge text encoders of one family"
        )
    made = {
        key: replace(
            tower,
            model=merge_networks(
                tower.model, theirs[key].model, lambda name: mix, f"text encoder {key}"
            ).network,
        )
        for key, tower in ours.items()
    }
    towers = {key: made[key] for key in first.towers}
    t5 = next((made[key] for key in ours if key not in first.towers), None)
    return replace(first, towers=towers, t5=t5)  # pyright: ignore[reportArgumentType]  (kinds are kept)


def by_prefix(ratios: Mapping[str, float], fallback: float) -> Shares:
    """Shares of block-wise merging: the ratio of the longest prefix a weight's name starts with.

    `ratios` are the share of the first model; the second gets what is left to 1.
    """

    def shares(name: str) -> Mix:
        found = max((prefix for prefix in ratios if name.startswith(prefix)), key=len, default=None)
        ratio = fallback if found is None else ratios[found]
        return Mix(ratio, 1.0 - ratio)

    return shares
