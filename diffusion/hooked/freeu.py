"""FreeU (arXiv 2309.11497): on the way up, amplify the backbone and weaken coarse parts of the skips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from diffusion.hooks import Hooks, Site

_REACH = 1
"""Frequencies on each side of zero that count as low: a box of twice that side."""


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
    """A feature map [B, C, H, W] with its lowest spatial frequencies multiplied by `scale` (its eq. 5)."""
    height, width = x.shape[-2:]
    frequencies = torch.fft.fftshift(torch.fft.fftn(x.float(), dim=(-2, -1)), dim=(-2, -1))
    row, column = height // 2, width // 2
    mask = torch.ones(height, width, device=x.device)
    mask[max(row - _REACH, 0) : row + _REACH, max(column - _REACH, 0) : column + _REACH] = scale
    shifted = torch.fft.ifftshift(frequencies * mask, dim=(-2, -1))
    return torch.fft.ifftn(shifted, dim=(-2, -1)).real.to(x.dtype)
