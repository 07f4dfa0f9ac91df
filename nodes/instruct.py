"""Nodes for models that are shown a picture to edit or to follow."""

from typing import NamedTuple

import torch

from diffusion.beside import PICTURE
from engine.node import node
from nodes.inpaint import centred
from nodes.types import Conditioning, Image, Latent, Vae


class Shown(NamedTuple):
    positive: Conditioning
    negative: Conditioning
    latent: Latent


@node(
    "InstructPixToPixConditioning",
    title="InstructPixToPixConditioning",
    category="conditioning/instructpix2pix",
)
def instruct_pix_to_pix_conditioning(
    *, positive: Conditioning, negative: Conditioning, vae: Vae, pixels: Image
) -> Shown:
    """Show a model a picture: to edit (instruct-pix2pix, CosXL Edit), or to follow (Flux Canny and Depth).

    How much the picture counts is set by DualCFGGuider, with these two conditionings and an empty prompt.

    Args:
        positive: The instruction, or what to draw.
        negative: The conditioning describing what to avoid.
        vae: The VAE model used for encoding.
        pixels: The pictures; for Flux, edges or depth maps. Cropped to multiples of 8 around the centre.

    Returns:
        positive: The positive conditioning with the picture.
        negative: The negative conditioning with the same.
        latent: An empty latent of the picture's size, to sample from with a denoise of 1.
    """
    picture = vae.encode(centred(pixels.movedim(-1, 1), vae.factor).movedim(1, -1))
    seen = {PICTURE: picture}
    return Shown(
        [[context, {**options, **seen}] for context, options in positive],
        [[context, {**options, **seen}] for context, options in negative],
        {"samples": torch.zeros_like(picture)},
    )
