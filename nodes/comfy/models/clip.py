"""The CLIP socket as packs expect it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from torch import Tensor, nn

from diffusion.text import TextEncoder
from diffusion.tokens import Chunk

Tokens = Mapping[str, Sequence[Sequence[tuple[Any, ...]]]]
"""Tower ("l", "g", "h") to chunks of (token, weight); a third member, the number of the word, is ignored."""


class PackClip:
    """A text encoder that may be changed after `clone`; the weights are shared. `wrapped` is the engine's."""

    def __init__(self, wrapped: TextEncoder) -> None:
        self.wrapped = wrapped

    @property
    def cond_stage_model(self) -> Any:
        """The networks of all towers, by their keys."""
        return nn.ModuleDict({key: tower.model for key, tower in self.wrapped.towers.items()})

    @property
    def tokenizer(self) -> Any:
        """The first tower's; they differ in their padding alone."""
        return next(iter(self.wrapped.towers.values())).tokenizer

    @property
    def layer_idx(self) -> int | None:
        """The layer chosen by `clip_layer`; None for the last."""
        layer = next(iter(self.wrapped.towers.values())).layer
        return None if layer == -1 else layer

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
        tokens = {
            key: [list(zip(chunk.tokens, chunk.weights, strict=True)) for chunk in chunks]
            for key, chunks in self.wrapped.tokenize(text).items()
        }
        if return_word_ids:
            return {key: [_numbered(chunk) for chunk in chunks] for key, chunks in tokens.items()}
        return tokens

    def encode_from_tokens(
        self, tokens: Tokens, return_pooled: bool | str = False, return_dict: bool = False
    ) -> Any:
        """The tensor [1, T, D]; with `return_pooled` also [1, D]; or both in a dictionary."""
        chunks = {
            key: [_chunk(pairs) for pairs in tokens[key]] for key in self.wrapped.parts if key in tokens
        }
        cond, pooled = self.wrapped.encode_tokens(chunks)
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
        return {
            f"clip_{key}.transformer.{name}": value
            for key, tower in self.wrapped.towers.items()
            for name, value in tower.model.state_dict().items()
        }

    def set_tokenizer_option(self, option_name: str, value: Any) -> None:
        """Options of other families' tokenizers change nothing here."""

    def add_patches(self, patches: Any, strength_patch: float = 1.0, strength_model: float = 1.0) -> NoReturn:
        raise NotImplementedError("CLIP.add_patches is not supported: text encoders cannot be patched yet")


def _chunk(pairs: Sequence[tuple[Any, ...]]) -> Chunk:
    return Chunk(tuple(pair[0] for pair in pairs), tuple(float(pair[1]) for pair in pairs))


def _numbered(chunk: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*pair, n) for n, pair in enumerate(chunk)]
