"""From a prompt to tokens of BERT: WordPiece, lower case, chunks of 77."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from tokenizers import Tokenizer
from torch import Tensor

from diffusion.tokens import CAPACITY, Chunk, Lookup, no_embedding, packed, weighted_tokens

START, END, PAD, UNKNOWN = "[CLS]", "[SEP]", "[PAD]", "[UNK]"
SPECIAL = (START, END, PAD, UNKNOWN)
"""Tokens a vocabulary of BERT has beside those of text."""


@dataclass(frozen=True)
class BertTokenizer:
    """Turns prompts into chunks of 77 tokens: [CLS], up to 75 of text, [SEP] and padding."""

    read: Callable[[], Tokenizer]
    """Reads the vocabulary."""

    @cached_property
    def vocabulary(self) -> Tokenizer:
        """The published WordPiece vocabulary, read when the first prompt needs it."""
        return self.read()

    def ids(self, text: str) -> list[int]:
        """Token ids of a plain text: no weights, no [CLS] and [SEP], any length."""
        return list(self.vocabulary.encode(text, add_special_tokens=False).ids)

    def chunks(self, prompt: str, lookup: Lookup = no_embedding) -> list[Chunk]:
        """Chunks of a prompt with weights and `embedding:name`; at least one."""
        return [self.closed(places) for places in packed(weighted_tokens(prompt, lookup, self.ids))]

    def closed(self, places: Sequence[tuple[int | Tensor, float]]) -> Chunk:
        """A chunk of at most 75 weighted tokens between [CLS] and [SEP], padded."""
        start, end, pad = (self.vocabulary.token_to_id(name) or 0 for name in (START, END, PAD))
        padding = CAPACITY - len(places)
        tokens = (start, *(token for token, _ in places), end, *[pad] * padding)
        weights = (1.0, *(weight for _, weight in places), 1.0, *[1.0] * padding)
        return Chunk(tokens, weights)
