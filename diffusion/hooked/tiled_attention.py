"""HyperTile (tfernd/HyperTile): self-attention within tiles, which costs large pictures far less."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from torch import Tensor

from diffusion.hooks import Hooks, Site, Spot
from diffusion.layers.attention import attend

_LEAST = 32
"""Pixels of the smallest tile's side."""
_CELL = 8
"""Pixels of a latent cell."""


@dataclass(frozen=True)
class TiledAttention:
    """Self-attention in tiles of at least `tile` pixels.

    Args:
        tile: Least side of a tile, in pixels of the picture.
        swaps: How many sizes of tiles take turns, so that their borders move.
        deepest: At how many halvings of the latent attention is still tiled.
        by_depth: Make tiles larger with each halving.
    """

    tile: int = 256
    swaps: int = 2
    deepest: int = 0
    by_depth: bool = False

    @property
    def hooks(self) -> Hooks:
        return Hooks(attention_instead={Spot("self"): self})

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, site: Site) -> Tensor:
        grid = site.grid(q.shape[1])
        if grid is None:
            return attend(q, k, v, site.heads)
        depth = round(math.log2(site.hooks.size[0] / grid[0]))
        if depth > self.deepest:
            return attend(q, k, v, site.heads)
        least = max(_LEAST, self.tile) // _CELL * (2**depth if self.by_depth else 1)
        # The same picture every time, and other tiles at every step and place.
        turn = random.Random(f"{site.sigma} {site.side} {site.block} {site.layer}")
        rows, columns = (turn.choice(tiles(side, least, self.swaps)) for side in grid)
        q, k, v = (_cut(tensor, grid, rows, columns) for tensor in (q, k, v))
        return _joined(attend(q, k, v, site.heads), grid, rows, columns)


def tiles(side: int, least: int, most: int) -> list[int]:
    """Into how many equal tiles of at least `least` a side may be cut: up to `most` ways, many first."""
    least = min(least, side)
    return [side // tile for tile in range(least, side + 1) if side % tile == 0][:most]


def _cut(x: Tensor, grid: tuple[int, int], rows: int, columns: int) -> Tensor:
    """Tokens [B, H * W, C] as [B * rows * columns, tokens of a tile, C]."""
    height, width = grid
    x = x.reshape(len(x), rows, height // rows, columns, width // columns, x.shape[-1])
    return x.transpose(2, 3).flatten(3, 4).flatten(0, 2)


def _joined(x: Tensor, grid: tuple[int, int], rows: int, columns: int) -> Tensor:
    """The inverse."""
    height, width = grid
    x = x.reshape(-1, rows, columns, height // rows, width // columns, x.shape[-1])
    return x.transpose(2, 3).flatten(1, 4)
