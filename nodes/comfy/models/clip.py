"""The CLIP socket as packs expect it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from torch import Tensor

from diffusion.text import TextEncoder
from diffusion.tokens import Chunk

KEY = "l"
"""What the encoder is called among those of one model: CLIP-L."""

Tokens = Mapping[str, Sequence[Sequence[tuple[Any, ...]]]]
"""Encoder to chunks of (token, weight); a third member, the number of the word, is ignored."""


class PackClip:
    """A text encoder that may be changed after `clone`; the weights are shared. `wrapped` is the engine's."""

    def __init__(self, wrapped: TextEncoder) -> None:
        self.wrapped = wrapped

    @property
    def cond_stage_model(self) -> Any:
        return self.wrapped.model

    @property
    def tokenizer(self) -> Any:
        return self.wrapped.tokenizer

    @property
    def layer_idx(self) -> int | None:
        """The layer chosen by `clip_layer`; None for the last."""
        return None if self.wrapped.layer == -1 else self.wrapped.layer

    def clone(self) -> PackClip:
        """A copy to be changed."""
        return PackClip(replace(self.wrapped))

    def clip_layer(self, layer_idx: int) -> None:
        """Stop at another layer: -1 is the last."""
        self.wrapped = self.wrapped.with_last_layer(layer_idx)

    def tokenize(self, text: str, return_word_ids: bool = False, **options: Any) -> dict[str, list[Any]]:
        """The prompt as chunks of 77 (token, weight) pairs; words are numbered chunk by chunk if asked for.

        A token is an id or the vector of a learned embedding.
        """
        chunks = [list(zip(c.tokens, c.weights, strict=True)) for c in self.wrapped.tokenize(text)]
        if return_word_ids:
            return {KEY: [[(*pair, n) for n, pair in enumerate(chunk)] for chunk in chunks]}
        return {KEY: chunks}

    def encode_from_tokens(
        self, tokens: Tokens, return_pooled: bool | str = False, return_dict: bool = False
    ) -> Any:
        """The tensor [1, T, D]; with `return_pooled` also [1, D]; or both in a dictionary."""
        chunks = [
            Chunk(tuple(pair[0] for pair in chunk), tuple(float(pair[1]) for pair in chunk))
            for chunk in tokens[KEY]
        ]
        cond, pooled = self.wrapped.encode_chunks(chunks)
        if return_dict:
            return {"cond": cond, "pooled_output": pooled}
        return (cond, pooled) if return_pooled else cond

    def encode_from_tokens_scheduled(
        self, tokens: Tokens, unprojected: bool = False, add_dict: Mapping[str, Any] | None = None
    ) -> list[list[Any]]:
        """CONDITIONING; `add_dict` is added to its options."""
        cond, pooled = self.encode_from_tokens(tokens, return_pooled=True)
        return [[cond, {"pooled_output": pooled, **(add_dict or {})}]]

    def encode(self, text: str) -> Tensor:
        """The tensor of a prompt."""
        return self.encode_from_tokens(self.tokenize(text))

    def load_model(self) -> PackClip:
        """The weights are where they are needed already."""
        return self

    def get_sd(self) -> dict[str, Tensor]:
        """The weights, by name."""
        return dict(self.wrapped.model.state_dict())

    def set_tokenizer_option(self, option_name: str, value: Any) -> None:
        """Options of other families' tokenizers change nothing here."""

    def add_patches(self, patches: Any, strength_patch: float = 1.0, strength_model: float = 1.0) -> NoReturn:
        raise NotImplementedError("CLIP.add_patches is not supported: text encoders cannot be patched yet")
