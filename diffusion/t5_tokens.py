"""From a prompt to tokens for T5: one sequence of any length, weights and embeddings as for CLIP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from tokenizers import Tokenizer
from torch import Tensor

from diffusion.tokens import Chunk, Lookup, no_embedding, weighted_tokens

PAD, EOS, UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class T5Tokenizer:
    """Turns prompts into one sequence of tokens: the text, EOS, and padding up to `least`."""

    read: Callable[[], Tokenizer]
    """Reads the vocabulary."""
    least: int
    """Shortest sequence: 77 for SD3, 256 for Flux. There is no longest one."""

    @cached_property
    def vocabulary(self) -> Tokenizer:
        """The published SentencePiece model, read when the first prompt needs it."""
        return self.read()

    def ids(self, text: str) -> list[int]:
        """Token ids of a plain text: no weights, no EOS."""
        return list(self.vocabulary.encode(text, add_special_tokens=False).ids)

    def chunks(self, prompt: str, lookup: Lookup = no_embedding) -> list[Chunk]:
        """The prompt with weights and `embedding:name`, as the one sequence it is."""
        places = [
            (token, weight)
            for tokens, weight in weighted_tokens(prompt, lookup, self.ids)
            for token in tokens
        ]
        return [self.padded(places)]

    def padded(self, places: Sequence[tuple[int | Tensor, float]], least: int = 0) -> Chunk:
        """Tokens with their weights, EOS and padding behind them."""
        padding = max(self.least, least) - len(places) - 1
        tokens = (*(token for token, _ in places), EOS, *[PAD] * padding)
        weights = (*(weight for _, weight in places), 1.0, *[1.0] * padding)
        return Chunk(tokens, weights)

    def empty(self, length: int) -> Chunk:
        """The empty prompt in as many places."""
        return self.padded([], length)
