"""The compact networks of Real-ESRGAN (arXiv 2107.10833): realesr-general-x4v3, realesr-animevideov3.

Attribute names are the tensor names of the published files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class CompactConfig:
    """Sizes of a compact upscaler; realesr-general-x4v3 has 32 convolutions inside, animevideov3 16."""

    width: int = 64
    convolutions: int = 16
    """Those between the first and the last."""
    scale: int = 4
    pixel_channels: int = 3

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes. Raises KeyError naming a tensor that is not among them."""
        width, pixels = shapes["body.0.weight"][:2]
        last = max(int(name.split(".")[1]) for name in shapes if name.startswith("body."))
        made = shapes[f"body.{last}.weight"][0]
        return cls(width, (last - 2) // 2, math.isqrt(made // pixels), pixels)


class Compact(nn.Module):
    """Pictures [B, 3, H, W] in 0..1 to [B, 3, scale H, scale W], about 0..1; adds detail to larger pixels."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.config = config
        width, pixels = config.width, config.pixel_channels
        layers: list[nn.Module] = [nn.Conv2d(pixels, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(config.convolutions):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, pixels * config.scale**2, 3, padding=1))

    def forward(self, pixels: Tensor) -> Tensor:
        detail = F.pixel_shuffle(self.body(pixels), self.config.scale)
        return detail + F.interpolate(pixels, scale_factor=float(self.config.scale), mode="nearest")
