"""T5's encoder (Raffel et al. 2020, arXiv 1910.10683; version 1.1 with gated perceptrons): the long text
encoder of Stable Diffusion 3 and Flux. Attribute names are the tensor names of the published files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.clip_text import WORKING_STATES, Embeddings, Encoding, no_embeddings
from diffusion.layers.modulation import unflattened
from diffusion.placement import Placement
from diffusion.t5_tokens import T5Tokenizer
from diffusion.tokens import Chunk, looked_up

_EPS = 1e-6
_FARTHEST = 128
"""Tokens apart from which on all distances are one."""


@dataclass(frozen=True)
class T5Config:
    """Sizes of an encoder. T5-XXL: 24 layers of 64 heads, 4096 wide, 10240 inside the perceptrons."""

    vocabulary: int
    width: int
    heads: int
    head_dim: int
    inner: int
    layers: int
    buckets: int = 32
    """Classes of distances between tokens that a bias was learned for."""

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes.

        Raises KeyError naming the first tensor that an encoder would have and `shapes` lacks.
        """
        block = "encoder.block.0.layer."
        vocabulary, width = shapes["shared.weight"]
        buckets, heads = shapes[f"{block}0.SelfAttention.relative_attention_bias.weight"]
        return cls(
            vocabulary=vocabulary,
            width=width,
            heads=heads,
            head_dim=shapes[f"{block}0.SelfAttention.q.weight"][0] // heads,
            inner=shapes[f"{block}1.DenseReluDense.wi_0.weight"][0],
            layers=next(n for n in count() if f"encoder.block.{n}.layer.0.layer_norm.weight" not in shapes),
            buckets=buckets,
        )


class T5(nn.Module):
    """Embedded tokens [B, N, W] to states [B, N, W]. Padding is read like any other token."""

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.config = config
        self.shared = nn.Embedding(config.vocabulary, config.width)
        self.encoder = Encoder(config)

    def forward(self, embedded: Tensor) -> Tensor:
        return self.encoder(embedded)


class Encoder(nn.Module):
    """All blocks. The first one's bias for the distance between tokens is everyone's."""

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.buckets = config.buckets
        self.block = nn.ModuleList(Block(config, first=n == 0) for n in range(config.layers))
        self.final_layer_norm = nn.RMSNorm(config.width, eps=_EPS)

    def forward(self, x: Tensor) -> Tensor:
        bias = self.distances(x.shape[1], x.device)
        for block in self.block:
            x = block(x, bias)
        return self.final_layer_norm(x)

    def distances(self, length: int, device: torch.device) -> Tensor:
        """What attention adds for the distance between two tokens, [1, heads, N, N]."""
        learned: nn.Module = self.block.get_submodule("0.layer.0.SelfAttention.relative_attention_bias")
        return learned(distance_buckets(length, self.buckets, device)).permute(2, 0, 1)[None]


class Block(nn.Module):
    """Attention, then a perceptron; each normalised before and added after."""

    def __init__(self, config: T5Config, *, first: bool) -> None:
        super().__init__()
        self.layer = nn.ModuleList([AttentionLayer(config, first=first), PerceptronLayer(config)])

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        return self.layer[1](self.layer[0](x, bias))


class AttentionLayer(nn.Module):
    def __init__(self, config: T5Config, *, first: bool) -> None:
        super().__init__()
        self.SelfAttention = Attention(config, first=first)
        self.layer_norm = nn.RMSNorm(config.width, eps=_EPS)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        return x + self.SelfAttention(self.layer_norm(x), bias)


class Attention(nn.Module):
    """Attention of all heads, unscaled, with a bias [1, heads, N, N] for the distance between tokens."""

    def __init__(self, config: T5Config, *, first: bool) -> None:
        super().__init__()
        self.head_dim = config.head_dim
        inner = config.heads * config.head_dim
        self.q = nn.Linear(config.width, inner, bias=False)
        self.k = nn.Linear(config.width, inner, bias=False)
        self.v = nn.Linear(config.width, inner, bias=False)
        self.o = nn.Linear(inner, config.width, bias=False)
        if first:
            self.relative_attention_bias = nn.Embedding(config.buckets, config.heads)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        q, k, v = (
            unflattened(layer(x), -1, -1, self.head_dim).transpose(1, 2) for layer in (self.q, self.k, self.v)
        )
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=1.0)
        return self.o(attended.transpose(1, 2).flatten(2))


class PerceptronLayer(nn.Module):
    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.DenseReluDense = GatedPerceptron(config)
        self.layer_norm = nn.RMSNorm(config.width, eps=_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.DenseReluDense(self.layer_norm(x))


class GatedPerceptron(nn.Module):
    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.wi_0 = nn.Linear(config.width, config.inner, bias=False)
        self.wi_1 = nn.Linear(config.width, config.inner, bias=False)
        self.wo = nn.Linear(config.inner, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.wo(F.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x))


def distance_buckets(length: int, buckets: int, device: torch.device) -> Tensor:
    """The class of the distance from each token to each other, [N, N].

    Half of them are for tokens that follow. Of each half, one half counts single tokens and the other grows
    logarithmically up to `_FARTHEST`.
    """
    places = torch.arange(length, device=device)
    apart = places[None] - places[:, None]
    half, exact = buckets // 2, buckets // 4
    distance = apart.abs()
    steps = (distance.clamp(min=1) / exact).log() / math.log(_FARTHEST / exact) * (half - exact)
    far = (exact + steps.long()).clamp(max=half - 1)
    return torch.where(distance < exact, distance, far) + half * (apart > 0)


@dataclass(frozen=True)
class T5Tower:
    """The encoder with its tokenizer. It has no pooled vector: that of its encodings is empty, [1, 0]."""

    model: T5
    tokenizer: T5Tokenizer
    embeddings: Embeddings = no_embeddings
    embedding_key: str = "t5xxl"
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the encoder to the device when it is used."""

    @property
    def width(self) -> int:
        """Channels of the states."""
        return self.model.config.width

    def tokenize(self, text: str) -> list[Chunk]:
        """The prompt as one sequence of weighted tokens."""
        return self.tokenizer.chunks(text, lambda name: self.embeddings(name, self.width, self.embedding_key))

    @torch.no_grad()
    def encode(self, chunks: Sequence[Chunk]) -> Encoding:
        """Encode chunks as separate sequences and put them in a row.

        A weight w moves a token's state away from (w > 1) or towards the state e that the empty prompt has in
        its place: e + (z - e) * w.
        """
        states = [self._weighted(chunk) for chunk in chunks]
        return Encoding(torch.cat(states, dim=1), torch.zeros(1, 0))

    def _weighted(self, chunk: Chunk) -> Tensor:
        states = self._run(chunk)
        weights = torch.tensor(chunk.weights)
        if (weights == 1).all():
            return states
        empty = self._run(self.tokenizer.empty(len(chunk.tokens)))
        return empty + (states - empty) * weights[:, None]

    def _run(self, chunk: Chunk) -> Tensor:
        """States [1, N, W], float32 on the CPU."""
        table, config, length = self.model.shared.weight, self.model.config, len(chunk.tokens)
        device = self.placement.device_for(table)
        states = WORKING_STATES * (config.width + config.inner) + 4 * config.heads * length
        with self.placement.use(self.model, needs=(states * length * table.itemsize,)):
            return self.model(looked_up([chunk], self.model.shared, device)).float().cpu()
