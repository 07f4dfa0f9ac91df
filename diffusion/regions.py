"""Where in a picture a conditioning counts: areas in latent cells, masks, and weights with soft edges."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.conditioning import Options

FEATHER = 8
"""Widest soft edge of an area, in latent cells."""

SMALLEST_BOUNDS = 8
"""Least height and width of an area taken from a mask's bounds, in latent cells."""


@dataclass(frozen=True)
class Area:
    """A rectangle of the latent, in cells."""

    height: int
    width: int
    y: int
    x: int

    def clipped(self, height: int, width: int) -> Area:
        """The part inside a latent of that size.

        Raises:
            ValueError: the area lies outside altogether.
        """
        h, w = min(self.height, height - self.y), min(self.width, width - self.x)
        if min(h, w) < 1 or min(self.x, self.y) < 0:
            raise ValueError(
                f"conditioning area {self.width * 8}x{self.height * 8} px at "
                f"x={self.x * 8}, y={self.y * 8} lies outside the {width * 8}x{height * 8} px picture: "
                "move it inside, or make the picture larger"
            )
        return replace(self, height=h, width=w)

    def contains(self, other: Area) -> bool:
        return (
            self.y <= other.y
            and self.x <= other.x
            and self.y + self.height >= other.y + other.height
            and self.x + self.width >= other.x + other.width
        )

    def crop(self, tensor: Tensor) -> Tensor:
        """The rectangle of a tensor [..., H, W], as a view."""
        return tensor[..., self.y : self.y + self.height, self.x : self.x + self.width]


def mask_of(options: Options, latent: Tensor) -> Tensor | None:
    """The mask at the latent's size, [B or 1, 1, H, W]."""
    mask = options.get("mask")
    if mask is None:
        return None
    mask = mask.to(latent.device, torch.float32)
    mask = mask.reshape(-1, 1, *mask.shape[-2:])
    if mask.shape[-2:] != latent.shape[-2:]:
        mask = F.interpolate(mask, size=latent.shape[-2:], mode="bilinear", align_corners=False)
    return to_batch(mask, latent.shape[0]) if mask.shape[0] > 1 else mask


def area_of(options: Options, mask: Tensor | None, latent: Tensor) -> Area | None:
    height, width = latent.shape[-2:]
    if mask is not None and options.get("set_area_to_bounds", False):
        return _bounds(mask).clipped(height, width)
    given = options.get("area")
    if given is None:
        return None
    if given[0] == "percentage":
        h, w, y, x = (float(part) for part in given[1:])
        h, w = max(1, round(h * height)), max(1, round(w * width))
        return Area(h, w, round(y * height), round(x * width)).clipped(height, width)
    h, w, y, x = (int(part) for part in given)
    return Area(h, w, y, x).clipped(height, width)


def _bounds(mask: Tensor) -> Area:
    """The box around all non-zero places of a mask batch; an all-zero mask has it at the origin."""
    rows, columns = (mask != 0).any(dim=1).any(dim=0).nonzero(as_tuple=True)
    if len(rows) == 0:
        return Area(SMALLEST_BOUNDS, SMALLEST_BOUNDS, 0, 0)
    top, left = int(rows.min()), int(columns.min())
    height, width = int(rows.max()) - top + 1, int(columns.max()) - left + 1
    return Area(max(SMALLEST_BOUNDS, height), max(SMALLEST_BOUNDS, width), top, left)


def weight_of(options: Options, mask: Tensor | None, area: Area | None, latent: Tensor) -> Tensor:
    if mask is not None:
        mask = mask * options.get("mask_strength", 1.0)
        return mask if area is None else area.crop(mask)
    if area is None:
        return latent.new_ones((1, 1, 1, 1))
    height, width = latent.shape[-2:]
    rows = _feather(area.height, area.y > 0, area.y + area.height < height)
    columns = _feather(area.width, area.x > 0, area.x + area.width < width)
    return (rows[:, None] * columns[None, :])[None, None].to(latent.device)


def _feather(size: int, at_start: bool, at_end: bool) -> Tensor:
    """Weights along one side of an area: ramps at the ends that are not the picture's border."""
    ramp = min(FEATHER, size // 4)
    weights = torch.ones(size)
    rising = torch.arange(1, ramp + 1) / ramp
    if at_start:
        weights[:ramp] *= rising
    if at_end:
        weights[size - ramp :] *= rising.flip(0)
    return weights


def to_batch(tensor: Tensor, size: int) -> Tensor:
    """A batch repeated or cut to `size` items."""
    if tensor.shape[0] == size:
        return tensor
    if tensor.shape[0] == 1:
        return tensor.expand(size, *tensor.shape[1:])
    times = -(-size // tensor.shape[0])
    return tensor.repeat(times, *[1] * (tensor.ndim - 1))[:size]
