"""Stable Diffusion 1.x: CLIP-L text encoder, U-Net that predicts the noise, KL autoencoder of factor 8.

The inpainting model's U-Net sees five channels more: the mask and the masked picture; that of
instruct-pix2pix (arXiv 2211.09800) four: the picture to edit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diffusion.beside import PictureBeside
from diffusion.families.family import Absent, Family, Required, TextTower
from diffusion.inpainting import MaskedPicture
from diffusion.model import SD1_LATENT, Extra
from diffusion.prediction import Eps, Prediction
from diffusion.unet import UNetConfig

if TYPE_CHECKING:
    from diffusion.checkpoint.tensors import ModelFile

NETWORK = "model.diffusion_model."
VAE = "first_stage_model."
TEXT = "cond_stage_model.transformer.text_model."

OUTPUT = Required(f"{NETWORK}out.2.weight", (4, None, 3, 3), "U-Net output of 4 channels")
AUTOENCODER = Required(f"{VAE}decoder.conv_in.weight", (None, 4, 3, 3), "autoencoder of 4 latent channels")
CONVOLUTIONAL = Required(
    f"{NETWORK}middle_block.1.proj_in.weight", (None, None, 1, 1), "U-Net attention with convolutions"
)
LINEAR = replace(CONVOLUTIONAL, shape=(None, None), what="U-Net attention with linear projections")
VECTOR = Required(f"{NETWORK}label_emb.0.0.weight", (None, None), "U-Net embedding of a vector")
NO_VECTOR = Absent(VECTOR.name, VECTOR.what)


def channels(number: int) -> Required:
    """The U-Net's first layer, for that many channels."""
    name = f"{NETWORK}input_blocks.0.0.weight"
    return Required(name, (None, number, 3, 3), f"U-Net input of {number} channels")


def predicts_noise(file: ModelFile) -> Prediction:
    """All of the family predict the noise."""
    return Eps()


def inpainting(config: UNetConfig) -> Extra:
    """Mask and masked picture beside the noisy latent."""
    return MaskedPicture(SD1_LATENT)


def _edited(config: UNetConfig) -> Extra:
    """The picture to edit, unscaled."""
    return PictureBeside("instruct-pix2pix")


SD1 = Family(
    name="sd1",
    title="SD 1.x",
    required=(channels(4), OUTPUT, CONVOLUTIONAL, AUTOENCODER),
    absent=(NO_VECTOR,),
    network_prefix=NETWORK,
    vae_prefix=VAE,
    towers=(TextTower("l", TEXT.removesuffix("text_model.")),),
    latent_format=SD1_LATENT,
    prediction=predicts_noise,
)

SD1_INPAINT = replace(
    SD1,
    name="sd1-inpaint",
    title="SD 1.x inpainting",
    required=(channels(9), OUTPUT, CONVOLUTIONAL, AUTOENCODER),
    extra=inpainting,
)

SD1_EDIT = replace(
    SD1,
    name="sd1-edit",
    title="SD 1.x instruct-pix2pix",
    required=(channels(8), OUTPUT, CONVOLUTIONAL, AUTOENCODER),
    extra=_edited,
)
