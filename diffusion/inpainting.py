"""What inpainting networks see beside the noisy latent: the mask and the picture without the masked part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.model import LatentFormat
from diffusion.regions import to_batch

_GREY = (0.8223, -0.6876, 0.6364, 0.1380)
"""A grey picture in SD 1.x's model space: what is seen where everything is to be drawn."""


@dataclass(frozen=True)
class MaskedPicture:
    """Makes the `concat` channels of 9-channel models: mask, then the masked picture's latent (model space).

    Both are taken from a conditioning's `concat_mask` and `concat_latent_image`; failing these from the run's
    noise mask and the latent it starts from; without any mask, all is to be drawn.
    """

    latent_format: LatentFormat

    def __call__(self, options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Tensor]:
        """{"concat": [B, 1 + C, H, W]} for the latents [B, C, H, W] of a run in model space."""
        mask, picture = options.get("concat_mask"), options.get("concat_latent_image")
        if mask is None:
            mask = options.get("noise_mask")
        if mask is None:
            return {"concat": torch.cat([torch.ones_like(latent[:, :1]), _grey(latent)], dim=1)}
        if picture is not None:
            picture = self.latent_format.to_model(picture.to(latent))
        else:
            picture = latent if latent.any() else _grey(latent)
        mask = mask.to(latent).reshape(-1, 1, *mask.shape[-2:])
        seen = [fitted(mask, latent).round(), fitted(picture, latent)]
        return {"concat": torch.cat([to_batch(part, len(latent)) for part in seen], dim=1)}


def _grey(latent: Tensor) -> Tensor:
    return latent.new_tensor(_GREY).reshape(1, -1, 1, 1).expand_as(latent)


def fitted(x: Tensor, like: Tensor) -> Tensor:
    """[.., H, W] cut around its centre to the proportions of `like`, then scaled to its size."""
    (height, width), (rows, columns) = x.shape[-2:], like.shape[-2:]
    if (height, width) == (rows, columns):
        return x
    across, along = width / height, columns / rows
    left = round((width - width * along / across) / 2) if across > along else 0
    top = round((height - height * across / along) / 2) if across < along else 0
    x = x[..., top : height - top, left : width - left]
    return F.interpolate(x, size=(rows, columns), mode="bilinear", align_corners=False)
