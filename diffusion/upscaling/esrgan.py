"""ESRGAN (Wang et al. 2018, arXiv 1809.00219) and Real-ESRGAN (arXiv 2107.10833): most upscalers there are.

Attribute names are the tensor names of Real-ESRGAN's files. `NAMINGS` leads there from the two older layouts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2
RESIDUAL = 0.2
"""How much of what a block computes is added to what it was given."""


@dataclass(frozen=True)
class EsrganConfig:
    """Sizes of an ESRGAN. The usual fourfold one: 64 channels, 23 blocks, 2 doublings."""

    width: int = 64
    growth: int = 32
    """Channels that each layer of a dense block adds."""
    blocks: int = 23
    doublings: int = 2
    pixel_channels: int = 3
    folding: int = 1
    """Side of the squares of pixels that become channels at the entrance: how Real-ESRGAN enlarges less."""

    @property
    def scale(self) -> int:
        """Size of the result over that of the picture."""
        return 2**self.doublings // self.folding

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes. Raises KeyError naming a tensor that is not among them."""
        width, taken = shapes["conv_first.weight"][:2]
        given = shapes["conv_last.weight"][0]
        return cls(
            width=width,
            growth=shapes["body.0.rdb1.conv1.weight"][0],
            blocks=count(shapes, r"body\.(\d+)\.rdb1\.conv1\.weight"),
            doublings=count(shapes, r"conv_up(\d+)\.weight"),
            pixel_channels=given,
            folding=math.isqrt(taken // given),
        )


class Esrgan(nn.Module):
    """Pictures [B, 3, H, W] in 0..1 to [B, 3, scale H, scale W], about 0..1."""

    def __init__(self, config: EsrganConfig) -> None:
        super().__init__()
        self.config = config
        width, pixels = config.width, config.pixel_channels
        self.conv_first = conv(pixels * config.folding**2, width)
        self.body = nn.Sequential(*(ResidualBlock(width, config.growth) for _ in range(config.blocks)))
        self.conv_body = conv(width, width)
        for number in range(1, config.doublings + 1):
            self.add_module(f"conv_up{number}", conv(width, width))
        self.conv_hr = conv(width, width)
        self.conv_last = conv(width, pixels)

    def forward(self, pixels: Tensor) -> Tensor:
        hidden = self.conv_first(folded(pixels, self.config.folding))
        hidden = hidden + self.conv_body(self.body(hidden))
        for number in range(1, self.config.doublings + 1):
            doubled = F.interpolate(hidden, scale_factor=2.0, mode="nearest")
            hidden = F.leaky_relu(self.get_submodule(f"conv_up{number}")(doubled), SLOPE)
        enlarged = self.conv_last(F.leaky_relu(self.conv_hr(hidden), SLOPE))
        return enlarged[..., : pixels.shape[-2] * self.config.scale, : pixels.shape[-1] * self.config.scale]


class ResidualBlock(nn.Module):
    """Three dense blocks in a row (RRDB), added to what they are given."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(width, growth)
        self.rdb2 = DenseBlock(width, growth)
        self.rdb3 = DenseBlock(width, growth)

    def forward(self, x: Tensor) -> Tensor:
        return x + RESIDUAL * self.rdb3(self.rdb2(self.rdb1(x)))


class DenseBlock(nn.Module):
    """Five convolutions, each over what all before it have made."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.conv1 = conv(width, growth)
        self.conv2 = conv(width + growth, growth)
        self.conv3 = conv(width + 2 * growth, growth)
        self.conv4 = conv(width + 3 * growth, growth)
        self.conv5 = conv(width + 4 * growth, width)

    def forward(self, x: Tensor) -> Tensor:
        made = x
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            made = torch.cat([made, F.leaky_relu(layer(made), SLOPE)], dim=1)
        return x + RESIDUAL * self.conv5(made)


def conv(channels: int, made: int) -> nn.Conv2d:
    return nn.Conv2d(channels, made, 3, padding=1)


def folded(pixels: Tensor, side: int) -> Tensor:
    """Squares of pixels as channels; the picture is mirrored past its edges to a multiple of `side`."""
    if side == 1:
        return pixels
    missing = (-pixels.shape[-1] % side, -pixels.shape[-2] % side)
    return F.pixel_unshuffle(F.pad(pixels, (0, missing[0], 0, missing[1]), "reflect"), side)


def count(shapes: Mapping[str, Sequence[int]], pattern: str) -> int:
    """How many names match a pattern."""
    return sum(re.fullmatch(pattern, name) is not None for name in shapes)


Renaming = Callable[[str], str]


def of_bsrgan(names: Mapping[str, object]) -> Renaming:
    """The names of ESRGAN's second layout, which BSRGAN and RealSR kept."""
    words = {"RRDB_trunk.": "body.", "trunk_conv.": "conv_body.", "HRconv.": "conv_hr.", ".RDB": ".rdb"}

    def renamed(name: str) -> str:
        for old, new in {**words, "upconv": "conv_up"}.items():
            name = name.replace(old, new)
        return name

    return renamed


def of_first_esrgan(names: Mapping[str, object]) -> Renaming:
    """The names of ESRGAN's first layout, numbers in a row: most community models have them."""
    blocks = count_of(names, r"model\.1\.sub\.(\d+)\.")
    last = count_of(names, r"model\.(\d+)\.")
    numbered = {
        "0": "conv_first",
        f"1.sub.{blocks}": "conv_body",
        f"{last - 2}": "conv_hr",
        f"{last}": "conv_last",
    }
    numbered |= {str(number): f"conv_up{number // 3}" for number in range(3, last - 2, 3)}

    def renamed(name: str) -> str:
        if inner := re.fullmatch(r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.(\w+)", name):
            return "body.{}.rdb{}.conv{}.{}".format(*inner.groups())
        stem, _, kind = name.removeprefix("model.").rpartition(".")
        return f"{numbered.get(stem, stem)}.{kind}"

    return renamed


def count_of(names: Mapping[str, object], pattern: str) -> int:
    """The largest number a pattern finds."""
    found = (re.match(pattern, name) for name in names)
    return max((int(match[1]) for match in found if match), default=0)


NAMINGS: Mapping[str, Callable[[Mapping[str, object]], Renaming]] = {
    "body.0.rdb1.conv1.weight": lambda names: str,
    "RRDB_trunk.0.RDB1.conv1.weight": of_bsrgan,
    "model.1.sub.0.RDB1.conv1.0.weight": of_first_esrgan,
}
"""By a name that only one layout has: what leads from its names to those of the modules."""
