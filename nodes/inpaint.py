"""Nodes that redraw a part of a picture and leave the rest alone."""

from typing import Annotated, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

from diffusion.model import Latent as LatentBatch
from diffusion.regions import to_batch
from engine.node import node
from engine.types import OptionalInput, Range
from nodes.masks import as_batch
from nodes.resize import resize
from nodes.types import Conditioning, Image, Latent, Mask, Vae

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
    _, hidden, selected = _hidden(pixels, mask, vae)
    return {"samples": vae.encode(hidden), "noise_mask": widened(selected.round(), grow_mask_by)}


class Inpainting(NamedTuple):
    positive: Conditioning
    negative: Conditioning
    latent: Latent


@node("InpaintModelConditioning", title="InpaintModelConditioning", category="conditioning/inpaint")
def inpaint_model_conditioning(
    *,
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    pixels: Image,
    mask: Mask,
    noise_mask: bool = True,
) -> Inpainting:
    """Show an inpainting model the picture and what of it is to be redrawn.

    Args:
        positive: The conditioning describing what to draw.
        negative: The conditioning describing what to avoid.
        vae: The VAE model used for encoding.
        pixels: The pictures; sides are cropped to multiples of 8 around the centre.
        mask: Where to draw anew; scaled to the pictures.
        noise_mask: Also keep the sampler from changing anything else. Without it the model repaints all of
            the picture, which hides seams.

    Returns:
        positive: The positive conditioning with mask and masked picture.
        negative: The negative conditioning with the same.
        latent: The whole picture, to sample from.
    """
    pixels, hidden, selected = _hidden(pixels, mask, vae)
    seen = {"concat_latent_image": vae.encode(hidden), "concat_mask": selected[:, 0]}
    latent: LatentBatch = {"samples": vae.encode(pixels)}
    if noise_mask:
        latent["noise_mask"] = selected
    return Inpainting(_with(positive, seen), _with(negative, seen), latent)


def _with(conditioning: Conditioning, more: dict[str, Tensor]) -> Conditioning:
    return [[context, {**options, **more}] for context, options in conditioning]


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
        destination: The pictures below; the result has as many, of their size.
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
    batch, result = len(destination), destination.clone()
    rows, columns = slice(y, y + above.shape[-2]), slice(x, x + above.shape[-1])
    below = result[:, rows, columns, :3]
    cut = (slice(None), slice(0, below.shape[1]), slice(0, below.shape[2]))
    weight = to_batch(opaque.movedim(1, -1), batch)[cut].to(below)
    shown = to_batch(above.movedim(1, -1), batch)[cut][..., :3].to(below)
    result[:, rows, columns, :3] = torch.where(weight > 0, shown * weight + below * (1 - weight), below)
    return result


def _hidden(pixels: Image, mask: Mask, vae: Vae) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures [B,H,W,3] cropped as the VAE does, the same with the mask greyed out, the mask [B,1,H,W]."""
    height, width = pixels.shape[1:3]
    selected = interpolate(as_batch(mask)[:, None].float(), size=(height, width), mode="bilinear")
    shown, selected = centred(pixels.movedim(-1, 1), vae.factor)[:, :3], centred(selected, vae.factor)
    hidden = (shown - GREY) * (1.0 - selected.round()) + GREY
    return shown.movedim(1, -1), hidden.movedim(1, -1), selected


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
