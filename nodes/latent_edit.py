"""Nodes that turn, cut and lay latents on one another; places and sizes are pixels, 8 to a latent cell."""

from typing import Annotated

import torch
from torch import Tensor

from diffusion.regions import to_batch
from engine.node import node
from engine.types import OptionalInput, Range
from nodes.latent import FACTOR
from nodes.latent_math import DifferentLatents
from nodes.masks import as_batch
from nodes.resize import resize
from nodes.transform import FlipMethod, Rotation, turns
from nodes.types import Latent, Mask

Place = Annotated[int, Range(0, 16384, step=8)]
Side = Annotated[int, Range(64, 16384, step=8)]
LEAST = 8
"""Cells of the smallest crop."""


@node("LatentRotate", title="Rotate Latent", category="latent/transform", lane="cpu")
def latent_rotate(*, samples: Latent, rotation: Rotation) -> Latent:
    """Turn latents clockwise. Networks know no turned latents: sample some steps afterwards.

    Args:
        samples: The latents.
        rotation: How far.
    """
    return {**samples, "samples": torch.rot90(samples["samples"], turns(rotation), dims=(-1, -2))}


@node("LatentFlip", title="Flip Latent", category="latent/transform", lane="cpu")
def latent_flip(*, samples: Latent, flip_method: FlipMethod) -> Latent:
    """Mirror latents. Networks know no mirrored latents: sample some steps afterwards.

    Args:
        samples: The latents.
        flip_method: Top with bottom, or left with right.
    """
    axis = -2 if flip_method.startswith("x") else -1
    return {**samples, "samples": samples["samples"].flip(axis)}


@node("LatentCrop", title="Crop Latent", category="latent/transform", lane="cpu")
def latent_crop(
    *, samples: Latent, width: Side = 512, height: Side = 512, x: Place = 0, y: Place = 0
) -> Latent:
    """Cut a part out of latents. It is smaller than asked for where the latents end.

    Args:
        samples: The latents.
        width: The width of the part, in pixels.
        height: The height of the part, in pixels.
        x: Where its left edge lies, in pixels.
        y: Where its top edge lies, in pixels.
    """
    latent = samples["samples"]
    left = max(min(x // FACTOR, latent.shape[-1] - LEAST), 0)
    top = max(min(y // FACTOR, latent.shape[-2] - LEAST), 0)
    part = latent[..., top : top + height // FACTOR, left : left + width // FACTOR]
    return {**samples, "samples": part}


@node("LatentComposite", title="Latent Composite", category="latent", lane="cpu")
def latent_composite(
    *, samples_to: Latent, samples_from: Latent, x: Place = 0, y: Place = 0, feather: Place = 0
) -> Latent:
    """Lay latents on others, with edges that fade in.

    Args:
        samples_to: The latents below; the result has their size.
        samples_from: The latents on top; what would lie outside is cut off.
        x: Where their left edge lies, in pixels.
        y: Where their top edge lies, in pixels.
        feather: Over how many pixels they fade in at each edge that lies inside the latents below.
    """
    below, above = samples_to["samples"], samples_from["samples"]
    left, top, fade = x // FACTOR, y // FACTOR, feather // FACTOR
    above = above[..., : max(below.shape[-2] - top, 0), : max(below.shape[-1] - left, 0)]
    height, width = above.shape[-2:]
    ends = (left + width < below.shape[-1], top + height < below.shape[-2])
    across, down = edges(width, fade, left > 0, ends[0]), edges(height, fade, top > 0, ends[1])
    return {**samples_to, "samples": laid_on(below, above, left, top, down[:, None] * across)}


@node("LatentCompositeMasked", title="LatentCompositeMasked", category="latent", lane="cpu")
def latent_composite_masked(
    *,
    destination: Latent,
    source: Latent,
    x: Place = 0,
    y: Place = 0,
    resize_source: bool = False,
    mask: Annotated[Mask | None, OptionalInput()] = None,
) -> Latent:
    """Lay latents on others where a mask selects.

    Args:
        destination: The latents below; the result has their size.
        source: The latents on top; what would lie outside is cut off.
        x: Where the left edge of the source lies, in pixels.
        y: Where the top edge of the source lies, in pixels.
        resize_source: Scale the source to the destination's size first.
        mask: Where the source covers; scaled to it. Everywhere when left out.
    """
    below, above = destination["samples"], source["samples"]
    if resize_source:
        above = resize(above, below.shape[-1], below.shape[-2], "bilinear")
    selected = above.new_ones(1, 1, *above.shape[-2:]) if mask is None else as_batch(mask)[:, None]
    weight = to_batch(resize(selected.float(), above.shape[-1], above.shape[-2], "bilinear"), len(below))
    return {**destination, "samples": laid_on(below, above, x // FACTOR, y // FACTOR, weight)}


def laid_on(below: Tensor, above: Tensor, left: int, top: int, weight: Tensor) -> Tensor:
    """`below` with `above`, which starts in the cell (left, top), mixed in by `weight` [...,H,W] of its size.

    Raises `DifferentLatents` where their channels differ.
    """
    if below.shape[1] != above.shape[1]:
        raise DifferentLatents(
            f"the latents have the shapes {list(below.shape)} and {list(above.shape)}: "
            f"{below.shape[1]} and {above.shape[1]} channels do not go together"
        )
    result = below.clone()
    place = result[..., top : top + above.shape[-2], left : left + above.shape[-1]]
    visible = (..., slice(place.shape[-2]), slice(place.shape[-1]))
    shown, share = to_batch(above, len(below))[visible].to(below), weight[visible].to(below)
    place.copy_(shown * share + place * (1 - share))
    return result


def edges(size: int, fade: int, start: bool, end: bool) -> Tensor:
    """Weights along one axis: rising over `fade` cells at the start and the end, where those are to fade."""
    rising = (torch.arange(1, size + 1) / max(fade, 1)).clamp(max=1.0)
    ones = torch.ones(size)
    return (rising if start else ones) * (rising.flip(0) if end else ones)
