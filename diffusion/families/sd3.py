"""Stable Diffusion 3 and 3.5: a transformer (MMDiT) that predicts a flow's velocity, 16 latent channels.

Its text encoders, CLIP-L, OpenCLIP-G and T5-XXL, are in some of the published files and beside others; any of
them may be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffusion.families.family import Family, Network, Required, T5Row, TextTower
from diffusion.families.sd1 import NETWORK, VAE
from diffusion.mmdit import MMDiT, MMDiTConfig
from diffusion.model import Extra, LatentFormat
from diffusion.prediction import Flow, Prediction
from diffusion.text import Join, Stacked
from diffusion.vectors import PooledText

if TYPE_CHECKING:
    from diffusion.checkpoint.tensors import ModelFile

SD3_LATENT = LatentFormat(
    channels=16,
    scale=1.5305,
    shift=0.0609,
    taesd="taesd3",
    rgb=(
        (-0.0922, -0.0175, 0.0749),
        (0.0311, 0.0633, 0.0954),
        (0.1994, 0.0927, 0.0458),
        (0.0856, 0.0339, 0.0902),
        (0.0587, 0.0272, -0.0496),
        (-0.0006, 0.1104, 0.0309),
        (0.0978, 0.0306, 0.0427),
        (-0.0042, 0.1038, 0.1358),
        (-0.0194, 0.0020, 0.0669),
        (-0.0488, 0.0130, -0.0268),
        (0.0922, 0.0988, 0.0951),
        (-0.0278, 0.0524, -0.0542),
        (0.0332, 0.0456, 0.0895),
        (-0.0069, -0.0030, -0.0810),
        (-0.0596, -0.0465, -0.0293),
        (-0.1448, -0.1463, -0.1189),
    ),
    rgb_bias=(0.2394, 0.2135, 0.1925),
)
SHIFT = 3.0
"""How far the noise levels of a run are moved towards noise."""
WIDTH_L = 768
"""Of CLIP-L, whose part of the pooled text is zeros where it is missing."""

AUTOENCODER16 = "decoder.conv_in.weight"


def autoencoder(prefix: str) -> Required:
    """The autoencoder of 16 channels, under that prefix."""
    return Required(f"{prefix}{AUTOENCODER16}", (None, 16, 3, 3), "autoencoder of 16 latent channels")


def shifted_flow(file: ModelFile) -> Prediction:
    """All of the family predict the velocity of a flow."""
    return Flow(SHIFT)


def _pooled(config: MMDiTConfig) -> Extra:
    return PooledText(config.vector_dim)


def _stacked(config: MMDiTConfig) -> Join:
    clip_l = min(WIDTH_L, config.vector_dim // 2)
    return Stacked(config.context_dim, clip_l, config.vector_dim - clip_l)


L = TextTower("l", "text_encoders.clip_l.transformer.", layer=-2, final_norm=False)
G = TextTower(
    "g",
    "text_encoders.clip_g.transformer.",
    projection="text_projection.weight",
    activation="gelu",
    pad=0,
    layer=-2,
    final_norm=False,
)
T5 = "text_encoders.t5xxl.transformer."

SD3 = Family(
    name="sd3",
    title="SD3",
    required=(
        Required(f"{NETWORK}x_embedder.proj.weight", (None, 16, None, None), "patches of 16 channels"),
        Required(f"{NETWORK}joint_blocks.0.x_block.attn.qkv.weight", (None, None), "joint transformer block"),
        autoencoder(VAE),
    ),
    network_prefix=NETWORK,
    vae_prefix=VAE,
    towers=(),
    latent_format=SD3_LATENT,
    prediction=shifted_flow,
    extra=_pooled,
    network=Network(MMDiTConfig.from_shapes, MMDiT),
    bundled=(L, G),
    t5=T5Row(T5, least=77),
    join=_stacked,
)
