"""Small checkpoints of SD3 and Flux in the published layouts, filled by the golden rule."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import CLIPTextConfig

from diffusion.clip_text import ClipText
from diffusion.families import Family
from diffusion.families.flux import FLUX
from diffusion.families.sd3 import SD3
from diffusion.flux import FluxConfig
from diffusion.mmdit import MMDiTConfig
from diffusion.vae import AutoencoderKL, VAEConfig
from tests.diffusion.t5_files import sentencepiece, t5_weights
from tests.fill import fill
from tests.tensors import save_file

WIDTH_CLIP, WIDTH_T5 = 32, 64
NETWORKS: dict[str, MMDiTConfig | FluxConfig] = {
    "sd3": MMDiTConfig(width=128, depth=2, context_dim=WIDTH_T5, vector_dim=2 * WIDTH_CLIP, grid=24),
    "flux": FluxConfig(
        width=128, double_blocks=1, single_blocks=1, context_dim=WIDTH_T5, vector_dim=WIDTH_CLIP
    ),
}
FAMILIES = {"sd3": SD3, "flux": FLUX}
VAE16 = VAEConfig(widths=(32, 32, 32, 32), res_blocks=1, latent_channels=16, quant_conv=False)
LAYERS = {"l": 3, "g": 25}
"""Of the text towers: those of more than 24 layers are taken for G in files of their own."""


def network_tensors(name: str, prefix: str | None = None) -> dict[str, Tensor]:
    """The network alone, with the family's prefix or another; the weights do not depend on it."""
    family = FAMILIES[name]
    with torch.device("meta"):
        network = family.network.build(NETWORKS[name])
    return _filled(network, family.network_prefix, prefix)


def vae_tensors(prefix: str = "") -> dict[str, Tensor]:
    """An autoencoder of 16 channels."""
    with torch.device("meta"):
        vae = AutoencoderKL(VAE16)
    return _filled(vae, "first_stage_model.", prefix)


def tower_tensors(key: str, prefix: str = "") -> dict[str, Tensor]:
    """A CLIP text tower, with the projection that files of its own hold for both."""
    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=WIDTH_CLIP,
        intermediate_size=32,
        num_hidden_layers=LAYERS[key],
        num_attention_heads=1,
        projection_dim=WIDTH_CLIP,
        hidden_act="quick_gelu" if key == "l" else "gelu",
    )
    with torch.device("meta"):
        tower = ClipText(config)
    return _filled(tower, f"te.clip_{key}.", prefix)


def t5_tensors(prefix: str = "") -> dict[str, Tensor]:
    """The reference's small T5."""
    return {f"{prefix}{name}": value for name, value in t5_weights().items()}


def save_transformer(folder: Path, name: str, encoders: Collection[str] = ("l", "g", "t5")) -> Path:
    """Write a checkpoint with some of its text encoders, and T5's vocabulary beside it."""
    family: Family = FAMILIES[name]
    tensors = network_tensors(name) | vae_tensors(family.vae_prefix)
    for row in family.bundled:
        if row.key in encoders:
            tensors |= tower_tensors(row.key, row.prefix)
    if "t5" in encoders and family.t5 is not None:
        tensors |= t5_tensors(family.t5.prefix)
    (folder / "spiece.model").write_bytes(sentencepiece())
    path = folder / f"{name}-{'-'.join(encoders)}.safetensors"
    save_file(tensors, path)
    return path


def _filled(module: nn.Module, seed: str, prefix: str | None) -> dict[str, Tensor]:
    named = seed if prefix is None else prefix
    return {f"{named}{name}": fill(f"{seed}{name}", t.shape) for name, t in module.state_dict().items()}
