"""What networks that edit or follow a picture see beside the noisy latent: the picture's own latent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pixel_unshuffle

from diffusion.inpainting import fitted
from diffusion.model import Extra, LatentFormat, no_extra
from diffusion.regions import to_batch

PICTURE, MASK = "concat_latent_image", "concat_mask"
"""The options of a conditioning that hold a picture's unscaled latent [B, C, H, W], and a mask [B, H, W]."""
_CELL = 8
"""Pixels to a cell of the latent, along each side."""


@dataclass(frozen=True)
class PictureBeside:
    """Makes the `concat` channels of models that are shown a picture: instruct-pix2pix, Flux Canny and Depth.

    `latent_format` scales the picture's latent, or None leaves it as the autoencoder made it. A negative side
    without a picture sees zeros, as in training (arXiv 2211.09800, section 3.2.1). `title` is the model's,
    for messages; `others` make what the network takes besides.
    """

    title: str
    latent_format: LatentFormat | None = None
    others: Extra = no_extra

    def __call__(self, options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Tensor]:
        """{"concat": [B, C, H, W]} for the latents [B, C, H, W] of a run in model space, and the others.

        Raises:
            ValueError: the positive conditioning has no picture.
        """
        picture = _picture(options, latent, self.latent_format, f"{self.title} draws", _INSTRUCT)
        return {**self.others(options, latent), "concat": picture}


@dataclass(frozen=True)
class FilledPicture:
    """Makes the `concat` channels of Flux Fill: the masked picture's latent, then every pixel of the mask.

    The 8x8 pixels of the mask at a cell of the latent are 64 channels of it.
    """

    latent_format: LatentFormat
    others: Extra = no_extra

    def __call__(self, options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Tensor]:
        """{"concat": [B, C + 64, H, W]} for the latents [B, C, H, W] of a run in model space, and the others.

        Raises:
            ValueError: the positive conditioning has no picture.
        """
        picture = _picture(options, latent, self.latent_format, "Flux Fill fills in", _INPAINT)
        mask = options.get(MASK)
        if mask is None:
            mask = latent.new_ones(1, 1, 1, 1)
        pixels = latent.new_empty(1, 1, *(side * _CELL for side in latent.shape[-2:]))
        mask = fitted(mask.to(latent).reshape(-1, 1, *mask.shape[-2:]), pixels).round()
        channels = to_batch(pixel_unshuffle(mask, _CELL), len(latent))
        return {**self.others(options, latent), "concat": torch.cat([picture, channels], dim=1)}


_INSTRUCT = "InstructPixToPixConditioning"
_INPAINT = "InpaintModelConditioning"


def _picture(
    options: Mapping[str, Any], latent: Tensor, latent_format: LatentFormat | None, what: str, node: str
) -> Tensor:
    """A conditioning's picture as the network sees it, as large as the latents of the run."""
    picture = options.get(PICTURE)
    if picture is None:
        if options.get("prompt_type", "positive") == "positive":
            raise ValueError(
                f"{what} by a picture and the positive conditioning has none: put {node} between prompts and "
                "sampler"
            )
        return torch.zeros_like(latent)
    picture = picture.to(latent)
    if picture.shape[1] != latent.shape[1]:
        raise ValueError(
            f"the conditioning's picture has {picture.shape[1]} latent channels and the model's latents "
            f"{latent.shape[1]}: encode it with the VAE that belongs to the model"
        )
    if latent_format is not None:
        picture = latent_format.to_model(picture)
    return to_batch(fitted(picture, latent), len(latent))
