"""The picture a control network reads, brought to the size of the latent."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import interpolate

from diffusion.control.network import CELL


def fitted_to(hint: Tensor, rows: int, columns: int, multiple: int = CELL) -> Tensor:
    """A picture [B, C, H, W] at eight pixels to a cell of a latent: cut around its centre, then resized.

    Sides are rounded up to multiples of `multiple` pixels.
    """
    height, width = (_rounded(side * CELL, multiple) for side in (rows, columns))
    return interpolate(centre(hint, height, width), size=(height, width), mode="nearest-exact")


def centre(hint: Tensor, height: int, width: int) -> Tensor:
    """The middle of a picture [..., H, W] that has the proportions of `height` and `width`."""
    old_height, old_width = hint.shape[-2:]
    old, new = old_width / old_height, width / height
    left = round((old_width - old_width * (new / old)) / 2) if old > new else 0
    top = round((old_height - old_height * (old / new)) / 2) if old < new else 0
    return hint[..., top : old_height - top, left : old_width - left]


def in_channels(hint: Tensor, channels: int) -> Tensor:
    """A picture with the channels a network reads: grey from colours, colours from grey, no alpha.

    Raises:
        ValueError: the network reads a number of channels that pictures do not have.
    """
    given = hint.shape[1]
    if channels == 1:
        return hint[:, :3].mean(dim=1, keepdim=True)
    if channels == 3:
        return hint.expand(-1, 3, -1, -1) if given == 1 else hint[:, :3]
    if given != channels:
        raise ValueError(f"this control network reads {channels} channels, and the picture has {given}")
    return hint


def _rounded(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple
