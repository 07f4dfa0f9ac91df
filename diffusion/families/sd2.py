"""Stable Diffusion 2.x: OpenCLIP-H text encoder, U-Net with linear projections and heads of 64 channels.

The base models (512 px) predict the noise, the others (768 px) the velocity. Nothing in a file says which,
but the biases of one normalisation are spread wider in networks trained for velocity.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from diffusion.depth import depth_beside
from diffusion.families.family import Family, TextTower
from diffusion.families.naming import openclip
from diffusion.families.sd1 import (
    AUTOENCODER,
    LINEAR,
    NETWORK,
    NO_VECTOR,
    OUTPUT,
    VAE,
    VECTOR,
    channels,
    inpainting,
    predicts_noise,
)
from diffusion.model import SD1_LATENT, Extra
from diffusion.prediction import Eps, Prediction, V
from diffusion.unclip import PictureVector, with_statistics
from diffusion.unet import UNetConfig

if TYPE_CHECKING:
    from diffusion.checkpoint.tensors import ModelFile

TELLTALE = f"{NETWORK}output_blocks.11.1.transformer_blocks.0.norm1.bias"
SPREAD = 0.09
"""Standard deviation (divided by N) of the telltale biases above which a network predicts the velocity."""


def noise_or_velocity(file: ModelFile) -> Prediction:
    """What the network predicts, by the spread of `TELLTALE`; the noise where that layer is missing."""
    if TELLTALE not in file.header.tensors:
        return Eps()
    bias = file.read([TELLTALE], torch.float32, torch.device("cpu"))[TELLTALE]
    return V() if float(bias.std(correction=0)) > SPREAD else Eps()


SD2 = Family(
    name="sd2",
    title="SD 2.x",
    required=(channels(4), OUTPUT, LINEAR, AUTOENCODER),
    absent=(NO_VECTOR,),
    network_prefix=NETWORK,
    vae_prefix=VAE,
    towers=(
        TextTower(
            "h",
            "cond_stage_model.model.",
            naming=openclip,
            table="token_embedding.weight",
            projection="text_projection",
            activation="gelu",
            pad=0,
            layer=-2,
        ),
    ),
    latent_format=SD1_LATENT,
    prediction=noise_or_velocity,
)

SD2_INPAINT = replace(
    SD2,
    name="sd2-inpaint",
    title="SD 2.x inpainting",
    required=(channels(9), OUTPUT, LINEAR, AUTOENCODER),
    prediction=predicts_noise,
    extra=inpainting,
)


def _depth(config: UNetConfig) -> Extra:
    """A depth map as the fifth channel."""
    return depth_beside


SD2_DEPTH = replace(
    SD2,
    name="sd2-depth",
    title="SD 2.x depth",
    required=(channels(5), OUTPUT, LINEAR, AUTOENCODER),
    prediction=predicts_noise,
    extra=_depth,
)


def _pictures(config: UNetConfig) -> Extra:
    """The embedding of a picture beside the noise's level, half of the vector each."""
    return PictureVector((config.vector_dim or 0) // 2)


SD2_UNCLIP_H = replace(
    SD2,
    name="sd2-unclip-h",
    title="SD 2.1 unCLIP (OpenCLIP-H)",
    required=(channels(4), OUTPUT, LINEAR, AUTOENCODER, replace(VECTOR, shape=(None, 2 * 1024))),
    absent=(),
    extra=_pictures,
    completed=with_statistics,
)

SD2_UNCLIP_L = replace(
    SD2_UNCLIP_H,
    name="sd2-unclip-l",
    title="SD 2.1 unCLIP (CLIP-L)",
    required=(channels(4), OUTPUT, LINEAR, AUTOENCODER, replace(VECTOR, shape=(None, 2 * 768))),
)
