"""The CLIP text encoder: a prompt to the embedding that the U-Net's cross-attention reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, NamedTuple, Protocol, cast

import torch
from torch import Tensor
from torch.func import functional_call
from transformers import CLIPTextConfig, CLIPTextModel

from diffusion.clip_heads import attention_heads
from diffusion.tokens import BOS, EOS, Chunk, ClipTokenizer

_TABLE = "embeddings.token_embedding.weight"


class Embeddings(Protocol):
    """Finds the learned embedding that a prompt calls by name."""

    def __call__(self, name: str, width: int, key: str) -> Tensor | None:
        """Vectors [N, width], or None when there are none of that name and width.

        `key` is what the text encoder is called in files made for several encoders.
        """
        ...


def no_embeddings(name: str, width: int, key: str) -> Tensor | None:
    """Knows no embedding."""
    return None


class Encoding(NamedTuple):
    """What the encoder says of a prompt, float32 on the CPU."""

    cond: Tensor
    """[1, 77 * chunks, width]: one state per token, the chunks in a row."""
    pooled: Tensor
    """[1, width]: the state at the end of the first chunk's text."""


def text_config(shapes: Mapping[str, Sequence[int]], heads: int | None = None) -> CLIPTextConfig:
    """The sizes of a CLIP text encoder, from the shapes of its tensors.

    Args:
        shapes: by name without the checkpoint's prefix.
        heads: attention heads, which no shape tells; one for every 64 channels (as all CLIPs have) if None.
    """
    vocabulary, width = shapes[_TABLE]
    layers = next(n for n in count() if f"encoder.layers.{n}.layer_norm1.weight" not in shapes)
    return CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=shapes["encoder.layers.0.mlp.fc1.weight"][0],
        num_hidden_layers=layers,
        num_attention_heads=attention_heads(width, heads),
        max_position_embeddings=shapes["embeddings.position_embedding.weight"][0],
        hidden_act="quick_gelu",
        bos_token_id=BOS,
        eos_token_id=EOS,
    )


@dataclass(frozen=True)
class TextEncoder:
    """A CLIP text encoder with its tokenizer. `layer` is the one whose output is used, -1 the last."""

    model: CLIPTextModel
    tokenizer: ClipTokenizer
    embeddings: Embeddings = no_embeddings
    embedding_key: str = "clip_l"
    layer: int = -1

    @property
    def width(self) -> int:
        """Channels of the encoding."""
        return self._table.shape[1]

    def with_last_layer(self, layer: int) -> TextEncoder:
        """The same encoder stopped at another layer: -1 the last, -2 the one before (clip skip 2)."""
        return replace(self, layer=layer)

    def tokenize(self, text: str) -> list[Chunk]:
        """The prompt as chunks of 77 weighted tokens."""
        return self.tokenizer.chunks(text, lambda name: self.embeddings(name, self.width, self.embedding_key))

    def encode(self, text: str) -> Encoding:
        """Encode a prompt with weights and embeddings."""
        return self.encode_chunks(self.tokenize(text))

    @torch.no_grad()
    def encode_chunks(self, chunks: Sequence[Chunk]) -> Encoding:
        """Encode chunks as separate sequences and put them in a row.

        A weight w moves a token's state away from (w > 1) or towards the state e that the empty prompt has in
        its place: e + (z - e) * w. The pooled state is not weighted.
        """
        weights = torch.tensor([chunk.weights for chunk in chunks])
        weighted = bool((weights != 1).any())
        states, pooled = self._run([*chunks, *(self.tokenizer.chunks("") if weighted else [])])
        if weighted:
            states, empty = states[:-1], states[-1:]
            states = empty + (states - empty) * weights[..., None]
        return Encoding(states.reshape(1, -1, self.width), pooled[:1])

    @property
    def _table(self) -> Tensor:
        return self.model.embeddings.token_embedding.weight

    def _run(self, chunks: Sequence[Chunk]) -> tuple[Tensor, Tensor]:
        """States [B, 77, W] of the chosen layer and pooled states [B, W] of the last one."""
        table = self._table
        ids, vectors = _number(chunks, len(table))
        # Only a prompt with learned embeddings pays for a longer copy of the table.
        longer = {_TABLE: torch.cat([table, torch.stack(vectors).to(table)])} if vectors else {}
        output = functional_call(self.model, longer, ids.to(table.device), {"output_hidden_states": True})
        layers = cast("tuple[Tensor, ...]", output.hidden_states)
        chosen = layers[self.layer if -len(layers) < self.layer < 0 else -1]
        states: Any = self.model.final_layer_norm(chosen)
        return states.float().cpu(), output.pooler_output.float().cpu()


def _number(chunks: Sequence[Chunk], vocabulary: int) -> tuple[Tensor, list[Tensor]]:
    """Ids [B, 77] in which learned vectors are numbered past the vocabulary, and those vectors in order."""
    vectors: list[Tensor] = []

    def number(token: int | Tensor) -> int:
        if isinstance(token, int):
            return token
        vectors.append(token)
        return vocabulary + len(vectors) - 1

    return torch.tensor([[number(token) for token in chunk.tokens] for chunk in chunks]), vectors
