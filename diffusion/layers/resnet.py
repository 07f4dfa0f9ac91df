"""Convolutional blocks of the U-Net (Dhariwal and Nichol 2021, as used by latent diffusion)."""

import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.layers.convolution import Conv2d


class ResBlock(nn.Module):
    """Residual block [B, C, H, W] -> [B, D, H, W] that adds a projection of the time embedding in between.

    With `scale_shift` the embedding scales what is normalised in between as well (some networks of the latent
    diffusion paper).
    """

    def __init__(
        self, in_channels: int, out_channels: int, embedding_dim: int, *, scale_shift: bool = False
    ) -> None:
        super().__init__()
        self.scale_shift = scale_shift
        self.in_layers = nn.Sequential(
            nn.GroupNorm(32, in_channels), nn.SiLU(), Conv2d(in_channels, out_channels, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(
            nn.SiLU(), nn.Linear(embedding_dim, (2 if scale_shift else 1) * out_channels)
        )
        self.out_layers = nn.Sequential(
            nn.GroupNorm(32, out_channels),
            nn.SiLU(),
            nn.Dropout(0.0),
            Conv2d(out_channels, out_channels, 3, padding=1),
        )
        self.skip_connection = (
            nn.Identity() if in_channels == out_channels else Conv2d(in_channels, out_channels, 1)
        )

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        return self.skip_connection(x) + self.steered(self.in_layers(x), embedding)

    def steered(self, hidden: Tensor, embedding: Tensor) -> Tensor:
        """The second half of the block, told the time."""
        told = self.emb_layers(embedding)[:, :, None, None]
        if not self.scale_shift:
            return self.out_layers(hidden + told)
        scale, shift = told.chunk(2, dim=1)
        return self.out_layers[1:](self.out_layers[0](hidden) * (1 + scale) + shift)


class ResamplingBlock(ResBlock):
    """Residual block that halves or doubles height and width in both branches, without weights for it
    (Dhariwal and Nichol 2021; `resblock_updown` in latent diffusion).
    """

    def __init__(self, channels: int, embedding_dim: int, *, up: bool, scale_shift: bool = False) -> None:
        super().__init__(channels, channels, embedding_dim, scale_shift=scale_shift)
        self.up = up

    def forward(self, x: Tensor, embedding: Tensor, size: tuple[int, int] = (0, 0)) -> Tensor:
        """Enlarged to `size` (height, width), or halved."""
        hidden = self.in_layers[-1](self._resampled(self.in_layers[:-1](x), size))
        return self.skip_connection(self._resampled(x, size)) + self.steered(hidden, embedding)

    def _resampled(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        return F.interpolate(x, size=size, mode="nearest") if self.up else F.avg_pool2d(x, 2)


class Downsample(nn.Module):
    """Halve height and width (odd sizes round up) with a strided convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.op = Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)


class Upsample(nn.Module):
    """Enlarge to `size` (height, width) by nearest neighbours, then convolve.

    The size is that of the skip connection that joins next, so odd sizes come back as they went down.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        return self.conv(F.interpolate(x, size=size, mode="nearest"))
