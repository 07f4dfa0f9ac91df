"""Complete checkpoints small enough for every test: the real layouts and the real code paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from diffusion.clip_text import ClipText
from diffusion.families import FAMILIES
from diffusion.families.family import TextTower
from diffusion.families.naming import openclip
from diffusion.families.sd1 import NETWORK, TEXT, VAE
from diffusion.unet import UNet, UNetConfig
from diffusion.vae import AutoencoderKL, VAEConfig
from tests.diffusion.openclip import to_openclip
from tests.fill import fill
from tests.tensors import save_file

UNET_CONFIG = UNetConfig(
    widths=(32, 64), down_depths=((1,), (1,)), up_depths=((1, 1), (1, 1)), middle_depth=1, context_dim=32
)
VAE_CONFIG = VAEConfig(widths=(32, 32, 32, 32), res_blocks=1)
TEXT_CONFIG = CLIPTextConfig(
    vocab_size=49408, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=1
)


def small_tensors(dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """The tensors of a small checkpoint by their published names, filled by the golden rule."""
    with torch.device("meta"):
        parts = {NETWORK: UNet(UNET_CONFIG), VAE: AutoencoderKL(VAE_CONFIG), TEXT: CLIPTextModel(TEXT_CONFIG)}
    shapes = {
        f"{prefix}{name}": tuple(value.shape)
        for prefix, part in parts.items()
        for name, value in part.state_dict().items()
    }
    return {name: fill(name, shape, last=3).to(dtype) for name, shape in shapes.items()}


def save_small(path: Path, dtype: torch.dtype = torch.float32, **more: Tensor) -> Path:
    """Write a small checkpoint, with `more` tensors under any name."""
    save_file({**small_tensors(dtype), **more}, path)
    return path


# --- the other families --------------------------------------------------------------------------

_LINEAR = replace(
    UNET_CONFIG, widths=(64, 128), context_dim=64, heads=None, head_dim=64, linear_projection=True
)
UNET_CONFIGS = {
    "sd1": UNET_CONFIG,
    "sd1-inpaint": replace(UNET_CONFIG, in_channels=9),
    "sd2": _LINEAR,
    "sd2-inpaint": replace(_LINEAR, in_channels=9),
    "sd2-depth": replace(_LINEAR, in_channels=5),
    "sd2-unclip-h": replace(_LINEAR, vector_dim=2 * 1024),
    "sdxl": replace(_LINEAR, context_dim=32 + 64, vector_dim=64 + 6 * 256),
    "sdxl-refiner": replace(_LINEAR, vector_dim=64 + 5 * 256),
}
PLAIN_CONFIG = CLIPTextConfig(
    vocab_size=49408,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=1,
    projection_dim=0,
)
OPENCLIP_CONFIG = CLIPTextConfig(
    vocab_size=49408,
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=3,
    num_attention_heads=1,
    projection_dim=64,
    hidden_act="gelu",
)


def family_tensors(name: str) -> dict[str, Tensor]:
    """The tensors of a small checkpoint of a family, by their published names, filled by the golden rule."""
    family = next(family for family in FAMILIES if family.name == name)
    with torch.device("meta"):
        unet, vae = UNet(UNET_CONFIGS[name]), AutoencoderKL(VAE_CONFIG)
    tensors = {**_filled(unet.state_dict(), NETWORK), **_filled(vae.state_dict(), VAE)}
    for row in family.towers:
        tensors |= _tower(row)
    return tensors


def save_family(path: Path, name: str, **more: Tensor) -> Path:
    """Write a small checkpoint of a family, with `more` tensors under any name."""
    save_file({**family_tensors(name), **more}, path)
    return path


def _tower(row: TextTower) -> dict[str, Tensor]:
    fused = row.naming is openclip
    with torch.device("meta"):
        model = ClipText(OPENCLIP_CONFIG if fused else PLAIN_CONFIG)
    weights = _filled(model.state_dict(), "")
    weights = to_openclip(weights) if fused else weights
    return {f"{row.prefix}{name}": value for name, value in weights.items()}


def _filled(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {f"{prefix}{name}": fill(f"{prefix}{name}", value.shape, last=3) for name, value in state.items()}
