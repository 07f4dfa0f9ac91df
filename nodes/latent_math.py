"""Nodes that calculate with latents, cell by cell."""

from typing import Annotated

from torch import Tensor

from diffusion.regions import to_batch
from engine.node import node
from engine.types import Range
from nodes.resize import resize
from nodes.types import Latent

Share = Annotated[float, Range(0.0, 1.0, step=0.01)]


class DifferentLatents(ValueError):
    """Two latents that no operation can bring together."""

    remedy = "Use latents of the same kind of model, or decode one and encode it with the other model's VAE."


@node("LatentAdd", title="LatentAdd", category="latent/advanced", lane="cpu")
def latent_add(*, samples1: Latent, samples2: Latent) -> Latent:
    """Add latents.

    Args:
        samples1: The first latents; the result has their size.
        samples2: What is added, scaled to that size.
    """
    first, second = pair(samples1, samples2)
    return {**samples1, "samples": first + second}


@node("LatentSubtract", title="LatentSubtract", category="latent/advanced", lane="cpu")
def latent_subtract(*, samples1: Latent, samples2: Latent) -> Latent:
    """Subtract latents.

    Args:
        samples1: The first latents; the result has their size.
        samples2: What is taken away, scaled to that size.
    """
    first, second = pair(samples1, samples2)
    return {**samples1, "samples": first - second}


@node("LatentMultiply", title="LatentMultiply", category="latent/advanced", lane="cpu")
def latent_multiply(
    *, samples: Latent, multiplier: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0
) -> Latent:
    """Multiply latents by a number.

    Args:
        samples: The latents.
        multiplier: The number; below 1 the picture loses contrast, above 1 it gains some.
    """
    return {**samples, "samples": samples["samples"] * multiplier}


@node("LatentInterpolate", title="LatentInterpolate", category="latent/advanced", lane="cpu")
def latent_interpolate(*, samples1: Latent, samples2: Latent, ratio: Share = 1.0) -> Latent:
    """Mix two latents without losing contrast: directions and lengths of the cells are averaged apart.

    Args:
        samples1: The first latents; the result has their size.
        samples2: The second, scaled to that size.
        ratio: The share of the first.
    """
    first, second = pair(samples1, samples2)
    lengths = length(first) * ratio + length(second) * (1 - ratio)
    mixed = unit(first) * ratio + unit(second) * (1 - ratio)
    return {**samples1, "samples": unit(mixed) * lengths}


@node("LatentBlend", title="Latent Blend", category="_for_testing", lane="cpu")
def latent_blend(*, samples1: Latent, samples2: Latent, blend_factor: Share = 0.5) -> Latent:
    """Mix two latents.

    Args:
        samples1: The first latents; the result has their size.
        samples2: The second, scaled to that size.
        blend_factor: The share of the first.
    """
    first, second = pair(samples1, samples2, "bicubic")
    return {**samples1, "samples": first * blend_factor + second * (1 - blend_factor)}


def pair(one: Latent, other: Latent, method: str = "bilinear") -> tuple[Tensor, Tensor]:
    """The samples of both, those of `other` with the size and batch of `one`. Raises `DifferentLatents`."""
    first, second = one["samples"], other["samples"]
    return first, to_batch(sized(second, first, method), len(first)).to(first)


def sized(latent: Tensor, like: Tensor, method: str = "bilinear") -> Tensor:
    """A latent cut and scaled to the height and width of another. Raises `DifferentLatents`."""
    if latent.shape[1:-2] != like.shape[1:-2]:
        raise DifferentLatents(
            f"the latents have the shapes {list(like.shape)} and {list(latent.shape)}: "
            f"{like.shape[1]} and {latent.shape[1]} channels do not go together"
        )
    height, width = like.shape[-2:]
    if latent.shape[-2:] == like.shape[-2:]:
        return latent
    return resize(latent, width, height, method, "center")


def length(latent: Tensor) -> Tensor:
    """The length of each cell's channel vector, [B,1,H,W]."""
    return latent.square().sum(1, keepdim=True).sqrt()


def unit(latent: Tensor) -> Tensor:
    """Each cell's channel vector with length 1; 0 stays 0."""
    return (latent / length(latent)).nan_to_num()
