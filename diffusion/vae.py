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
    attention: tuple[bool, ...] = ()
    """Which resolutions have attention after each residual block, full size first; () for none (as in SD)."""
    middle_attention: bool = True
    """Whether there is attention at the lowest resolution (not in VQ-f4 of latent diffusion's inpainting)."""
    codebook: int | None = None
    """Entries of a VQ autoencoder's codebook; None for a KL autoencoder."""

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
        attention = tuple(f"encoder.down.{level}.attn.0.q.weight" in shapes for level in range(len(widths)))
        codebook = shapes.get("quantize.embedding.weight")
        return cls(
            widths=tuple(widths),
            res_blocks=blocks,
            pixel_channels=shapes["encoder.conv_in.weight"][1],
            latent_channels=shapes["decoder.conv_in.weight"][1],
            quant_conv="quant_conv.weight" in shapes,
            attention=attention if any(attention) else (),
            middle_attention="encoder.mid.attn_1.q.weight" in shapes,
            codebook=None if codebook is None else codebook[0],
        )

    def attends(self, level: int) -> bool:
        """Whether a resolution has attention; level 0 is full size."""
        return bool(self.attention) and self.attention[level]


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

    def __init__(self, width: int, *, attention: bool) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(width, width)
        self.attn_1 = AttnBlock(width) if attention else nn.Identity()
        self.block_2 = ResnetBlock(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class Level(nn.Module):
    """The residual blocks of one resolution, each followed by attention where the level has it."""

    def __init__(self, in_channels: int, out_channels: int, blocks: int, *, attention: bool) -> None:
        super().__init__()
        self.block = nn.ModuleList(
            ResnetBlock(in_channels if i == 0 else out_channels, out_channels) for i in range(blocks)
        )
        self.attn = nn.ModuleList(AttnBlock(out_channels) for _ in range(blocks if attention else 0))

    def forward(self, x: Tensor) -> Tensor:
        for n, block in enumerate(self.block):
            x = block(x)
            if len(self.attn):
                x = self.attn[n](x)
        return x


class Down(Level):
    """One level of the encoder: residual blocks, then half the size unless it is the last."""

    def __init__(
        self, in_channels: int, out_channels: int, blocks: int, *, attention: bool, last: bool
    ) -> None:
        super().__init__(in_channels, out_channels, blocks, attention=attention)
        self.downsample = nn.Identity() if last else Downsample(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.downsample(super().forward(x))


class Up(Level):
    """One level of the decoder: residual blocks, then twice the size unless it is the last."""

    def __init__(
        self, in_channels: int, out_channels: int, blocks: int, *, attention: bool, last: bool
    ) -> None:
        super().__init__(in_channels, out_channels, blocks, attention=attention)
        self.upsample = nn.Identity() if last else Upsample(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.upsample(super().forward(x))


class Encoder(nn.Module):
    """Pixels [B, 3, H, W] to mean and log variance [B, 8, H/8, W/8]; of VQ autoencoders to the latent."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths = config.widths
        before = (widths[0], *widths[:-1])
        self.conv_in = nn.Conv2d(config.pixel_channels, widths[0], 3, padding=1)
        self.down = nn.Sequential(
            *(
                Down(
                    inner,
                    outer,
                    config.res_blocks,
                    attention=config.attends(level),
                    last=level == len(widths) - 1,
                )
                for level, (inner, outer) in enumerate(zip(before, widths, strict=True))
            )
        )
        self.mid = Middle(widths[-1], attention=config.middle_attention)
        self.norm_out = norm(widths[-1])
        moments = config.latent_channels * (2 if config.codebook is None else 1)
        self.conv_out = nn.Conv2d(widths[-1], moments, 3, padding=1)

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
        self.mid = Middle(widths[-1], attention=config.middle_attention)
        self.up = nn.ModuleList(
            Up(inner, outer, config.res_blocks + 1, attention=config.attends(level), last=level == 0)
            for level, (inner, outer) in enumerate(zip(before, widths, strict=True))
        )
        self.norm_out = norm(widths[0])
        self.conv_out = nn.Conv2d(widths[0], config.pixel_channels, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        hidden = self.mid(self.conv_in(latent))
        for level in reversed(self.up):
            hidden = level(hidden)
        return self.conv_out(F.silu(self.norm_out(hidden)))
