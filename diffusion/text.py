"""The text encoder of a model: one CLIP tower, or several whose states lie side by side.

A prompt becomes the embedding that the network's cross-attention reads, and one pooled vector.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from diffusion.clip_text import ClipTower, Embeddings, Encoding, no_embeddings
from diffusion.tokens import Chunk

__all__ = ["Embeddings", "Encoding", "TextEncoder", "Tokens", "no_embeddings", "side_by_side"]

Tokens = Mapping[str, Sequence[Chunk]]
"""A prompt as each tower reads it: the tower's key to chunks of 77."""

Join = Callable[[Sequence[Encoding]], Encoding]
"""The encodings of all towers, in their order, as one."""


def side_by_side(encodings: Sequence[Encoding]) -> Encoding:
    """States next to each other, cut to the shortest; the pooled vector of the last tower (SDXL: G's)."""
    length = min(encoding.cond.shape[1] for encoding in encodings)
    cond = torch.cat([encoding.cond[:, :length] for encoding in encodings], dim=-1)
    return Encoding(cond, encodings[-1].pooled)


@dataclass(frozen=True)
class TextEncoder:
    """The CLIP socket. To change one, copy it with `dataclasses.replace`: the weights are shared.

    `towers` go by the name of their CLIP: "l" alone in SD 1.x, "h" in SD 2.x, "l" and "g" in SDXL, "g" in its
    refiner.
    """

    towers: Mapping[str, ClipTower]
    join: Join = side_by_side

    @property
    def width(self) -> int:
        """Channels of the encoding."""
        return sum(tower.width for tower in self.towers.values())

    def with_last_layer(self, layer: int) -> TextEncoder:
        """The same encoder, all towers stopped at another layer: -1 the last, -2 the one before."""
        return replace(self, towers={key: tower.with_last_layer(layer) for key, tower in self.towers.items()})

    def tokenize(self, text: str) -> Tokens:
        """The prompt as every tower reads it."""
        return {key: tower.tokenize(text) for key, tower in self.towers.items()}

    def encode(self, text: str, **others: str) -> Encoding:
        """Encode a prompt with weights and embeddings.

        Args:
            text: what all towers read,
            others: but for those that have a text of their own here, by their keys. Where one text has fewer
                chunks than another, chunks of the empty prompt follow it.

        Raises:
            ValueError: a text for a tower that this encoder lacks.
        """
        if unknown := others.keys() - self.towers.keys():
            raise ValueError(
                f"this text encoder has no {', '.join(sorted(unknown))}: it has {', '.join(self.towers)}"
            )
        return self.encode_tokens(
            self.padded({key: tower.tokenize(others.get(key, text)) for key, tower in self.towers.items()})
        )

    def padded(self, tokens: Tokens) -> Tokens:
        """The tokens with as many chunks for every tower, empty prompts at the end of the shorter ones."""
        most = max(len(chunks) for chunks in tokens.values())
        return {
            key: [*chunks, *self.towers[key].tokenizer.chunks("") * (most - len(chunks))]
            for key, chunks in tokens.items()
        }

    def encode_tokens(self, tokens: Tokens) -> Encoding:
        """Encode what `tokenize` returned, or chunks changed by hand."""
        return self.join([tower.encode(tokens[key]) for key, tower in self.towers.items()])
