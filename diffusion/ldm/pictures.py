"""What networks of the latent diffusion paper see beside the noise: pictures in channels of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from diffusion.regions import to_batch

SMALL_PICTURE = "low_resolution"
"""Option of a conditioning: the picture to be enlarged [B, 3, H, W] in -1..1, of the latent's size."""
MASKED_PICTURE = "masked_picture"
"""Option of a conditioning: latent [B, C, H, W] of the picture whose masked part is black."""
MASK = "picture_mask"
"""Option of a conditioning: [B, 1, H, W] of the latent's size, 1 where the picture is to be drawn."""


@dataclass(frozen=True)
class SmallPicture:
    """Shows a super-resolution network the picture to be enlarged."""

    def __call__(self, options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Tensor]:
        """{"concat": [B, 3, H, W]} for the latents [B, C, H, W] of a run.

        Raises:
            ValueError: the conditioning has no picture, or the latent is of another size.
        """
        return {"concat": _fitting(options, SMALL_PICTURE, latent, "LDMSuperResolution")}


@dataclass(frozen=True)
class MaskedPicture:
    """Shows an inpainting network the picture without the masked part, and the mask as -1 and 1."""

    def __call__(self, options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Tensor]:
        """{"concat": [B, C + 1, H, W]} for the latents [B, C, H, W] of a run.

        Raises:
            ValueError: the conditioning has no picture, or the latent is of another size.
        """
        picture, mask = (_fitting(options, name, latent, "LDMInpaint") for name in (MASKED_PICTURE, MASK))
        return {"concat": torch.cat([picture, mask * 2 - 1], dim=1)}


def _fitting(options: Mapping[str, Any], name: str, latent: Tensor, node: str) -> Tensor:
    picture = options.get(name)
    if not isinstance(picture, Tensor):
        raise ValueError(
            f"this model is shown a picture beside the noise: connect the positive and negative conditioning "
            f"of the node {node}"
        )
    if picture.shape[-2:] != latent.shape[-2:]:
        raise ValueError(
            f"the picture shown to the model is {_size(picture)} cells and the latent {_size(latent)}: "
            f"sample from the latent of the same {node} node"
        )
    return to_batch(picture.to(latent), len(latent))


def _size(x: Tensor) -> str:
    return f"{x.shape[-1]}x{x.shape[-2]}"
