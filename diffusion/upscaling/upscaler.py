"""The UPSCALE_MODEL socket: pictures to larger ones, in tiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffusion.placement import Placement, room_for
from diffusion.tiles import Tiles, blend

TILE, OVERLAP = 512, 32
LEAST_TILE = 128
"""Pixels of the picture; where memory is short, tiles are halved down to the least."""

OnTile = Callable[[int, int], object]


@dataclass(frozen=True)
class Upscaler:
    """An upscaling network. `network` takes [1, C, h, w] in 0..1, float32 on the placement's device."""

    network: Callable[[Tensor], Tensor]
    scale: int
    """Size of the result over that of the picture."""
    pixel_channels: int
    name: str
    """What its architecture is called, for people."""
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the network to the device when it is used."""

    def __call__(self, pixels: Tensor, on_tile: OnTile = lambda done, total: None) -> Tensor:
        """Enlarge pictures [B, H, W, C] in 0..1 to [B, scale H, scale W, 3], float32 on the CPU.

        Pictures larger than a tile go in tiles that overlap, and in smaller ones when the device runs out of
        memory. `on_tile` is told how many are done of how many, and may raise to stop.

        Raises:
            torch.OutOfMemoryError: the smallest tiles are too large.
        """
        planes = matched(pixels[..., :3].movedim(-1, 1).float(), self.pixel_channels)
        tile = TILE
        while True:
            try:
                enlarged = self._tiled(planes, tile, on_tile)
                return matched(enlarged, 3).clamp(0, 1).movedim(1, -1).contiguous()
            except torch.OutOfMemoryError:
                if tile // 2 < LEAST_TILE:
                    raise
            tile //= 2  # outside the handler, so that what it holds on to is freed

    @torch.no_grad()
    def _tiled(self, planes: Tensor, tile: int, on_tile: OnTile) -> Tensor:
        done, total = 0, len(planes) * tiles_of(planes.shape[-2:], tile)

        def apply(part: Tensor) -> Tensor:
            nonlocal done
            part = part.to(self.placement.device)
            with room_for(self.placement, self.network, 1, [part], {}):
                result = self.network(part).float().cpu()
            done += 1
            on_tile(done, total)
            return result

        tiles = Tiles(tile, tile, OVERLAP)
        return blend(planes, tiles, apply, self.pixel_channels, float(self.scale))


def tiles_of(size: torch.Size, tile: int) -> int:
    """How many tiles a picture of a size (height, width) takes."""
    if max(size) <= tile:
        return 1
    return math.prod(1 if side <= tile else len(range(0, side - OVERLAP, tile - OVERLAP)) for side in size)


def matched(planes: Tensor, channels: int) -> Tensor:
    """Pictures [B, C, H, W] with 3 channels for 1, or their mean for 3 where the network knows grey only."""
    if planes.shape[1] == channels:
        return planes
    return planes.mean(1, keepdim=True) if channels == 1 else planes[:, :1].expand(-1, channels, -1, -1)
