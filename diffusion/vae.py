"""The KL autoencoder between pixels and latents (Rombach et al. 2022, appendix G).

Attribute names are the tensor names of the published checkpoints after `first_stage_model.`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.layers.autoencoder import AttnBlock, Downsample, ResnetBlock, Upsample, norm


@dataclass(frozen=True)
class VAEConfig:
    """Sizes of an autoencoder. SD 1.x and 2.x: `VAEConfig(widths=(128, 256, 512, 512))`."""

    widths: tuple[int, ...]
    """Channels of each resolution, full size first; every further entry halves height and width."""
    res_blocks: int = 2
    """Residual blocks of each encoder level; the decoder has one more."""
    pixel_channels: int = 3
    latent_channels: int = 4
    quant_conv: bool = True
    """Whether 1x1 convolutions stand around the latent (they do in SD 1.x, 2.x and XL)."""

    @property
    def factor(self) -> int:
        """Pixels per latent element along each side."""
        return 2 ** (len(self.widths) - 1)

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes, given by name without the `first_stage_model.` prefix.

        Raises KeyError naming the first tensor an autoencoder of this layout would have and `shapes` lacks.
        """
        widths: list[int] = []
        while (name := f"encoder.down.{len(widths)}.block.0.conv2.weight") in shapes:
            widths.append(shapes[name][0])
        if not widths:
            raise KeyError(name)
        blocks = 1
        while f"encoder.down.0.block.{blocks}.conv2.weight" in shapes:
            blocks += 1
        return cls(
            widths=tuple(widths),
            res_blocks=blocks,
            pixel_channels=shapes["encoder.conv_in.weight"][1],
            latent_channels=shapes["decoder.conv_in.weight"][1],
            quant_conv="quant_conv.weight" in shapes,
        )


class AutoencoderKL(nn.Module):
    """Pixels in -1..1 to latents of 1/8 the size (as the widths say) and back. Latents are unscaled here."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        latent = config.latent_channels
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        if config.quant_conv:
            self.quant_conv = nn.Conv2d(2 * latent, 2 * latent, 1)
            self.post_quant_conv = nn.Conv2d(latent, latent, 1)

    def moments(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance [B, 4, H/8, W/8] of the latent of pixels [B, 3, H, W] in -1..1."""
        hidden = self.encoder(pixels)
        mean, log_variance = (self.quant_conv(hidden) if self.config.quant_conv else hidden).chunk(2, dim=1)
        return mean, log_variance.clamp(-30.0, 20.0)

    def encode(self, pixels: Tensor) -> Tensor:
        """Mean latent [B, 4, H/8, W/8] of pixels [B, 3, H, W] in -1..1; H and W are multiples of 8."""
        return self.moments(pixels)[0]

    def decode(self, latent: Tensor) -> Tensor:
        """Pixels [B, 3, 8H, 8W], about -1..1 and not clamped, of a latent [B, 4, H, W]."""
        return self.decoder(self.post_quant_conv(latent) if self.config.quant_conv else latent)


class Middle(nn.Module):
    """Two residual blocks around one attention layer, at the lowest resolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(width, width)
        self.attn_1 = AttnBlock(width)
        self.block_2 = ResnetBlock(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class Down(nn.Module):
    """One level of the encoder: residual blocks, then half the size unless it is the last."""

    def __init__(self, in_channels: int, out_channels: int, blocks: int, *, last: bool) -> None:
        super().__init__()
        self.block = nn.Sequential(
            *(ResnetBlock(in_channels if i == 0 else out_channels, out_channels) for i in range(blocks))
        )
        self.downsample = nn.Identity() if last else Downsample(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.downsample(self.block(x))


class Up(nn.Module):
    """One level of the decoder: residual blocks, then twice the size unless it is the last."""

    def __init__(self, in_channels: int, out_channels: int, blocks: int, *, last: bool) -> None:
        super().__init__()
        self.block = nn.Sequential(
            *(ResnetBlock(in_channels if i == 0 else out_channels, out_channels) for i in range(blocks))
        )
        self.upsample = nn.Identity() if last else Upsample(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.upsample(self.block(x))


class Encoder(nn.Module):
    """Pixels [B, 3, H, W] to the mean and log variance [B, 8, H/8, W/8]."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths = config.widths
        before = (widths[0], *widths[:-1])
        self.conv_in = nn.Conv2d(config.pixel_channels, widths[0], 3, padding=1)
        self.down = nn.Sequential(
            *(
                Down(inner, outer, config.res_blocks, last=level == len(widths) - 1)
                for level, (inner, outer) in enumerate(zip(before, widths, strict=True))
            )
        )
        self.mid = Middle(widths[-1])
        self.norm_out = norm(widths[-1])
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        hidden = self.mid(self.down(self.conv_in(pixels)))
        return self.conv_out(F.silu(self.norm_out(hidden)))


class Decoder(nn.Module):
    """Latents [B, 4, H, W] to pixels [B, 3, 8H, 8W]. Level 0 is full size: levels run from last to first."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths = config.widths
        before = (*widths[1:], widths[-1])
        self.conv_in = nn.Conv2d(config.latent_channels, widths[-1], 3, padding=1)
        self.mid = Middle(widths[-1])
        self.up = nn.ModuleList(
            Up(inner, outer, config.res_blocks + 1, last=level == 0)
            for level, (inner, outer) in enumerate(zip(before, widths, strict=True))
        )
        self.norm_out = norm(widths[0])
        self.conv_out = nn.Conv2d(widths[0], config.pixel_channels, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        hidden = self.mid(self.conv_in(latent))
        for level in reversed(self.up):
            hidden = level(hidden)
        return self.conv_out(F.silu(self.norm_out(hidden)))
