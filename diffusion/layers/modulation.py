"""What diffusion transformers share: normalisation steered by a vector, patches, attention of many heads."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NORM_EPS = 1e-6


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Tokens [B, N, C] normalised without weights of their own, then scaled and shifted by vectors [B, C]."""
    return F.layer_norm(x, x.shape[-1:], eps=NORM_EPS) * (1 + scale[:, None]) + shift[:, None]


def vectors(layer: nn.Module, embedding: Tensor, count: int) -> tuple[Tensor, ...]:
    """The shifts, scales and gates [B, C] that a layer makes of the embedding [B, C]."""
    return layer(F.silu(embedding)).chunk(count, dim=1)


class FinalLayer(nn.Module):
    """Tokens to the values of their patches."""

    def __init__(self, width: int, outer: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, outer)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        shift, scale = vectors(self.adaLN_modulation[1], embedding, 2)
        return self.linear(modulated(x, shift, scale))


def exchanged(rows: Tensor) -> Tensor:
    """The two halves of a tensor's rows in the other order: diffusers' last modulations scale, then shift."""
    return torch.cat([*reversed(rows.chunk(2))])


def unflattened(x: Tensor, axis: int, *sizes: int) -> Tensor:
    """One axis of a tensor shared out among several; one of the sizes may be -1."""
    axis %= x.ndim
    return x.reshape(*x.shape[:axis], *sizes, *x.shape[axis + 1 :])


def heads(qkv: Tensor, head_dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """Fused projections [B, N, 3 * C] as queries, keys and values [B, heads, N, head_dim]."""
    q, k, v = unflattened(qkv, -1, 3, -1, head_dim).permute(2, 0, 3, 1, 4)
    return q, k, v


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention of [B, heads, N, head_dim], its heads side by side: [B, N, C]."""
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def whole_patches(x: Tensor, patch: int) -> Tensor:
    """A latent [B, C, H, W] with sides that patches divide; what is missing is the opposite border."""
    height, width = x.shape[-2:]
    return F.pad(x, (0, -width % patch, 0, -height % patch), mode="circular")
