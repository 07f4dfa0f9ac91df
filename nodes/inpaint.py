"""Nodes that redraw a part of a picture and leave the rest alone."""

from typing import Annotated

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

from diffusion.conditioning import to_batch
from engine.node import node
from engine.types import OptionalInput, Range
from nodes.masks import as_batch
from nodes.resize import resize
from nodes.types import Image, Latent, Mask, Vae

GREY = 0.5


@node("SetLatentNoiseMask", title="Set Latent Noise Mask", category="latent/inpaint", lane="cpu")
def set_latent_noise_mask(*, samples: Latent, mask: Mask) -> Latent:
    """Let samplers change a latent only where a mask is 1.

    Args:
        samples: The latent of the whole picture.
        mask: Where to draw anew; of any size, it is scaled to the latent.
    """
    return {**samples, "noise_mask": as_batch(mask)[:, None]}


@node("VAEEncodeForInpaint", title="VAE Encode (for Inpainting)", category="latent/inpaint")
def vae_encode_for_inpaint(
    *,
    pixels: Image,
    vae: Vae,
    mask: Mask,
    grow_mask_by: Annotated[int, Range(0, 64, step=1)] = 6,
) -> Latent:
    """Encode pictures with what is to be redrawn painted over in grey. Sample with a denoise of 1.

    Args:
        pixels: The pictures; sides are cropped to multiples of 8 around the centre.
        vae: The VAE model used for encoding.
        mask: Where to draw anew; scaled to the pictures.
        grow_mask_by: By how many pixels the redrawn part grows, so that its edge blends in.
    """
    height, width = pixels.shape[1:3]
    selected = interpolate(as_batch(mask)[:, None].float(), size=(height, width), mode="bilinear")
    pixels, selected = centred(pixels.movedim(-1, 1), vae.factor), centred(selected, vae.factor).round()
    hidden = (pixels[:, :3] - GREY) * (1.0 - selected) + GREY
    return {"samples": vae.encode(hidden.movedim(1, -1)), "noise_mask": widened(selected, grow_mask_by)}


@node("ImageCompositeMasked", title="ImageCompositeMasked", category="image", lane="cpu")
def image_composite_masked(
    *,
    destination: Image,
    source: Image,
    x: Annotated[int, Range(0, 16384, step=1)] = 0,
    y: Annotated[int, Range(0, 16384, step=1)] = 0,
    resize_source: bool = False,
    mask: Annotated[Mask | None, OptionalInput()] = None,
) -> Image:
    """Lay one picture on another; where the mask is 0 the one below stays as it is, to the bit.

    Args:
        destination: The picture below; the result has its size.
        source: The picture on top; what would lie outside is cut off.
        x: Where the left edge of the source lies, in pixels.
        y: Where the top edge of the source lies, in pixels.
        resize_source: Scale the source to the destination's size first.
        mask: Where the source covers; scaled to it. Everywhere when left out.
    """
    above = source.movedim(-1, 1)
    if resize_source:
        above = resize(above, destination.shape[2], destination.shape[1], "bilinear")
    opaque = above.new_ones(1, *above.shape[-2:]) if mask is None else as_batch(mask)
    opaque = resize(opaque[:, None], above.shape[-1], above.shape[-2], "bilinear")
    batch = max(len(destination), len(source), len(opaque))
    result = to_batch(destination, batch).clone()
    rows, columns = slice(y, y + above.shape[-2]), slice(x, x + above.shape[-1])
    below = result[:, rows, columns, :3]
    cut = (slice(None), slice(0, below.shape[1]), slice(0, below.shape[2]))
    weight = to_batch(opaque.movedim(1, -1), batch)[cut].to(below)
    shown = to_batch(above.movedim(1, -1), batch)[cut][..., :3].to(below)
    result[:, rows, columns, :3] = torch.where(weight > 0, shown * weight + below * (1 - weight), below)
    return result


def centred(x: Tensor, multiple: int) -> Tensor:
    """[...,H,W] cropped around the centre to multiples of `multiple`."""
    height, width = (size // multiple * multiple for size in x.shape[-2:])
    top, left = (x.shape[-2] % multiple) // 2, (x.shape[-1] % multiple) // 2
    return x[..., top : top + height, left : left + width]


def widened(mask: Tensor, by: int) -> Tensor:
    """A hard mask [B,1,H,W] grown by a square with sides of `by` pixels about every pixel."""
    if by == 0:
        return mask
    around = conv2d(mask, mask.new_ones(1, 1, by, by), padding=by // 2)
    return around[..., : mask.shape[-2], : mask.shape[-1]].clamp(0, 1).round()
