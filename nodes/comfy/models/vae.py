"""The VAE socket as packs expect it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from diffusion.autoencoder import Vae

TILE, OVERLAP = 64, 16
"""Cells of the latent."""


class PackVae:
    """Pictures [B, H, W, 3] in 0..1 to latents [B, C, H/8, W/8] and back. `wrapped` is the engine's."""

    latent_dim = 2
    output_channels = 3
    output_device = torch.device("cpu")

    def __init__(self, wrapped: Vae) -> None:
        self.wrapped = wrapped
        self.device = wrapped.device
        self.vae_dtype = wrapped.dtype
        self.first_stage_model = wrapped.module
        self.latent_channels = wrapped.module.config.latent_channels
        self.downscale_ratio = self.upscale_ratio = wrapped.factor

    def encode(self, pixel_samples: Tensor) -> Tensor:
        return self.wrapped.encode(pixel_samples)

    def decode(self, samples_in: Tensor, vae_options: Any = None) -> Tensor:
        return self.wrapped.decode(samples_in)

    def encode_tiled(
        self,
        pixel_samples: Tensor,
        tile_x: int | None = None,
        tile_y: int | None = None,
        overlap: int | None = None,
        tile_t: int | None = None,
        overlap_t: int | None = None,
    ) -> Tensor:
        """Encode in tiles; sizes are pixels. Tiles are square here: the smaller side counts."""
        tile = min(tile_x or TILE * self.wrapped.factor, tile_y or TILE * self.wrapped.factor)
        return self.wrapped.encode_tiled(pixel_samples, tile, 64 if overlap is None else overlap)

    def decode_tiled(
        self,
        samples: Tensor,
        tile_x: int | None = None,
        tile_y: int | None = None,
        overlap: int | None = None,
        tile_t: int | None = None,
        overlap_t: int | None = None,
    ) -> Tensor:
        """Decode in tiles; sizes are cells of the latent. Tiles are square here: the smaller side counts."""
        factor = self.wrapped.factor
        tile = min(tile_x or TILE, tile_y or TILE)
        return self.wrapped.decode_tiled(
            samples, tile * factor, (OVERLAP if overlap is None else overlap) * factor
        )

    def spacial_compression_encode(self) -> int:
        return self.wrapped.factor

    def spacial_compression_decode(self) -> int:
        return self.wrapped.factor

    def temporal_compression_decode(self) -> None:
        """Pictures have no time to compress."""

    def vae_encode_crop_pixels(self, pixels: Tensor) -> Tensor:
        """Pictures cropped about their centre to multiples of the factor."""
        height, width = (side // self.wrapped.factor * self.wrapped.factor for side in pixels.shape[1:3])
        top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
        return pixels[:, top : top + height, left : left + width]

    def process_input(self, image: Tensor) -> Tensor:
        """0..1 to the network's -1..1."""
        return image * 2 - 1

    def process_output(self, image: Tensor) -> Tensor:
        """Back, clamped."""
        return ((image + 1) / 2).clamp(0, 1)

    def get_sd(self) -> dict[str, Tensor]:
        """The weights, by name."""
        return dict(self.wrapped.module.state_dict())

    def throw_exception_if_invalid(self) -> None:
        """A VAE that was loaded is valid."""
