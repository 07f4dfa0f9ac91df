"""Transformer blocks of the U-Net (Rombach et al. 2022, section 3.3)."""

from __future__ import annotations

from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.hooks import Site, changed
from diffusion.layers.text import Text


class CrossAttention(nn.Module):
    """Multi-head attention of `x` [B, N, C] to `context` [B, M, D]; to itself if there is no context.

    Of a `Text` the keys and values are made once, and kept in it.
    """

    def __init__(self, width: int, context_dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.place = 0
        """Which of its network's attentions to a text it is; the network numbers them."""
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context_dim, width, bias=False)
        self.to_v = nn.Linear(context_dim, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width), nn.Dropout(0.0))

    def forward(self, x: Tensor, context: Tensor | Text | None = None, site: Site | None = None) -> Tensor:
        if site is not None:
            return self._hooked(x, context, site)
        k, v = self.read(x if context is None else context)
        return self.to_out(attend(self.to_q(x), k, v, self.heads))

    def read(self, source: Tensor | Text) -> tuple[Tensor, Tensor]:
        """Keys and values [B, M, C] of what is attended to."""
        if isinstance(source, Text):
            return source.read(self.place, self.to_k, self.to_v)
        return self.to_k(source), self.to_v(source)

    def _hooked(self, x: Tensor, context: Tensor | Text | None, site: Site) -> Tensor:
        """The same with everything a hook may change."""
        hooks = site.hooks
        if hooks.attention_inputs:
            source = x if context is None else context.whole if isinstance(context, Text) else context
            q, k, v = x, source, source
            for change in hooks.attention_inputs:
                q, k, v = change(q, k, v, site)
            q, k, v = self.to_q(q), self.to_k(k), self.to_v(v)
        else:
            q, (k, v) = self.to_q(x), self.read(x if context is None else context)
        instead = hooks.instead(site)
        out = attend(q, k, v, self.heads) if instead is None else instead(q, k, v, site)
        return changed(hooks.after_attention, self.to_out(out), site)


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Multi-head attention of projected q [B, N, C] to k and v [B, M, C]: [B, N, C]."""
    q, k, v = (x.view(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


class GEGLU(nn.Module):
    """Linear layer whose second half gates the first through a GELU (Shazeer 2020)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * F.gelu(gate)


class FeedForward(nn.Module):
    """Two-layer perceptron, four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(GEGLU(width, 4 * width), nn.Dropout(0.0), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class BasicTransformerBlock(nn.Module):
    """Self-attention, cross-attention to the prompt, feed-forward; each normalised before and added after."""

    def __init__(self, width: int, context_dim: int, heads: int) -> None:
        super().__init__()
        self.attn1 = CrossAttention(width, width, heads)
        self.ff = FeedForward(width)
        self.attn2 = CrossAttention(width, context_dim, heads)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def forward(self, x: Tensor, context: Tensor | Text | None, site: Site | None = None) -> Tensor:
        if site is None:
            x = x + self.attn1(self.norm1(x))
            x = x + self.attn2(self.norm2(x), context)
            return x + self.ff(self.norm3(x))
        own = replace(site, attention="self", heads=self.attn1.heads)
        x = x + self.attn1(self.norm1(x), None, own)
        x = changed(site.hooks.after_self_attention, x, own)
        x = x + self.attn2(self.norm2(x), context, replace(own, attention="cross"))
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    """Transformer over the pixels of a feature map [B, C, H, W], added to it.

    SD 1.x projects in and out with 1x1 convolutions, SD 2.x and SDXL with linear layers (`linear`): the
    same sums on differently shaped tensors.
    """

    def __init__(self, width: int, context_dim: int, heads: int, depth: int, *, linear: bool) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(32, width, eps=1e-6)
        self.proj_in = nn.Linear(width, width) if linear else nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList(
            BasicTransformerBlock(width, context_dim, heads) for _ in range(depth)
        )
        self.proj_out = nn.Linear(width, width) if linear else nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, context: Tensor | Text | None, site: Site | None = None) -> Tensor:
        # A 1x1 convolution is a linear layer over channels, and running it as one spares a change of layout.
        tokens = _project(self.proj_in, self.norm(x).flatten(2).transpose(1, 2))
        for layer, block in enumerate(self.transformer_blocks):
            tokens = block(tokens, context, None if site is None else replace(site, layer=layer))
        tokens = _project(self.proj_out, tokens)
        return x + tokens.transpose(1, 2).reshape(x.shape)


def _project(layer: nn.Module, tokens: Tensor) -> Tensor:
    if isinstance(layer, nn.Conv2d):
        return F.linear(tokens, layer.weight.flatten(1), layer.bias)
    return layer(tokens)
