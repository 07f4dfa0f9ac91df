"""T2I-Adapter: features of a picture that a U-Net's way down gets added (Mou et al. 2023, arXiv 2302.08453).

Attribute names are the tensor names of the published files (TencentARC).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import isqrt
from typing import Self

import torch.nn.functional as F
from torch import Tensor, nn

_COLOURS = (1, 3)


@dataclass(frozen=True)
class T2IAdapterConfig:
    """Sizes of a T2I-Adapter."""

    channels: int
    """Of the picture: 3, or 1 for sketches and edges."""
    unshuffle: int
    """Side of the pixel blocks that become channels first: 8 (SD 1.x and 2.x) or 16 (SDXL)."""
    widths: tuple[int, ...]
    """Channels of the features of each level."""
    layers: int
    """Residual blocks a level."""
    inner: tuple[int, ...] = ()
    """Channels inside the blocks of each level of a light adapter; empty for a full one."""
    kernel: int = 1
    """Of the second convolution of a residual block."""

    @property
    def light(self) -> bool:
        return bool(self.inner)

    @property
    def halved(self) -> tuple[bool, ...]:
        """Before which levels the size is halved: SDXL reads three sizes only, and the first two alike."""
        levels = range(len(self.widths))
        return tuple(level == 2 if self.unshuffle == 16 else level > 0 for level in levels)

    @property
    def multiple(self) -> int:
        """Sides of the picture must be multiples of that many pixels."""
        return self.unshuffle

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes, by their published names.

        Raises KeyError naming the first tensor that an adapter would have and `shapes` lacks.
        """
        if "conv_in.weight" in shapes:
            return cls._full(shapes)
        levels = _counted(shapes, "body.{}.in_conv.weight")
        channels, unshuffle = _blocks(shapes["body.0.in_conv.weight"][1])
        return cls(
            channels=channels,
            unshuffle=unshuffle,
            widths=tuple(shapes[f"body.{level}.out_conv.weight"][0] for level in range(levels)),
            layers=_counted(shapes, "body.0.body.{}.block1.weight"),
            inner=tuple(shapes[f"body.{level}.in_conv.weight"][0] for level in range(levels)),
            kernel=shapes["body.0.body.0.block2.weight"][2],
        )

    @classmethod
    def _full(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        channels, unshuffle = _blocks(shapes["conv_in.weight"][1])
        blocks = _counted(shapes, "body.{}.block1.weight")
        # SDXL's four levels and those of SD are of as many blocks each.
        layers = max(1, blocks // 4)
        return cls(
            channels=channels,
            unshuffle=unshuffle,
            widths=tuple(shapes[f"body.{at}.block1.weight"][0] for at in range(0, blocks, layers)),
            layers=layers,
            kernel=shapes["body.0.block2.weight"][2],
        )


class T2IAdapter(nn.Module):
    """Features of a picture, one map for each level of a U-Net's way down."""

    def __init__(self, config: T2IAdapterConfig) -> None:
        super().__init__()
        self.config = config
        values = config.channels * config.unshuffle**2
        if not config.light:
            self.conv_in = nn.Conv2d(values, config.widths[0], 3, padding=1)
        self.body = nn.ModuleList(_light(config, values) if config.light else _full(config))

    def forward(self, hint: Tensor) -> tuple[Tensor, ...]:
        """Features [B, widths[k], h, w] of a picture [B, channels, H, W] in 0..1, one for each level.

        H and W are multiples of `config.multiple`. h and w are an eighth of them (SDXL: a sixteenth) at the
        first level, and halved, rounding up, where `config.halved` says so.
        """
        x = F.pixel_unshuffle(hint, self.config.unshuffle)
        if not self.config.light:
            x = self.conv_in(x)
        each = 1 if self.config.light else self.config.layers
        features: list[Tensor] = []
        for place, block in enumerate(self.body):
            if place % each == 0 and self.config.halved[place // each]:
                x = F.avg_pool2d(x, 2, ceil_mode=True)
            x = block(x)
            if place % each == each - 1:
                features.append(x)
        return tuple(features)


class Residual(nn.Module):
    """Two convolutions around a ReLU, added to what goes in; `in_conv` first changes the channels."""

    def __init__(self, inner: int, outer: int, kernel: int) -> None:
        super().__init__()
        self.in_conv = nn.Identity() if inner == outer else nn.Conv2d(inner, outer, 1)
        self.block1 = nn.Conv2d(outer, outer, 3, padding=1)
        self.block2 = nn.Conv2d(outer, outer, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.in_conv(x)
        return x + self.block2(F.relu(self.block1(x)))


class LightLevel(nn.Module):
    """A level of a light adapter: residual blocks between two projections."""

    def __init__(self, inner: int, width: int, outer: int, layers: int, kernel: int) -> None:
        super().__init__()
        self.in_conv = nn.Conv2d(inner, width, 1)
        self.body = nn.Sequential(*(Residual(width, width, kernel) for _ in range(layers)))
        self.out_conv = nn.Conv2d(width, outer, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out_conv(self.body(self.in_conv(x)))


def _full(config: T2IAdapterConfig) -> list[nn.Module]:
    inner, blocks = config.widths[0], list[nn.Module]()
    for width in config.widths:
        for _ in range(config.layers):
            blocks.append(Residual(inner, width, config.kernel))
            inner = width
    return blocks


def _light(config: T2IAdapterConfig, values: int) -> list[nn.Module]:
    outer = (values, *config.widths)
    return [
        LightLevel(outer[level], inner, outer[level + 1], config.layers, config.kernel)
        for level, inner in enumerate(config.inner)
    ]


def _blocks(values: int) -> tuple[int, int]:
    """Channels and side of the pixel blocks that have that many values."""
    for channels in _COLOURS:
        side = isqrt(values // channels)
        if side in (8, 16) and channels * side**2 == values:
            return channels, side
    raise ValueError(f"{values} values are no blocks of 8x8 or 16x16 pixels")


def _counted(shapes: Mapping[str, Sequence[int]], name: str) -> int:
    found = next(n for n in count() if name.format(n) not in shapes)
    if not found:
        raise KeyError(name.format(0))
    return found
