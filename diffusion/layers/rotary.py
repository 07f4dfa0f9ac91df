"""Rotary position embedding over several axes (Su et al. 2021, arXiv 2104.09864)."""

from __future__ import annotations

import torch
from torch import Tensor

_THETA = 10_000.0


def axes_of(head_dim: int) -> tuple[int, ...]:
    """How a head's channels are shared out among (time, row, column): 16, 56 and 56 of Flux' 128."""
    spatial = head_dim * 7 // 16
    return head_dim - 2 * spatial, spatial, spatial


def rotations(places: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Cosine and sine of every pair of channels, float32 [2, N, head_dim / 2], at places [N, len(axes)].

    Along an axis of d channels, frequencies fall geometrically from 1 to (almost) 1 / 10000.
    """
    angles = [
        places[:, axis, None].double()
        * _THETA ** -(torch.arange(0, width, 2, dtype=torch.float64, device=places.device) / width)
        for axis, width in enumerate(axes)
    ]
    angle = torch.cat(angles, dim=1)
    return torch.stack([angle.cos(), angle.sin()]).float()


def rotated(x: Tensor, turns: Tensor) -> Tensor:
    """Neighbouring channels of x [B, heads, N, head_dim] turned as pairs."""
    cosine, sine = turns
    even, odd = x.float().reshape(*x.shape[:-1], -1, 2).unbind(-1)
    turned = torch.stack([cosine * even - sine * odd, sine * even + cosine * odd], dim=-1)
    return turned.flatten(-2).to(x.dtype)
