"""ControlNet: a copy of a U-Net's way down that reads a picture beside the latent (Zhang et al. 2023).

Attribute names are the tensor names of the published files after `control_model.`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from torch import Tensor, nn

from diffusion.hooks import Residuals
from diffusion.unet import UNet, UNetConfig

CELL = 8
"""Pixels of the picture to a cell of the latent, along each side."""


@dataclass(frozen=True)
class ControlNetConfig:
    """Sizes of a ControlNet."""

    unet: UNetConfig
    """Those of the U-Net it is a copy of; the way up does not count."""
    hint_channels: int = 3
    """Of the picture it reads."""
    hint_widths: tuple[int, ...] = (16, 32, 96, 256)
    """Channels of the picture's encoder, at its full, half, quarter and eighth size."""

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes, given by name without the `control_model.` prefix.

        Raises KeyError naming the first tensor that a ControlNet would have and `shapes` lacks.
        """
        return cls(
            unet=UNetConfig.of_encoder(shapes),
            hint_channels=shapes["input_hint_block.0.weight"][1],
            hint_widths=tuple(shapes[f"input_hint_block.{layer}.weight"][0] for layer in (0, 4, 8, 12)),
        )


class ControlNet(UNet):
    """What a picture adds to the skip connections and the middle of the U-Net it is a copy of.

    Every output goes through a 1x1 convolution that started training at zero (arXiv 2302.05543, eq. 2-3).
    """

    def __init__(self, config: ControlNetConfig) -> None:
        super().__init__(config.unet)
        del self.output_blocks, self.out
        self.sizes = config
        self.input_hint_block = hint_encoder(config)
        self.zero_convs = nn.ModuleList(_one_by_one(width) for width in skip_widths(config.unet))
        self.middle_block_out = _one_by_one(config.unet.widths[-1])

    def encode(self, hint: Tensor) -> Tensor:
        """Encode a picture [B, hint_channels, 8 H, 8 W] in 0..1: [B, widths[0], H, W].

        It depends on nothing else, so a run needs it once.
        """
        return self.input_hint_block(hint)

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]  (what it returns is its purpose)
        self, x: Tensor, t: Tensor, context: Tensor, hint: Tensor, *, y: Tensor | None = None
    ) -> Residuals:
        """Return what is added to the U-Net that gets the same x, t, context and y (see `UNet.forward`).

        `hint` is the picture as `encode` gives it.
        """
        return self.steer(x, self.embed(t, y, x.dtype), context, hint)

    def steer(self, x: Tensor, embedding: Tensor, context: Tensor, hint: Tensor) -> Residuals:
        """The same, with time and vector embedded already."""
        x, skips = self.down(x, embedding, context, Residuals(inputs={0: hint}))
        x = self.middle(x, embedding, context)
        added = tuple(convolve(skip) for convolve, skip in zip(self.zero_convs, skips, strict=True))
        return Residuals(added, self.middle_block_out(x))


def hint_encoder(config: ControlNetConfig) -> nn.Sequential:
    """From a picture to feature maps of an eighth its size: eight convolutions, three of them strided."""
    widths = config.hint_widths
    layers: list[nn.Module] = [nn.Conv2d(config.hint_channels, widths[0], 3, padding=1), nn.SiLU()]
    for inner, outer in pairwise(widths):
        layers += [nn.Conv2d(inner, inner, 3, padding=1), nn.SiLU()]
        layers += [nn.Conv2d(inner, outer, 3, padding=1, stride=2), nn.SiLU()]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], config.unet.widths[0], 3, padding=1))


def skip_widths(config: UNetConfig) -> list[int]:
    """Channels of each skip connection, from the first input block to the last."""
    widths = [config.widths[0]]
    for level, (width, depths) in enumerate(zip(config.widths, config.down_depths, strict=True)):
        downsampled = level < len(config.widths) - 1
        widths += [width] * (len(depths) + downsampled)
    return widths


def _one_by_one(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, width, 1))
