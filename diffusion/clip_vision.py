"""Pictures as CLIP's vision encoder wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import CLIPVisionConfig

from diffusion.clip_heads import attention_heads

# Per-channel statistics of CLIP's training pictures (arXiv 2103.00020).
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
_PATCHES = "embeddings.patch_embedding.weight"
_POSITIONS = "embeddings.position_embedding.weight"


def preprocess(images: Tensor, size: int = 224) -> Tensor:
    """Pixel values [B, 3, size, size] of pictures [B, H, W, C] in 0..1.

    The shorter side is resized to `size` (bicubic, antialiased), the centre cut out, values rounded to 8 bits
    and normalised.
    """
    height, width = images.shape[1:3]
    shorter = min(height, width)
    target = (size * height // shorter, size * width // shorter)
    pixels = images[..., :3].movedim(-1, 1).float()
    resized = F.interpolate(pixels, target, mode="bicubic", antialias=True)
    top, left = (target[0] - size) // 2, (target[1] - size) // 2
    cut = resized[..., top : top + size, left : left + size]
    rounded = (cut.clamp(0, 1) * 255).round() / 255
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    return (rounded - mean) / std


def image_size(shapes: Mapping[str, Sequence[int]]) -> int:
    """Side of the pictures a vision encoder takes, from the same shapes as `vision_config`."""
    positions, patch = shapes[_POSITIONS][0], shapes[_PATCHES][-1]
    return round((positions - 1) ** 0.5) * patch  # one position is the class token's


def vision_config(shapes: Mapping[str, Sequence[int]], heads: int | None = None) -> CLIPVisionConfig:
    """The sizes of a CLIP vision encoder, from the shapes of its tensors.

    Args:
        shapes: by the names of transformers' `CLIPVisionModel`, without a prefix.
        heads: attention heads, which no shape tells; one for every 64 channels if None.
    """
    width, channels, patch, _ = shapes[_PATCHES]
    return CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=shapes["encoder.layers.0.mlp.fc1.weight"][0],
        num_hidden_layers=next(n for n in count() if f"encoder.layers.{n}.layer_norm1.weight" not in shapes),
        num_attention_heads=attention_heads(width, heads),
        num_channels=channels,
        patch_size=patch,
        image_size=image_size(shapes),
        hidden_act="quick_gelu",
    )
