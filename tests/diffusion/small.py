"""A complete SD 1.x checkpoint small enough for every test: the real layout and the real code paths."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from diffusion.families.sd1 import NETWORK, TEXT, VAE
from diffusion.unet import UNet, UNetConfig
from diffusion.vae import AutoencoderKL, VAEConfig
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
