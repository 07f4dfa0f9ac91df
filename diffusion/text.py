"""The text encoder of a model: one CLIP tower, or several, and in newer families T5.

A prompt becomes the embedding that the network's cross-attention reads, and one pooled vector.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.clip_text import ClipTower, Embeddings, Encoding, no_embeddings
from diffusion.ldm.bert import BertTower
from diffusion.ldm.readers import BoxReader, ClassReader, NoReader
from diffusion.t5 import T5Tower
from diffusion.tokens import CHUNK, Chunk
from diffusion.weighting import Weighting

__all__ = ["Embeddings", "Encoding", "TextEncoder", "Tokens", "no_embeddings", "side_by_side"]

Tokens = Mapping[str, Sequence[Chunk]]
"""A prompt as each tower reads it: the tower's key to chunks of 77, or to T5's one sequence."""

Join = Callable[[Mapping[str, Encoding]], Encoding]
"""The encodings of all towers, by their keys and in their order, as one."""

T5_KEY = "t5xxl"


def side_by_side(encodings: Mapping[str, Encoding]) -> Encoding:
    """States next to each other, cut to the shortest; the pooled vector of the last tower (SDXL: G's)."""
    length = min(encoding.cond.shape[1] for encoding in encodings.values())
    cond = torch.cat([encoding.cond[:, :length] for encoding in encodings.values()], dim=-1)
    return Encoding(cond, [*encodings.values()][-1].pooled)


@dataclass(frozen=True)
class Stacked:
    """Stable Diffusion 3: L and G side by side, filled up with zeros to T5's width, then T5's states.

    Zeros stand for what a missing tower would say, so these are the widths of towers that may be missing.
    """

    width: int = 4096
    clip_l: int = 768
    clip_g: int = 1280

    def __call__(self, encodings: Mapping[str, Encoding]) -> Encoding:
        clips = {key: encodings[key] for key in ("l", "g") if key in encodings}
        pooled = [
            clips[key].pooled if key in clips else torch.zeros(1, width)
            for key, width in (("l", self.clip_l), ("g", self.clip_g))
        ]
        states: list[Tensor] = []
        if clips:
            beside = side_by_side(clips).cond
            left = 0 if "l" in clips else self.clip_l
            states.append(F.pad(beside, (left, self.width - left - beside.shape[-1])))
        if T5_KEY in encodings:
            states.append(encodings[T5_KEY].cond)
        cond = torch.cat(states, dim=1) if states else torch.zeros(1, CHUNK, self.width)
        return Encoding(cond, torch.cat(pooled, dim=-1))


@dataclass(frozen=True)
class Separate:
    """Flux: the states of T5 and the pooled vector of CLIP-L; zeros for one that is missing."""

    width: int = 4096
    length: int = 256
    clip_l: int = 768

    def __call__(self, encodings: Mapping[str, Encoding]) -> Encoding:
        long, short = encodings.get(T5_KEY), encodings.get("l")
        return Encoding(
            torch.zeros(1, self.length, self.width) if long is None else long.cond,
            torch.zeros(1, self.clip_l) if short is None else short.pooled,
        )


@dataclass(frozen=True)
class TextEncoder:
    """The CLIP socket. To change one, copy it with `dataclasses.replace`: the weights are shared.

    `towers` go by the name of their CLIP: "l" alone in SD 1.x, "h" in SD 2.x, "l" and "g" in SDXL, "g" in its
    refiner. SD3 has "l", "g" and T5, Flux "l" and T5; whatever of these is missing counts as zeros. Text
    models of the latent diffusion paper have "bert".
    """

    towers: Mapping[str, ClipTower | BertTower]
    join: Join = side_by_side
    t5: T5Tower | None = None
    reader: ClassReader | BoxReader | NoReader | None = None
    """What a model has that reads no text."""

    @property
    def parts(self) -> Mapping[str, ClipTower | BertTower | T5Tower]:
        """All towers by their keys, T5 last as "t5xxl".

        Raises:
            ValueError: there are none.
        """
        parts = {**self.towers, **({} if self.t5 is None else {T5_KEY: self.t5})}
        if not parts and self.reader is not None:
            raise ValueError(self.reader.remedy)
        if not parts:
            raise ValueError(
                "this model came without text encoders: load them with CLIPLoader, DualCLIPLoader or "
                "TripleCLIPLoader and use that CLIP"
            )
        return parts

    @property
    def width(self) -> int:
        """Channels of the encoding."""
        return sum(tower.width for tower in self.towers.values())

    def with_last_layer(self, layer: int) -> TextEncoder:
        """The same encoder, all towers stopped at another layer: -1 the last, -2 the one before."""
        return replace(self, towers={key: tower.with_last_layer(layer) for key, tower in self.towers.items()})

    def with_weighting(self, weighting: Weighting) -> TextEncoder:
        """The same encoder, whose CLIP towers read and apply weights in prompts in another way."""
        towers = {key: replace(tower, weighting=weighting) for key, tower in self.towers.items()}
        return replace(self, towers=towers)

    def tokenize(self, text: str, **others: str) -> Tokens:
        """The prompt as every tower reads it; `others` are texts for single towers, by their keys.

        Raises:
            ValueError: there are no towers.
        """
        return {key: part.tokenize(others.get(key, text)) for key, part in self.parts.items()}

    def encode(self, text: str, **others: str) -> Encoding:
        """Encode a prompt with weights and embeddings.

        Args:
            text: what all towers read,
            others: but for those that have a text of their own here, by their keys. Where one text has fewer
                chunks than another, chunks of the empty prompt follow it.

        Raises:
            ValueError: a text for a tower that this encoder lacks, or no towers at all.
        """
        if unknown := others.keys() - self.parts.keys():
            raise ValueError(
                f"this text encoder has no {', '.join(sorted(unknown))}: it has {', '.join(self.parts)}"
            )
        return self.encode_tokens(self.padded(self.tokenize(text, **others)))

    def padded(self, tokens: Tokens) -> Tokens:
        """The tokens with as many chunks for every CLIP, empty prompts at the end of the shorter ones."""
        most = max((len(chunks) for key, chunks in tokens.items() if key in self.towers), default=0)
        return {
            key: [*chunks, *self.towers[key].tokenizer.chunks("") * (most - len(chunks))]
            if key in self.towers
            else chunks
            for key, chunks in tokens.items()
        }

    def encode_tokens(self, tokens: Tokens) -> Encoding:
        """Encode what `tokenize` returned, or chunks changed by hand. Towers without chunks say nothing."""
        return self.join(
            {key: part.encode(tokens[key]) for key, part in self.parts.items() if tokens.get(key)}
        )
