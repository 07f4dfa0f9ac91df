"""The multimodal diffusion transformer of Stable Diffusion 3 and 3.5 (Esser et al. 2024, arXiv 2403.03206).

Text and picture are two streams of tokens, each with weights of its own, that meet in attention. Attribute
names are the tensor names of the published checkpoints after `model.diffusion_model.`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import isqrt
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.hooks import Hooks, Residuals, through
from diffusion.layers.embedding import timestep_embedding
from diffusion.layers.modulation import (
    NORM_EPS,
    FinalLayer,
    attend,
    heads,
    modulated,
    unflattened,
    vectors,
    whole_patches,
)

HEAD_DIM = 64
"""Channels of an attention head, in all published sizes."""
_SINUSOID = 256


@dataclass(frozen=True)
class MMDiTConfig:
    """Sizes of an MMDiT. SD3 medium: `MMDiTConfig(width=1536, depth=24)`."""

    width: int
    """Channels of both streams; a head for every 64."""
    depth: int
    """Joint blocks."""
    context_dim: int = 4096
    """Width of the text embedding."""
    vector_dim: int = 2048
    """Width of the pooled text `y`."""
    channels: int = 16
    """Of the latent, in and out."""
    patch: int = 2
    """Latent cells to a token, along each side."""
    grid: int = 192
    """Tokens along each side of the largest picture a position was learned for (SD3.5 medium: 384)."""
    normed_heads: bool = False
    """Whether queries and keys are normalised (SD3.5)."""
    dual: frozenset[int] = frozenset()
    """Blocks in which the picture also attends to itself alone (SD3.5 medium: the first 13)."""

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes, given by name without the `model.diffusion_model.` prefix.

        Raises KeyError naming the first tensor that an MMDiT would have and `shapes` lacks.
        """
        width, channels, patch, _ = shapes["x_embedder.proj.weight"]
        blocks = "joint_blocks.{}.x_block.attn{}.qkv.weight"
        depth = next(n for n in count() if blocks.format(n, "") not in shapes)
        if not depth:
            raise KeyError(blocks.format(0, ""))
        return cls(
            width=width,
            depth=depth,
            context_dim=shapes["context_embedder.weight"][1],
            vector_dim=shapes["y_embedder.mlp.0.weight"][1],
            channels=channels,
            patch=patch,
            grid=isqrt(shapes["pos_embed"][1]),
            normed_heads="joint_blocks.0.x_block.attn.ln_q.weight" in shapes,
            dual=frozenset(n for n in range(depth) if blocks.format(n, "2") in shapes),
        )


class MMDiT(nn.Module):
    """Predict the flow's velocity in a latent, given how noisy it is and what it should show."""

    def __init__(self, config: MMDiTConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.pos_embed = nn.Parameter(torch.empty(1, config.grid**2, width))
        self.x_embedder = PatchEmbedding(config)
        self.t_embedder = VectorEmbedding(_SINUSOID, width)
        self.y_embedder = VectorEmbedding(config.vector_dim, width)
        self.context_embedder = nn.Linear(config.context_dim, width)
        self.joint_blocks = nn.ModuleList(JointBlock(config, index) for index in range(config.depth))
        self.final_layer = FinalLayer(width, config.patch**2 * config.channels)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        context: Tensor,
        *,
        y: Tensor,
        control: Residuals | None = None,
        hooks: Hooks | None = None,
    ) -> Tensor:
        """Return the velocity [B, C, H, W].

        `x` [B, C, H, W] is the noisy latent, `t` [B] the timestep 0..1000, `context` [B, N, context_dim] the
        text embedding, `y` [B, vector_dim] the pooled text. All share one dtype except `t`. Sides that the
        patch does not divide are padded, and the result cropped. `control` holds tokens [B, N, width] to add
        to the picture's after the blocks of these numbers; `hooks` may take the place of blocks.
        """
        padded = whole_patches(x, self.config.patch)
        rows, columns = (side // self.config.patch for side in padded.shape[-2:])
        tokens = self.x_embedder(padded) + self.positions(rows, columns)
        embedding = self.embed(t, y, x.dtype)
        context = self.context_embedder(context)
        for number, block in enumerate(self.joint_blocks):
            step = partial(block, embedding=embedding)
            context, tokens = through(hooks, ("double", number), step, context, tokens)
            if control is not None and number in control.inputs:
                tokens = tokens + control.inputs[number]
        out = unflattened(self.final_layer(tokens, embedding), 1, rows, columns)
        out = unflattened(out, -1, self.config.patch, self.config.patch, -1)
        out = out.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)
        return out[..., : x.shape[-2], : x.shape[-1]]

    def embed(self, t: Tensor, y: Tensor, dtype: torch.dtype) -> Tensor:
        """What steers every block [B, width]: the time and the pooled text."""
        return self.t_embedder(timestep_embedding(t, _SINUSOID).to(dtype)) + self.y_embedder(y)

    def positions(self, rows: int, columns: int) -> Tensor:
        """The learned positions [1, rows * columns, width] of a picture: the middle of the grid.

        Raises:
            ValueError: the picture is larger than the grid.
        """
        grid = self.config.grid
        if max(rows, columns) > grid:
            pixels = 8 * self.config.patch
            raise ValueError(
                f"this model knows positions for pictures of up to {grid * pixels} pixels a side, and this "
                f"one is {columns * pixels}x{rows * pixels}: make it smaller"
            )
        top, left = (grid - rows) // 2, (grid - columns) // 2
        learned = unflattened(self.pos_embed, 1, grid, grid)
        return learned[:, top : top + rows, left : left + columns].flatten(1, 2)


class PatchEmbedding(nn.Module):
    """Patches of a latent [B, C, H, W] as tokens [B, H/p * W/p, width], row by row."""

    def __init__(self, config: MMDiTConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(config.channels, config.width, config.patch, stride=config.patch)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x).flatten(2).transpose(1, 2)


class VectorEmbedding(nn.Module):
    """A perceptron from a vector [B, D] to the embedding that steers every block."""

    def __init__(self, inner: int, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(inner, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.mlp(x)


class Attention(nn.Module):
    """The projections of attention, on one stream's side of it."""

    def __init__(self, width: int, *, normed: bool, last: bool = False) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        if normed:
            self.ln_q = nn.RMSNorm(HEAD_DIM, eps=NORM_EPS)
            self.ln_k = nn.RMSNorm(HEAD_DIM, eps=NORM_EPS)
        if not last:
            self.proj = nn.Linear(width, width)
        self.normed = normed

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values [B, heads, N, 64] of tokens [B, N, width]."""
        q, k, v = heads(self.qkv(x), HEAD_DIM)
        return (self.ln_q(q), self.ln_k(k), v) if self.normed else (q, k, v)


class FeedForward(nn.Module):
    """Two-layer perceptron, four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class StreamBlock(nn.Module):
    """One stream's part of a joint block. The text's last one only gives keys and values, as none follows."""

    def __init__(self, width: int, *, normed: bool, dual: bool = False, last: bool = False) -> None:
        super().__init__()
        self.attn = Attention(width, normed=normed, last=last)
        if dual:
            self.attn2 = Attention(width, normed=normed)
        if not last:
            self.mlp = FeedForward(width)
        self.dual, self.last = dual, last
        self.numbers = 2 if last else 9 if dual else 6
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, self.numbers * width))

    def steer(self, embedding: Tensor) -> tuple[Tensor, ...]:
        """Shift and scale of attention, its gate, the same of the perceptron, of the attention to itself."""
        return vectors(self.adaLN_modulation[1], embedding, self.numbers)

    def finish(self, x: Tensor, attended: Tensor, steer: Sequence[Tensor]) -> Tensor:
        """The stream after attention: with what came of it, of attention to itself, and of the perceptron."""
        _, _, gate, shift_mlp, scale_mlp, gate_mlp, *own = steer
        alone = attend(*self.attn2.heads(modulated(x, own[0], own[1]))) if self.dual else None
        x = x + gate[:, None] * self.attn.proj(attended)
        if alone is not None:
            x = x + own[2][:, None] * self.attn2.proj(alone)
        return x + gate_mlp[:, None] * self.mlp(modulated(x, shift_mlp, scale_mlp))


class JointBlock(nn.Module):
    """Both streams attend to all tokens of both, then go through perceptrons of their own."""

    def __init__(self, config: MMDiTConfig, index: int) -> None:
        super().__init__()
        width, normed = config.width, config.normed_heads
        self.context_block = StreamBlock(width, normed=normed, last=index == config.depth - 1)
        self.x_block = StreamBlock(width, normed=normed, dual=index in config.dual)

    def forward(self, context: Tensor, x: Tensor, embedding: Tensor) -> tuple[Tensor, Tensor]:
        text, picture = self.context_block, self.x_block
        steer_text, steer_picture = text.steer(embedding), picture.steer(embedding)
        of_text = text.attn.heads(modulated(context, *steer_text[:2]))
        of_picture = picture.attn.heads(modulated(x, *steer_picture[:2]))
        q, k, v = (torch.cat(pair, dim=2) for pair in zip(of_text, of_picture, strict=True))
        attended = attend(q, k, v)
        words = context.shape[1]
        if not text.last:
            context = text.finish(context, attended[:, :words], steer_text)
        return context, picture.finish(x, attended[:, words:], steer_picture)
