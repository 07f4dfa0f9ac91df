"""Stable Diffusion XL: CLIP-L beside OpenCLIP-G, and a vector of pooled text and picture sizes.

The refiner reads OpenCLIP-G alone, and an aesthetic score in place of the target size. Playground 2.5 has
SDXL's layout, but other noise levels and latents (arXiv 2402.17245).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from diffusion.beside import PictureBeside
from diffusion.families.family import Absent, Family, Required, TextTower
from diffusion.families.naming import openclip
from diffusion.families.sd1 import AUTOENCODER, LINEAR, NETWORK, OUTPUT, VAE, VECTOR, channels
from diffusion.model import PLAYGROUND_LATENT, SDXL_LATENT, Extra, LatentFormat
from diffusion.prediction import Edm, Eps, Prediction, V
from diffusion.timesteps import Discrete, LogContinuous, scaled_linear, zero_terminal_snr
from diffusion.unet import UNetConfig
from diffusion.vectors import SIZE_WIDTH, Numbers, SizeVector, base_sizes, refiner_sizes

if TYPE_CHECKING:
    from diffusion.checkpoint.tensors import ModelFile

_CONTINUOUS = "edm_vpred.sigma_max"
_CONTINUOUS_MIN = "edm_vpred.sigma_min"
MEAN, DEVIATION = "edm_mean", "edm_std"
"""Of each latent channel over the data that Playground 2.5 was trained on, [1, 4, 1, 1]."""


def stated(file: ModelFile) -> Prediction:
    """What tensors put there to say so say: velocity, with or without zero terminal SNR; else the noise."""
    names = file.header.tensors
    if _CONTINUOUS in names:
        least = _number(file, _CONTINUOUS_MIN) if _CONTINUOUS_MIN in names else 0.002
        return V(LogContinuous(least, _number(file, _CONTINUOUS)))
    if "v_pred" not in names:
        return Eps()
    return V(Discrete(zero_terminal_snr(scaled_linear()))) if "ztsnr" in names else V()


def _number(file: ModelFile, name: str) -> float:
    return float(file.read([name], torch.float32, torch.device("cpu"))[name])


def _vector(numbers: Numbers, count: int) -> Callable[[UNetConfig], Extra]:
    return lambda config: SizeVector((config.vector_dim or 0) - SIZE_WIDTH * count, numbers)


def _levels(file: ModelFile) -> Prediction:
    """The preconditioning of arXiv 2206.00364 over the noise levels 0.002 to 80."""
    return Edm(LogContinuous())


def _standardised(file: ModelFile) -> LatentFormat:
    """Latents with the file's own mean and deviation of each channel."""
    names = [name for name in (MEAN, DEVIATION) if name in file.header.tensors]
    read = file.read(names, torch.float32, torch.device("cpu"))
    held = {name: tuple(float(value) for value in tensor.flatten()) for name, tensor in read.items()}
    return replace(
        PLAYGROUND_LATENT,
        means=held.get(MEAN, PLAYGROUND_LATENT.means),
        deviations=held.get(DEVIATION, PLAYGROUND_LATENT.deviations),
    )


def _edited(config: UNetConfig) -> Extra:
    """The picture to edit beside the noisy latent, and the vector."""
    return PictureBeside("SDXL instruct-pix2pix", None, _vector(base_sizes, 6)(config))


def _as_cosxl(extra: Extra, file: ModelFile) -> Extra:
    """CosXL Edit, which predicts the velocity over continuous levels, sees the picture scaled."""
    if isinstance(extra, PictureBeside) and _CONTINUOUS in file.header.tensors:
        return replace(extra, latent_format=SDXL_LATENT)
    return extra


_STATISTICS = Absent(MEAN, "mean of its latents, as Playground 2.5 has")

_L = TextTower("l", "conditioner.embedders.0.transformer.", layer=-2, final_norm=False)
_G = TextTower(
    "g",
    "conditioner.embedders.1.model.",
    naming=openclip,
    table="token_embedding.weight",
    projection="text_projection",
    activation="gelu",
    pad=0,
    layer=-2,
    final_norm=False,
)

SDXL = Family(
    name="sdxl",
    title="SDXL",
    required=(channels(4), OUTPUT, LINEAR, VECTOR, AUTOENCODER),
    absent=(_STATISTICS,),
    network_prefix=NETWORK,
    vae_prefix=VAE,
    towers=(_L, _G),
    latent_format=SDXL_LATENT,
    prediction=stated,
    sizes=6,
    extra=_vector(base_sizes, 6),
)

SDXL_REFINER = replace(
    SDXL,
    name="sdxl-refiner",
    title="SDXL refiner",
    towers=(replace(_G, prefix="conditioner.embedders.0.model."),),
    sizes=5,
    extra=_vector(refiner_sizes, 5),
)

PLAYGROUND = replace(
    SDXL,
    name="playground",
    title="Playground 2.5",
    required=(*SDXL.required, Required(MEAN, (1, 4, 1, 1), "mean of its latents")),
    absent=(),
    latent_format=PLAYGROUND_LATENT,
    latents=_standardised,
    prediction=_levels,
)

SDXL_EDIT = replace(
    SDXL,
    name="sdxl-edit",
    title="SDXL instruct-pix2pix",
    required=(channels(8), OUTPUT, LINEAR, VECTOR, AUTOENCODER),
    extra=_edited,
    completed=_as_cosxl,
)
