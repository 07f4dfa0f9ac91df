"""Flux.1: a transformer that predicts the flow's velocity, T5-XXL's states and CLIP-L's pooled vector.

Dev is told how strongly to follow the prompt and runs without a negative one; schnell is made for four steps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffusion.beside import FilledPicture, PictureBeside
from diffusion.families.family import Family, Network, Required, T5Row
from diffusion.families.sd1 import NETWORK
from diffusion.families.sd3 import T5, L, autoencoder
from diffusion.flux import PATCH, Flux, FluxConfig
from diffusion.model import Extra, LatentFormat
from diffusion.prediction import Flow, Prediction
from diffusion.prediction import Flux as FluxPrediction
from diffusion.text import Join, Separate
from diffusion.vectors import PooledText

if TYPE_CHECKING:
    from diffusion.checkpoint.tensors import ModelFile

FLUX_LATENT = LatentFormat(
    channels=16,
    scale=0.3611,
    shift=0.1159,
    taesd="taef1",
    rgb=(
        (-0.0346, 0.0244, 0.0681),
        (0.0034, 0.0210, 0.0687),
        (0.0275, -0.0668, -0.0433),
        (-0.0174, 0.0160, 0.0617),
        (0.0859, 0.0721, 0.0329),
        (0.0004, 0.0383, 0.0115),
        (0.0405, 0.0861, 0.0915),
        (-0.0236, -0.0185, -0.0259),
        (-0.0245, 0.0250, 0.1180),
        (0.1008, 0.0755, -0.0421),
        (-0.0515, 0.0201, 0.0011),
        (0.0428, -0.0012, -0.0036),
        (0.0817, 0.0765, 0.0749),
        (-0.1264, -0.0522, -0.1103),
        (-0.0280, -0.0881, -0.0499),
        (-0.1262, -0.0982, -0.0778),
    ),
    rgb_bias=(-0.0329, -0.0718, -0.0851),
)
_VAE = "vae."
_GUIDANCE = f"{NETWORK}guidance_in.in_layer.weight"
LEAST = 256


def dev_or_schnell(file: ModelFile) -> Prediction:
    """Dev's exponentially shifted flow; schnell, which has no embedding of the guidance, is not shifted."""
    return FluxPrediction() if _GUIDANCE in file.header.tensors else Flow(1.0, 1.0)


def _told(config: FluxConfig) -> Extra:
    return PooledText(config.vector_dim, config.guided)


def _separate(config: FluxConfig) -> Join:
    return Separate(config.context_dim, LEAST, config.vector_dim)


def _shown(config: FluxConfig) -> Extra:
    return PictureBeside("Flux Canny or Depth", FLUX_LATENT, _told(config))


def _filled(config: FluxConfig) -> Extra:
    return FilledPicture(FLUX_LATENT, _told(config))


def _patches(channels: int) -> Required:
    name = f"{NETWORK}img_in.weight"
    return Required(name, (None, channels * PATCH**2), f"patches of {channels} channels")


FLUX = Family(
    name="flux",
    title="Flux",
    required=(
        _patches(16),
        Required(f"{NETWORK}double_blocks.0.img_attn.qkv.weight", (None, None), "block of two streams"),
        autoencoder(_VAE),
    ),
    network_prefix=NETWORK,
    vae_prefix=_VAE,
    towers=(),
    latent_format=FLUX_LATENT,
    prediction=dev_or_schnell,
    extra=_told,
    network=Network(FluxConfig.from_shapes, Flux),
    bundled=(replace(L, layer=-1, final_norm=True),),
    t5=T5Row(T5, least=LEAST),
    join=_separate,
)

FLUX_CONTROL = replace(
    FLUX,
    name="flux-control",
    title="Flux Canny or Depth",
    required=(_patches(32), *FLUX.required[1:]),
    extra=_shown,
)

FLUX_FILL = replace(
    FLUX,
    name="flux-fill",
    title="Flux Fill",
    required=(_patches(96), *FLUX.required[1:]),
    extra=_filled,
)
