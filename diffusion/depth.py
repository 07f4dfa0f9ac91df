"""What depth-to-image networks see beside the noisy latent: how near every place of the picture is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from diffusion.regions import to_batch

OPTION = "concat_depth"
"""The option of a conditioning that holds depth maps [B, H, W] of any size and scale, near places high."""


def depth_channel(depth: Tensor, height: int, width: int) -> Tensor:
    """Depth maps [B, H, W] as a channel [B, 1, height, width] of -1..1, as SD 2 depth was trained.

    They are resized (bicubic) and each stretched from its least to its greatest value; flat ones are -1.
    """
    resized = F.interpolate(depth.float()[:, None], (height, width), mode="bicubic", align_corners=False)
    least, most = resized.amin(dim=(1, 2, 3), keepdim=True), resized.amax(dim=(1, 2, 3), keepdim=True)
    span = most - least
    return 2 * (resized - least) / span.where(span > 0, 1) - 1


def depth_beside(options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Tensor]:
    """{"concat": [B, 1, H, W]} for the latents [B, C, H, W] of a run: an SD 2 depth model's `extra`.

    Raises:
        ValueError: the conditioning has no depth map.
    """
    depth = options.get(OPTION)
    if depth is None:
        side = options.get("prompt_type", "positive")
        raise ValueError(
            f"the model draws by depth and the {side} conditioning has none: put DepthConditioning between "
            "prompts and sampler, with a depth map, such as DepthEstimate makes of a picture"
        )
    channel = depth_channel(depth, latent.shape[-2], latent.shape[-1])
    return {"concat": to_batch(channel.to(latent), len(latent))}
