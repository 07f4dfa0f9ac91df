"""Nodes that join latents along an axis and cut pieces from them."""

from typing import Annotated, Literal

import torch
from torch import Tensor

from diffusion.regions import to_batch
from engine.node import node
from engine.types import Range
from nodes.latent_math import DifferentLatents, sized
from nodes.types import Latent

LIMIT = 16384

AXES = {"x": -1, "y": -2, "t": -3}
"""Width, height, and of latents with frames [B,C,T,H,W] time."""


@node("LatentBatch", title="LatentBatch", category="latent/batch", lane="cpu")
def latent_batch(*, samples1: Latent, samples2: Latent) -> Latent:
    """Put latents into one batch.

    Args:
        samples1: The first latents; the batch has their size.
        samples2: The latents that follow, cut and scaled to that size.
    """
    first, second = samples1["samples"], samples2["samples"]
    joined = torch.cat([first, sized(second, first).to(first)])
    return {**samples1, "samples": joined, "batch_index": indices(samples1) + indices(samples2)}


@node("LatentConcat", title="LatentConcat", category="latent/advanced", lane="cpu")
def latent_concat(
    *, samples1: Latent, samples2: Latent, dim: Literal["x", "-x", "y", "-y", "t", "-t"]
) -> Latent:
    """Set latents side by side, one above the other, or one after the other in time.

    Args:
        samples1: The first latents.
        samples2: The second: right, below or after them; as many as the first.
        dim: Along which axis; with a minus the second come first.
    """
    first, second = samples1["samples"], to_batch(samples2["samples"], len(samples1["samples"]))
    axis = axis_of(dim.removeprefix("-"), first)
    if without(axis, first) != without(axis, second):
        raise DifferentLatents(
            f"latents of the shapes {list(first.shape)} and {list(second.shape)} "
            f"cannot be joined along {dim.removeprefix('-')}: their other sides differ"
        )
    ordered = (second.to(first), first) if dim.startswith("-") else (first, second.to(first))
    return {**samples1, "samples": torch.cat(ordered, dim=axis)}


@node("LatentCut", title="LatentCut", category="latent/advanced", lane="cpu")
def latent_cut(
    *,
    samples: Latent,
    dim: Literal["x", "y", "t"],
    index: Annotated[int, Range(-LIMIT, LIMIT, step=1)] = 0,
    amount: Annotated[int, Range(1, LIMIT, step=1)] = 1,
) -> Latent:
    """Cut a piece out of latents along one axis.

    Args:
        samples: The latents.
        dim: The axis: width, height or time.
        index: Where the piece begins, in cells (8 pixels each); below 0 counted from the end.
        amount: How many cells it has, as far as there are.
    """
    latent = samples["samples"]
    axis = axis_of(dim, latent)
    size = latent.shape[axis]
    start = min(index, size - 1) if index >= 0 else max(size + index, 0)
    return {**samples, "samples": latent.narrow(axis, start, min(amount, size - start))}


@node("LatentCutToBatch", title="LatentCutToBatch", category="latent/advanced", lane="cpu")
def latent_cut_to_batch(
    *,
    samples: Latent,
    dim: Literal["t", "x", "y"],
    slice_size: Annotated[int, Range(1, LIMIT, step=1)] = 1,
) -> Latent:
    """Cut latents into pieces of the same size and put those into one batch.

    Args:
        samples: The latents.
        dim: The axis they are cut along: time, width or height.
        slice_size: Cells of a piece; what is left over at the end is dropped.
    """
    latent = samples["samples"]
    axis = axis_of(dim, latent)
    size = min(slice_size, latent.shape[axis])
    starts = range(0, latent.shape[axis] // size * size, size)
    pieces = [latent.narrow(axis, start, size) for start in starts]
    return {**samples, "samples": torch.stack(pieces, 1).flatten(0, 1)}


def indices(latent: Latent) -> list[int]:
    """Which noise of the seed each latent of a batch gets."""
    return latent.get("batch_index") or list(range(len(latent["samples"])))


def axis_of(dim: str, latent: Tensor) -> int:
    """The axis named x, y or t. Raises `DifferentLatents` for the time of latents without frames."""
    if dim == "t" and latent.ndim < 5:
        raise DifferentLatents(f"the latents have the shape {list(latent.shape)} and no time axis t")
    return latent.ndim + AXES[dim]


def without(axis: int, tensor: Tensor) -> list[int]:
    return [size for place, size in enumerate(tensor.shape) if place != axis]
