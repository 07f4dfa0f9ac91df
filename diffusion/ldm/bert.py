"""The transformer that encodes text and boxes in latent diffusion (arXiv 2112.10752).

Trained together with the U-Net; of BERT it has nothing but the vocabulary. Attribute names are the tensor
names of the published checkpoints after `cond_stage_model.transformer.`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Self

import torch
from torch import Tensor, nn

from diffusion.clip_text import WORKING_STATES, Embeddings, Encoding, no_embeddings
from diffusion.layers.attention import attend
from diffusion.ldm.bert_tokens import BertTokenizer
from diffusion.placement import Placement
from diffusion.tokens import Chunk, looked_up
from diffusion.weighting import WEIGHTINGS, Weighting

HEAD_DIM = 64


@dataclass(frozen=True)
class BertConfig:
    """Sizes of an encoder. text2img-large: 32 layers of 8 heads, 1280 wide, 77 places, 30522 tokens."""

    vocabulary: int
    places: int
    width: int
    heads: int
    inner: int
    layers: int

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, Sequence[int]]) -> Self:
        """Read the sizes from tensor shapes.

        Raises KeyError naming the first tensor that an encoder would have and `shapes` lacks.
        """
        stem = "attn_layers.layers"
        vocabulary, width = shapes["token_emb.weight"]
        return cls(
            vocabulary=vocabulary,
            places=shapes["pos_emb.emb.weight"][0],
            width=width,
            heads=shapes[f"{stem}.0.1.to_q.weight"][0] // HEAD_DIM,
            inner=shapes[f"{stem}.1.1.net.0.0.weight"][0],
            layers=next(n for n in count() if f"{stem}.{2 * n}.1.to_q.weight" not in shapes),
        )


class Bert(nn.Module):
    """Embedded tokens [B, N, W] to states [B, N, W]."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.token_emb = nn.Embedding(config.vocabulary, config.width)
        self.pos_emb = Positions(config)
        self.attn_layers = Layers(config)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, embedded: Tensor, layer: int = -1) -> Tensor:
        """The states after a layer, normalised. -1 is the last; so is one that the encoder lacks."""
        layers = self.config.layers
        run = layers + 1 + layer if -layers <= layer < 0 else layers
        return self.norm(self.attn_layers(embedded + self.pos_emb(embedded.shape[1]), run))

    def working_bytes(self, tokens: int) -> int:
        """Memory that encoding so many tokens takes beside the weights."""
        states = WORKING_STATES * (self.config.width + self.config.inner)
        return states * tokens * self.token_emb.weight.itemsize


class Positions(nn.Module):
    """A learned vector for each place in the sequence."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.emb = nn.Embedding(config.places, config.width)

    def forward(self, length: int) -> Tensor:
        return self.emb.weight[:length]


class Layers(nn.Module):
    """Attention and perceptrons in turn, each normalised before and added after."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        kinds = (SelfAttention, Perceptron)
        self.layers = nn.ModuleList(
            nn.ModuleList([nn.LayerNorm(config.width), kinds[n % 2](config)])
            for n in range(2 * config.layers)
        )

    def forward(self, x: Tensor, run: int) -> Tensor:
        for n in range(2 * run):
            norm, layer = self.layers.get_submodule(f"{n}.0"), self.layers.get_submodule(f"{n}.1")
            x = x + layer(norm(x))
        return x


class SelfAttention(nn.Module):
    """Attention of every token to all, padding included: the models were trained so."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.heads = config.heads
        inner = config.heads * HEAD_DIM
        self.to_q = nn.Linear(config.width, inner, bias=False)
        self.to_k = nn.Linear(config.width, inner, bias=False)
        self.to_v = nn.Linear(config.width, inner, bias=False)
        self.to_out = nn.Linear(inner, config.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.to_out(attend(self.to_q(x), self.to_k(x), self.to_v(x), self.heads))


class Perceptron(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        first = nn.Sequential(nn.Linear(config.width, config.inner), nn.GELU())
        self.net = nn.Sequential(first, nn.Dropout(0.0), nn.Linear(config.inner, config.width))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


@dataclass(frozen=True)
class BertTower:
    """The encoder with its tokenizer. It has no pooled vector: that of its encodings is empty, [1, 0]."""

    model: Bert
    tokenizer: BertTokenizer
    embeddings: Embeddings = no_embeddings
    embedding_key: str = "bert"
    layer: int = -1
    """Whose output is used: -1 the last layer's, -2 that of the one before."""
    weighting: Weighting = WEIGHTINGS["comfyui"]
    """How weights in prompts are written, and what they do."""
    placement: Placement = field(default_factory=Placement, compare=False)
    """Brings the tower to the device when it is used."""

    @property
    def width(self) -> int:
        """Channels of the states."""
        return self.model.config.width

    @property
    def pooled_width(self) -> int:
        """Channels of the pooled vector: none."""
        return 0

    def with_last_layer(self, layer: int) -> BertTower:
        """The same tower stopped at another layer."""
        return replace(self, layer=layer)

    def tokenize(self, text: str) -> list[Chunk]:
        """The prompt as chunks of 77 weighted tokens."""
        return self.weighting.chunks(
            self.tokenizer, text, lambda name: self.embeddings(name, self.width, self.embedding_key)
        )

    @torch.no_grad()
    def encode(self, chunks: Sequence[Chunk]) -> Encoding:
        """Encode chunks as separate sequences and put them in a row."""
        weights = torch.tensor([chunk.weights for chunk in chunks])
        states = self._run(chunks)
        if (weights != 1).any():
            empty = self._run(self.tokenizer.chunks("")) if self.weighting.compares else states
            states = self.weighting.applied(states, weights, empty)
        return Encoding(states.reshape(1, -1, self.width), torch.zeros(1, 0))

    def _run(self, chunks: Sequence[Chunk]) -> Tensor:
        """States [B, 77, W], float32 on the CPU."""
        device = self.placement.device_for(self.model.token_emb.weight)
        tokens = sum(len(chunk.tokens) for chunk in chunks)
        with self.placement.use(self.model, needs=(self.model.working_bytes(tokens),)):
            embedded = looked_up(chunks, self.model.token_emb, device)
            return self.model(embedded, self.layer).float().cpu()
