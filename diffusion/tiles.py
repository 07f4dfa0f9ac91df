"""Apply a function to a picture tile by tile and blend the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tiles:
    """Size of the tiles and how far neighbours overlap, in elements of the input."""

    height: int
    width: int
    overlap: int

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < min(self.height, self.width):
            sides = f"{self.height}x{self.width}"
            raise ValueError(
                f"tiles of {sides} cannot overlap by {self.overlap}: use larger tiles or less overlap"
            )


def blend(x: Tensor, tiles: Tiles, apply: Callable[[Tensor], Tensor], channels: int, scale: float) -> Tensor:
    """`apply(x)` computed in overlapping tiles: sum(w y) / sum(w), weights falling off towards the edges.

    Args:
        x: [B, C, H, W].
        tiles: in elements of x. A picture that fits in one tile is passed to `apply` as it is.
        apply: [1, C, h, w] to [1, channels, h * scale, w * scale].
        channels: of the result.
        scale: size of the result over the size of x.
    """
    if x.shape[-2] <= tiles.height and x.shape[-1] <= tiles.width:
        return torch.cat([apply(image[None]) for image in x])
    return torch.cat([_blend_one(image[None], tiles, apply, channels, scale) for image in x])


def _blend_one(
    x: Tensor, tiles: Tiles, apply: Callable[[Tensor], Tensor], channels: int, scale: float
) -> Tensor:
    height, width = (round(side * scale) for side in x.shape[-2:])
    total, weight = torch.zeros(1, channels, height, width), torch.zeros(height, width)
    ramp = round(tiles.overlap * scale)
    rows = _spans(x.shape[-2], tiles.height, tiles.overlap)
    columns = _spans(x.shape[-1], tiles.width, tiles.overlap)
    for (top, bottom), (left, right) in product(rows, columns):
        part = apply(x[..., top:bottom, left:right])
        window = _ramp(part.shape[-2], ramp)[:, None] * _ramp(part.shape[-1], ramp)
        y, z = round(top * scale), round(left * scale)
        place = (..., slice(y, y + part.shape[-2]), slice(z, z + part.shape[-1]))
        total[place] += part * window
        weight[place] += window
    return total / weight


def _spans(size: int, tile: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Beginnings and ends of the tiles along one axis; the last is cut short by the picture's edge."""
    if size <= tile:
        yield 0, size
        return
    for start in range(0, size - overlap, tile - overlap):
        yield start, min(start + tile, size)


def _ramp(length: int, over: int) -> Tensor:
    """Weights along one axis: (k + 1) / over from each edge, then 1; all 1 if no longer than `over`."""
    if length <= over or not over:
        return torch.ones(length)
    rising = torch.arange(1, length + 1).clamp(max=over) / over
    return rising * rising.flip(0)
