"""The VAE socket: pictures [B, H, W, 3] in 0..1 to unscaled latents [B, C, H/8, W/8] and back.

Pictures go one by one, so that none depends on its batch; one too large for the memory goes in tiles.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

from diffusion.placement import Placement, TooLittleMemory, room_for
from diffusion.taesd import TinyAutoencoder
from diffusion.tiles import Tiles, blend
from diffusion.vae import AutoencoderKL
from diffusion.vq import VQModel

FALLBACK_TILES = (512, 256, 128)
"""Pixels; tried when a whole picture does not fit in the device's memory. Neighbours share a quarter."""

KINDS: Mapping[int, str] = MappingProxyType(
    {3: "latent diffusion f4", 4: "SD 1.x, SD 2.x, SDXL", 16: "SD 3, Flux"}
)
"""Channels of latents, and the models that have as many: what an error says to tell VAEs apart."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Vae:
    """An autoencoder with the type and the device it computes in. Results are float32 on the CPU."""

    module: AutoencoderKL | VQModel | TinyAutoencoder
    dtype: torch.dtype
    device: torch.device
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the autoencoder to the device when it is used."""

    @property
    def factor(self) -> int:
        """Pixels per latent cell along each side."""
        return self.module.config.factor

    def encode(self, pixels: Tensor) -> Tensor:
        """The mean latent of pictures, cropped about their centre to multiples of the factor.

        A picture for which the device's memory is too small is encoded in tiles, and the log has a warning.
        Raises ValueError for pictures smaller than the factor.
        """
        return _one_by_one(self._to_network(pixels), self._encode, self._encode_tiled)

    def decode(self, latent: Tensor) -> Tensor:
        """Pictures in 0..1 of unscaled latents; in tiles where the device's memory is too small for one,
        and then the log has a warning. Raises ValueError for latents of another kind of model.
        """
        self._check(latent)
        return _to_pictures(_one_by_one(latent, self._decode, self._decode_tiled))

    def encode_tiled(self, pixels: Tensor, tile: int, overlap: int) -> Tensor:
        """Encode in square, wide and tall tiles, averaged. `tile` and `overlap` are pixels. Raises ValueError
        for pictures smaller than the factor.
        """
        return self._encode_tiled(self._to_network(pixels), tile, overlap)

    def decode_tiled(self, latent: Tensor, tile: int, overlap: int) -> Tensor:
        """Decode in tall, wide and square tiles, averaged. `tile` and `overlap` are pixels. Raises ValueError
        for latents of another kind of model.
        """
        self._check(latent)
        return _to_pictures(self._decode_tiled(latent, tile, overlap))

    def _check(self, latent: Tensor) -> None:
        given, read = latent.shape[1], self.module.config.latent_channels
        if given != read:
            raise ValueError(
                f"this VAE decodes {_kind(read)}, and the latent has {_kind(given)}: "
                "decode with the VAE of the model that made the latent"
            )

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
        if not height or not width:
            given = f"{pixels.shape[2]}x{pixels.shape[1]}"
            raise ValueError(
                f"the picture is {given}, and this VAE encodes squares of {self.factor} pixels: enlarge it"
            )
        top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
        cropped = pixels[:, top : top + height, left : left + width, :3]
        return cropped.movedim(-1, 1) * 2 - 1

    def _encode(self, pixels: Tensor) -> Tensor:
        return self._run("encode", pixels)

    def _decode(self, latent: Tensor) -> Tensor:
        return self._run("decode", latent)

    @torch.no_grad()
    def _run(self, method: str, x: Tensor) -> Tensor:
        x = x.to(self.device, self.dtype)
        with room_for(self.placement, self.module, 1, [x], {}, method):
            return getattr(self.module, method)(x).float().cpu()


def _kind(channels: int) -> str:
    """How many channels, and whose latents have as many."""
    known = KINDS.get(channels)
    return f"{channels} channels" + (f" (as {known})" if known else "")


def _one_by_one(
    batch: Tensor,
    whole: Callable[[Tensor], Tensor],
    tiled: Callable[[Tensor, int, int], Tensor],
) -> Tensor:
    def code(item: Tensor) -> Tensor:
        with suppress(torch.OutOfMemoryError):  # left at once, so that what it holds on to is freed
            return whole(item)
        for tile in FALLBACK_TILES:
            with suppress(torch.OutOfMemoryError):
                coded = tiled(item, tile, tile // 4)
                _log.warning("too little memory for the whole picture: done in tiles of %d pixels", tile)
                return coded
        raise TooLittleMemory(
            f"the device lacks memory even for tiles of {FALLBACK_TILES[-1]} pixels: give it more "
            "(--device-budget, --reserve-vram)"
        )

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
