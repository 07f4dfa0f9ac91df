"""FreeU (arXiv 2309.11497): on the way up, amplify the backbone and weaken coarse parts of the skips."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from diffusion.hooks import Hooks, Site


@dataclass(frozen=True)
class Stage:
    """The factors of one width of feature maps."""

    backbone: float
    skip: float


@dataclass(frozen=True)
class FreeU:
    """The factors by channel count of the backbone; widths that are not listed stay as they are.

    `structured`: amplify each place by how strong it is there (the authors' second version).
    """

    stages: Mapping[int, Stage]
    structured: bool = False

    @property
    def hooks(self) -> Hooks:
        return Hooks(before_output=(self,))

    def __call__(self, x: Tensor, skip: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        stage = self.stages.get(x.shape[1])
        if stage is None:
            return x, skip
        half = x.shape[1] // 2
        factor = self._factor(x, stage.backbone)
        return torch.cat([x[:, :half] * factor, x[:, half:]], dim=1), weakened(skip, stage.skip)

    def _factor(self, x: Tensor, strength: float) -> Tensor | float:
        if not self.structured:
            return strength
        mean = x.mean(dim=1, keepdim=True)
        low, high = mean.amin(dim=(2, 3), keepdim=True), mean.amax(dim=(2, 3), keepdim=True)
        tiny = torch.finfo(x.dtype).tiny
        return (strength - 1) * (mean - low) / (high - low).clamp(min=tiny) + 1


def weakened(x: Tensor, scale: float) -> Tensor:
    """A feature map [B, C, H, W] with its lowest spatial frequencies multiplied by `scale` (its eq. 5).

    Those are a 2x2 box of the spectrum: frequencies 0 and -1 of each axis. So few are found faster by their
    waves than by a whole Fourier transform.
    """
    height, width = x.shape[-2:]
    waves = _waves(height, width).to(x.device)
    flat = x.float().flatten(2)
    low = flat @ waves.mT / (height * width) @ waves
    return (flat + (scale - 1) * low).view_as(x).to(x.dtype)


def _waves(height: int, width: int) -> Tensor:
    """Cosine and sine of each of the lowest frequencies: [8, H * W], fewer where a side is 1."""
    rows, columns = torch.arange(height)[:, None] / height, torch.arange(width)[None, :] / width
    angles = [
        2 * math.pi * (vertical * rows + horizontal * columns)
        for vertical in range(min(height, 2))
        for horizontal in range(min(width, 2))
    ]
    return torch.stack([wave.flatten() for angle in angles for wave in (angle.cos(), angle.sin())])
