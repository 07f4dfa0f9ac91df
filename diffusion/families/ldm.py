"""The models of the latent diffusion paper (arXiv 2112.10752), before Stable Diffusion.

Text, classes, layouts of boxes, pictures to be enlarged or filled in, or nothing: what they read makes the
family. Autoencoders, sizes and noise schedules differ from model to model and are read from the file, but for
the number of attention heads, which no tensor tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from diffusion.families.family import Absent, Conditioner, Family, Network, Required
from diffusion.families.naming import Shape
from diffusion.families.sd1 import CONVOLUTIONAL, NETWORK, VAE
from diffusion.ldm.pictures import MaskedPicture, SmallPicture
from diffusion.model import SD1_LATENT, Extra, LatentFormat, no_extra
from diffusion.prediction import Eps, Prediction
from diffusion.timesteps import Discrete, scaled_linear
from diffusion.unet import UNet, UNetConfig

if TYPE_CHECKING:
    from diffusion.checkpoint.tensors import ModelFile

_CONDITIONER = "cond_stage_model."
_STEM = f"{NETWORK}input_blocks.0.0.weight"
_CODEBOOK = f"{VAE}quantize.embedding.weight"
_BETAS = "betas"
_SCALE = "scale_factor"
BERT = f"{_CONDITIONER}transformer."
_TOKENS = f"{BERT}token_emb.weight"
_CLASSES = f"{_CONDITIONER}embedding.weight"
_WORDS = 30522
"""Entries of the vocabulary of bert-base-uncased."""


Betas = tuple[float, float]
"""First and last of a schedule."""


def _schedule(f4: Betas, f8: Betas) -> Callable[[ModelFile], Prediction]:
    """Noise, on the betas of the file; failing these, on those the published models were trained with."""

    def prediction(file: ModelFile) -> Prediction:
        if _dimensions(file, _BETAS) == 1:
            betas = file.read([_BETAS], torch.float32, torch.device("cpu"))[_BETAS].double()
            return Eps(Discrete(torch.cumprod(1 - betas, dim=0)))
        return Eps(Discrete(scaled_linear(*(f8 if _f8(file.header.shapes(NETWORK)) else f4))))

    return prediction


def _dimensions(file: ModelFile, name: str) -> int | None:
    """Of a buffer that files may have; None without it."""
    info = file.header.tensors.get(name)
    return None if info is None else len(info.shape)


def _f8(shapes: Mapping[str, Shape]) -> bool:
    """Whether a network's latents are of the f8 autoencoders, which have 4 channels; those of f4 have 3."""
    return shapes["out.2.weight"][0] == SD1_LATENT.channels


def _latents(file: ModelFile) -> LatentFormat:
    """As many channels as the network predicts; the scale in the file, or that of published models."""
    channels = file.header.tensors[f"{NETWORK}out.2.weight"].shape[0]
    scale = 1.0
    if _dimensions(file, _SCALE) == 0:
        scale = float(file.read([_SCALE], torch.float32, torch.device("cpu"))[_SCALE])
    elif _CODEBOOK not in file.header.tensors:
        scale = SD1_LATENT.scale
    if channels == SD1_LATENT.channels:
        return replace(SD1_LATENT, scale=scale)
    # Channels of f4 are not fitted to colours: each shows as one, which is enough to see shapes.
    rgb = tuple((float(n % 3 == 0), float(n % 3 == 1), float(n % 3 == 2)) for n in range(channels))
    return LatentFormat(channels, scale, rgb=rgb)


# --- attention heads: what the published configurations say ------------------------------------------


def _by_channels(shapes: Mapping[str, Shape]) -> UNetConfig:
    """32 channels a head."""
    return UNetConfig.from_shapes(shapes, head_dim=32)


def _text_sizes(shapes: Mapping[str, Shape]) -> UNetConfig:
    """text2img-large has 8 heads, text2img256 a head for every 32 channels."""
    return UNetConfig.from_shapes(shapes, heads=8) if _f8(shapes) else _by_channels(shapes)


def _class_sizes(shapes: Mapping[str, Shape]) -> UNetConfig:
    """The ImageNet model on f4 latents has a single head, the one on f8 a head for every 32 channels."""
    return _by_channels(shapes) if _f8(shapes) else UNetConfig.from_shapes(shapes, heads=1)


def _plain_sizes(shapes: Mapping[str, Shape]) -> UNetConfig:
    """Networks that resample in residual blocks have 8 heads, the others a head for every 32 channels."""
    config = _by_channels(shapes)
    return replace(config, heads=8, head_dim=None) if config.residual_resampling else config


# --- families ----------------------------------------------------------------------------------------


def _plain(title: str, name: str, channels: tuple[int, int], extra: Extra = no_extra) -> Family:
    """A family of networks that read pictures or nothing; `channels` are those they see and predict."""
    given, predicted = channels
    return Family(
        name=name,
        title=title,
        required=(
            Required(_STEM, (None, given, 3, 3), f"U-Net input of {given} channels"),
            Required(
                f"{NETWORK}out.2.weight", (predicted, None, 3, 3), f"U-Net output of {predicted} channels"
            ),
            Required(f"{NETWORK}middle_block.1.qkv.weight", (None, None, 1), "U-Net self-attention"),
            Required(
                f"{VAE}decoder.conv_in.weight", (None, predicted, 3, 3), "autoencoder of as many channels"
            ),
        ),
        absent=(Absent(_CLASSES, "table of classes"), Absent(_TOKENS, "text encoder")),
        network_prefix=NETWORK,
        vae_prefix=VAE,
        towers=(),
        latent_format=LatentFormat(predicted),
        latents=_latents,
        prediction=_schedule((0.0015, 0.0195), (0.0015, 0.0155)),
        extra=lambda config: extra,
        network=Network(_plain_sizes, UNet),
        conditioner=Conditioner("nothing"),
    )


LDM_UNCONDITIONAL = _plain("unconditional latent diffusion", "ldm-unconditional", (3, 3))
LDM_UNCONDITIONAL_F8 = _plain("unconditional latent diffusion (f8)", "ldm-unconditional-f8", (4, 4))
LDM_SUPER_RESOLUTION = replace(
    _plain("latent diffusion super-resolution", "ldm-super-resolution", (6, 3), SmallPicture()),
    prediction=_schedule((0.0015, 0.0155), (0.0015, 0.0155)),
    conditioner=Conditioner("nothing", node="LDMSuperResolution"),
)
LDM_INPAINT = replace(
    _plain("latent diffusion inpainting", "ldm-inpaint", (7, 3), MaskedPicture()),
    prediction=_schedule((0.0015, 0.0205), (0.0015, 0.0205)),
    conditioner=Conditioner("nothing", node="LDMInpaint"),
)

LDM_TEXT = Family(
    name="ldm-text",
    title="text latent diffusion",
    required=(
        Required(_TOKENS, (_WORDS, None), "text encoder with BERT's vocabulary"),
        CONVOLUTIONAL,
        Required(f"{VAE}decoder.conv_in.weight", (None, None, 3, 3), "autoencoder"),
    ),
    network_prefix=NETWORK,
    vae_prefix=VAE,
    towers=(),
    latent_format=SD1_LATENT,
    latents=_latents,
    prediction=_schedule((0.0015, 0.0195), (0.00085, 0.012)),
    network=Network(_text_sizes, UNet),
    conditioner=Conditioner("text", BERT),
)
LDM_CLASS = replace(
    LDM_TEXT,
    name="ldm-class",
    title="class-conditional latent diffusion",
    required=(Required(_CLASSES, (None, None), "table of classes"), *LDM_TEXT.required[1:]),
    prediction=_schedule((0.0015, 0.0195), (0.0015, 0.0195)),
    network=Network(_class_sizes, UNet),
    conditioner=Conditioner("class", _CONDITIONER),
)
LDM_BOXES = replace(
    LDM_TEXT,
    name="ldm-boxes",
    title="layout-to-image latent diffusion",
    required=(
        Required(_TOKENS, (8192, None), "encoder of layouts with 8192 tokens"),
        *LDM_TEXT.required[1:],
    ),
    prediction=_schedule((0.0015, 0.0205), (0.0015, 0.0205)),
    network=Network(_by_channels, UNet),
    conditioner=Conditioner("boxes", BERT),
)

LDM: tuple[Family, ...] = (
    LDM_TEXT,
    LDM_CLASS,
    LDM_BOXES,
    LDM_UNCONDITIONAL,
    LDM_UNCONDITIONAL_F8,
    LDM_SUPER_RESOLUTION,
    LDM_INPAINT,
)
