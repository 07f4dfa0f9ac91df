"""Edges of pictures, for networks steered by them (Canny 1986, "A Computational Approach to Edge Detection").

The conventions are those of kornia's `canny`, which graphs made for ComfyUI expect: thresholds count in the
unnormalised Sobel gradient of a picture in 0..1.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

_GREY = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the brightness (ITU-R BT.601)."""
_NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""(down, right) of the neighbour in each direction, in steps of 45 degrees from the right towards below."""
_TIES = (0, 2)
"""Directions in which a neighbour may be as strong: of two equal pixels across a step, one is kept."""
_EPS = 1e-6


def canny(pictures: Tensor, low: float, high: float) -> Tensor:
    """Thin edges of pictures [B, H, W, C] in 0..1: [B, H, W], 1 on edges and 0 elsewhere.

    The brightness is blurred (Gaussian of 5x5 pixels and a deviation of 1). Pixels stay whose Sobel gradient
    is the strongest across the edge and exceeds `low`, if a chain of such reaches one above `high`.

    Raises:
        ValueError: `low` exceeds `high`.
    """
    if low > high:
        raise ValueError(f"the low threshold ({low}) exceeds the high one ({high}): exchange them")
    gx, gy = gradients(blurred(grey(pictures)))
    strength = _ridges(gx, gy)
    weak, strong = strength > low, strength > high
    edges = [_connected(w, s) for w, s in zip(weak.cpu().numpy(), strong.cpu().numpy(), strict=True)]
    return torch.as_tensor(np.stack(edges)).to(pictures)


def grey(pictures: Tensor) -> Tensor:
    """The brightness [B, H, W] of pictures [B, H, W, C], of which the first three channels count."""
    if pictures.shape[-1] < len(_GREY):
        return pictures[..., 0]
    return pictures[..., :3] @ pictures.new_tensor(_GREY)


def blurred(x: Tensor, sigma: float = 1.0, size: int = 5) -> Tensor:
    """Pictures [B, H, W] under a Gaussian of `size` pixels; beyond their borders they are mirrored."""
    offsets = torch.arange(size, dtype=x.dtype, device=x.device) - size // 2
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    padded = F.pad(x[:, None], (size // 2,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))[:, 0]


def gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    """The unnormalised Sobel gradient of pictures [B, H, W], to the right and downwards."""
    across = x.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    padded = F.pad(x[:, None], (1,) * 4, mode="replicate")
    both = F.conv2d(padded, torch.stack([across, across.T])[:, None])
    return both[:, 0], both[:, 1]


def _ridges(gx: Tensor, gy: Tensor) -> Tensor:
    """The gradient's magnitude where it is the largest along its direction, 0 elsewhere."""
    magnitude = (gx**2 + gy**2 + _EPS).sqrt()
    direction = (torch.atan2(gy, gx) * (4 / math.pi)).round().long() % 8
    # Beyond the border there is no gradient.
    padded = F.pad(magnitude, (1, 1, 1, 1), value=math.sqrt(_EPS))
    height, width = magnitude.shape[-2:]
    around = torch.stack(
        [
            padded[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width]
            for down, right in _NEIGHBOURS
        ]
    )
    largest = torch.ones_like(magnitude, dtype=torch.bool)
    for towards in (direction, (direction + 4) % 8):
        neighbour = around.gather(0, towards[None])[0]
        tie = torch.isin(towards, towards.new_tensor(_TIES))
        largest &= (magnitude > neighbour) | (tie & (magnitude == neighbour))
    return magnitude * (largest & (magnitude > math.sqrt(_EPS)))


def _connected(weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """The weak pixels that touching ones, also across corners, connect with a strong one."""
    labels, _ = ndimage.label(weak, structure=np.ones((3, 3)))
    kept = np.unique(labels[strong])
    return np.isin(labels, kept[kept > 0])
