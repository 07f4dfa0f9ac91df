"""TAESD, a tiny autoencoder that imitates a family's large one (madebyollin/taesd): for previews, and where
memory is short.

Attribute names are the tensor names of the published files, which hold the encoder or the decoder alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

WIDTH = 64
"""Channels of every layer."""
CLAMP = 3.0
"""Latents are bent into -3..3 before they are decoded."""


@dataclass(frozen=True)
class TinyConfig:
    """Channels of the latent, and the scale and shift of the large autoencoder's: it knows model space."""

    latent_channels: int = 4
    scale: float = 1.0
    shift: float = 0.0
    pixel_channels: int = 3
    factor: int = 8
    """Pixels per latent cell along each side."""


class TinyAutoencoder(nn.Module):
    """Pixels in -1..1 to unscaled latents of an eighth of the size, and back."""

    def __init__(self, config: TinyConfig, taesd_encoder: nn.Module, taesd_decoder: nn.Module) -> None:
        super().__init__()
        self.config = config
        self.taesd_encoder = taesd_encoder
        self.taesd_decoder = taesd_decoder

    def encode(self, pixels: Tensor) -> Tensor:
        """Latent [B, C, H/8, W/8] of pixels [B, 3, H, W] in -1..1."""
        return self.taesd_encoder(pixels * 0.5 + 0.5) / self.config.scale + self.config.shift

    def decode(self, latent: Tensor) -> Tensor:
        """Pixels [B, 3, 8H, 8W], about -1..1, of a latent [B, C, H, W]."""
        return self.taesd_decoder((latent - self.config.shift) * self.config.scale) * 2 - 1


class Clamp(nn.Module):
    """Bends values smoothly into -3..3."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / CLAMP) * CLAMP


class Block(nn.Module):
    """Three convolutions beside a way around them, [B, 64, H, W] to the same."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(conv(WIDTH), nn.ReLU(), conv(WIDTH), nn.ReLU(), conv(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return (self.conv(x) + x).relu()


def encoder(latent_channels: int) -> nn.Sequential:
    """Pixels [B, 3, H, W] in 0..1 to a latent in model space."""
    return nn.Sequential(
        nn.Conv2d(3, WIDTH, 3, padding=1),
        Block(),
        *down(),
        *down(),
        *down(),
        nn.Conv2d(WIDTH, latent_channels, 3, padding=1),
    )


def decoder(latent_channels: int) -> nn.Sequential:
    """A latent in model space to pixels [B, 3, 8H, 8W], about 0..1."""
    return nn.Sequential(
        Clamp(),
        nn.Conv2d(latent_channels, WIDTH, 3, padding=1),
        nn.ReLU(),
        *up(),
        *up(),
        *up(),
        Block(),
        nn.Conv2d(WIDTH, 3, 3, padding=1),
    )


def down() -> tuple[nn.Module, ...]:
    return (nn.Conv2d(WIDTH, WIDTH, 3, stride=2, padding=1, bias=False), Block(), Block(), Block())


def up() -> tuple[nn.Module, ...]:
    doubled = nn.Upsample(scale_factor=2)
    return (Block(), Block(), Block(), doubled, nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False))


def conv(width: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, padding=1)
