"""The VAE socket: pictures [B, H, W, 3] in 0..1 to unscaled latents [B, C, H/8, W/8] and back.

Pictures go one by one, so that none depends on its batch; one too large for the memory goes in tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from diffusion.tiles import Tiles, blend
from diffusion.vae import AutoencoderKL
from diffusion.vq import VQModel

FALLBACK_TILE, FALLBACK_OVERLAP = 512, 128
"""Pixels; used when a whole picture does not fit in the device's memory."""


@dataclass(frozen=True)
class Vae:
    """An autoencoder with the type and the device it computes in. Results are float32 on the CPU."""

    module: AutoencoderKL | VQModel
    dtype: torch.dtype
    device: torch.device

    @property
    def factor(self) -> int:
        """Pixels per latent cell along each side."""
        return self.module.config.factor

    def encode(self, pixels: Tensor) -> Tensor:
        """The mean latent of pictures, cropped about their centre to multiples of the factor.

        A picture for which the device's memory is too small is encoded in tiles.
        """
        return _one_by_one(self._to_network(pixels), self._encode, self._encode_tiled)

    def decode(self, latent: Tensor) -> Tensor:
        """Pictures in 0..1 of unscaled latents; in tiles where the device's memory is too small for one."""
        return _to_pictures(_one_by_one(latent, self._decode, self._decode_tiled))

    def encode_tiled(self, pixels: Tensor, tile: int, overlap: int) -> Tensor:
        """Encode in square, wide and tall tiles, averaged. `tile` and `overlap` are pixels."""
        return self._encode_tiled(self._to_network(pixels), tile, overlap)

    def decode_tiled(self, latent: Tensor, tile: int, overlap: int) -> Tensor:
        """Decode in tall, wide and square tiles, averaged. `tile` and `overlap` are pixels."""
        return _to_pictures(self._decode_tiled(latent, tile, overlap))

    def _decode_tiled(self, latent: Tensor, tile: int, overlap: int) -> Tensor:
        tile, overlap = tile // self.factor, overlap // self.factor
        shapes = ((tile * 2, tile // 2), (tile // 2, tile * 2), (tile, tile))
        channels, scale = self.module.config.pixel_channels, float(self.factor)
        return _averaged(latent, shapes, overlap, self._decode, channels, scale)

    def _encode_tiled(self, pixels: Tensor, tile: int, overlap: int) -> Tensor:
        shapes = ((tile, tile), (tile // 2, tile * 2), (tile * 2, tile // 2))
        channels = self.module.config.latent_channels
        return _averaged(pixels, shapes, overlap, self._encode, channels, 1 / self.factor)

    def _to_network(self, pixels: Tensor) -> Tensor:
        """Pictures [B, H, W, C] in 0..1 as [B, 3, H', W'] in -1..1."""
        height, width = (side // self.factor * self.factor for side in pixels.shape[1:3])
        top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
        cropped = pixels[:, top : top + height, left : left + width, :3]
        return cropped.movedim(-1, 1) * 2 - 1

    @torch.no_grad()
    def _encode(self, pixels: Tensor) -> Tensor:
        return self.module.encode(pixels.to(self.device, self.dtype)).float().cpu()

    @torch.no_grad()
    def _decode(self, latent: Tensor) -> Tensor:
        return self.module.decode(latent.to(self.device, self.dtype)).float().cpu()


def _one_by_one(
    batch: Tensor, whole: Callable[[Tensor], Tensor], tiled: Callable[[Tensor, int, int], Tensor]
) -> Tensor:
    def code(item: Tensor) -> Tensor:
        try:
            return whole(item)
        except torch.OutOfMemoryError:
            pass  # outside the handler, so that what it holds on to is freed
        return tiled(item, FALLBACK_TILE, FALLBACK_OVERLAP)

    return torch.cat([code(item[None]) for item in batch])


def _to_pictures(decoded: Tensor) -> Tensor:
    return ((decoded + 1) / 2).clamp(0, 1).movedim(1, -1).contiguous()


def _averaged(
    x: Tensor,
    shapes: Iterable[tuple[int, int]],
    overlap: int,
    apply: Callable[[Tensor], Tensor],
    channels: int,
    scale: float,
) -> Tensor:
    """The mean of passes with differently shaped (height, width) tiles, so that their seams differ."""
    passes = [blend(x, Tiles(height, width, overlap), apply, channels, scale) for height, width in shapes]
    return torch.stack(passes).mean(dim=0)
