"""Nodes that make and reshape latents."""

from typing import Annotated

import torch

from engine.node import node
from engine.types import Range
from nodes.resize import Crop, LatentMethod, fit, resize
from nodes.types import Latent

FACTOR = 8
LEAST = 64
"""Pixels of the shortest side a latent is scaled to."""


@node("EmptyLatentImage", title="Empty Latent Image", category="latent", lane="cpu")
def empty_latent_image(
    *,
    width: Annotated[int, Range(16, 16384, step=8)] = 512,
    height: Annotated[int, Range(16, 16384, step=8)] = 512,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
) -> Latent:
    """Create a new batch of empty latent images to be denoised via sampling.

    Args:
        width: The width of the latent images in pixels.
        height: The height of the latent images in pixels.
        batch_size: The number of latent images in the batch.

    Returns:
        LATENT: The empty latent image batch.
    """
    return {"samples": torch.zeros(batch_size, 4, height // FACTOR, width // FACTOR)}


@node("LatentUpscale", title="Upscale Latent", category="latent", lane="cpu")
def latent_upscale(
    *,
    samples: Latent,
    upscale_method: LatentMethod,
    width: Annotated[int, Range(0, 16384, step=8)] = 512,
    height: Annotated[int, Range(0, 16384, step=8)] = 512,
    crop: Crop,
) -> Latent:
    """Resize latents; a second sampling pass then adds the detail.

    Args:
        samples: The latents to resize.
        upscale_method: How values between the old ones are found.
        width: The new width in pixels; 0 keeps the aspect ratio.
        height: The new height in pixels; 0 keeps the aspect ratio.
        crop: `center` first cuts the latents to the new aspect ratio.
    """
    latent = samples["samples"]
    if width == 0 and height == 0:
        return samples
    source = (latent.shape[-1] * FACTOR, latent.shape[-2] * FACTOR)
    wide, high = fit(width, height, source, least=LEAST)
    return {**samples, "samples": resize(latent, wide // FACTOR, high // FACTOR, upscale_method, crop)}


@node("LatentUpscaleBy", title="Upscale Latent By", category="latent", lane="cpu")
def latent_upscale_by(
    *,
    samples: Latent,
    upscale_method: LatentMethod,
    scale_by: Annotated[float, Range(0.01, 8.0, step=0.01)] = 1.5,
) -> Latent:
    """Resize latents by a factor; a second sampling pass then adds the detail.

    Args:
        samples: The latents to resize.
        upscale_method: How values between the old ones are found.
        scale_by: The factor of both sides.
    """
    latent = samples["samples"]
    width, height = (max(1, round(latent.shape[side] * scale_by)) for side in (-1, -2))
    return {**samples, "samples": resize(latent, width, height, upscale_method)}
