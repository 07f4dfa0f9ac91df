"""Sinusoidal embeddings of scalars (Vaswani et al. 2017, section 3.5)."""

import math

import torch
from torch import Tensor

_LONGEST = 10_000.0
"""The longest wave is this many times as long as the shortest."""


def timestep_embedding(t: Tensor, dim: int) -> Tensor:
    """Embed each scalar of `t` [B] as `dim` values: cosines first, then sines, as latent diffusion does.

    Frequencies fall geometrically from 1 to 1 / 10000. Returns float32 [B, dim]; an odd `dim` ends
    in a zero.
    """
    half = dim // 2
    exponents = torch.arange(half, dtype=torch.float32, device=t.device) / half
    angles = t.float()[:, None] * torch.exp(-math.log(_LONGEST) * exponents)[None]
    embedding = torch.cat([angles.cos(), angles.sin()], dim=-1)
    if dim % 2:
        embedding = torch.cat([embedding, torch.zeros_like(embedding[:, :1])], dim=-1)
    return embedding
