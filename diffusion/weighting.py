r"""What the weights in a prompt mean: how they are written, and what they do to the text's states.

There are two conventions for the same parentheses. ComfyUI's moves a token's state away from the one it would
have in an empty prompt. That of the AUTOMATIC1111 web UI scales the state, then restores the mean of its
chunk; its groups multiply where ComfyUI's `(text:w)` replaces, `[text]` weakens, `BREAK` ends a chunk, and
long prompts are cut behind a comma if one is near.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from torch import Tensor

from diffusion.prompt_editing import chunks_between_breaks
from diffusion.tokens import CAPACITY, EMPHASIS, Chunk, ChunkTokenizer, Lookup, embedded

BACKTRACK = 20
"""A full chunk is cut behind its last comma if that is one of so many last tokens."""

_MARK = re.compile(r"\\[()\[\]\\]|[()\[\]]|:\s*([+-]?[\d.]+)\s*\)")
_Place = tuple[int | Tensor, float]


class Weighting(Protocol):
    """A convention for weights in prompts."""

    compares: bool
    """Whether weights need the states of an empty prompt."""

    def chunks(self, tokenizer: ChunkTokenizer, prompt: str, lookup: Lookup) -> list[Chunk]:
        """The prompt as chunks of 77 weighted tokens; at least one."""
        ...

    def applied(self, states: Tensor, weights: Tensor, empty: Tensor) -> Tensor:
        """Weighted states [B, 77, W] of chunks with weights [B, 77]; `empty` [1, 77, W] are those of no text,
        if it compares with them."""
        ...


class Relative:
    """ComfyUI's: e + (z - e) * w, where e is the state of the same place in the empty prompt."""

    compares = True

    def chunks(self, tokenizer: ChunkTokenizer, prompt: str, lookup: Lookup) -> list[Chunk]:
        return tokenizer.chunks(prompt, lookup)

    def applied(self, states: Tensor, weights: Tensor, empty: Tensor) -> Tensor:
        return empty + (states - empty) * weights[..., None]


class Scaled:
    """The AUTOMATIC1111 web UI's: z * w, scaled again so that each chunk keeps its mean."""

    compares = False

    def chunks(self, tokenizer: ChunkTokenizer, prompt: str, lookup: Lookup) -> list[Chunk]:
        (comma,) = tokenizer.ids(",")
        insides = [
            inside
            for part in chunks_between_breaks(prompt)
            for inside in _cut(list(_places(part, tokenizer, lookup)), comma)
        ]
        return [tokenizer.closed(inside) for inside in insides]

    def applied(self, states: Tensor, weights: Tensor, empty: Tensor) -> Tensor:
        scaled = states * weights[..., None]
        means = [each.mean(dim=(1, 2), keepdim=True) for each in (states, scaled)]
        return scaled * (means[0] / means[1])


WEIGHTINGS: dict[str, Weighting] = {"comfyui": Relative(), "a1111": Scaled()}
"""By the words of the node that chooses."""


def parse_scaled(prompt: str) -> list[tuple[str, float]]:
    r"""Split a prompt into (text, weight) segments as the AUTOMATIC1111 web UI does.

    `(text)` multiplies by 1.1, `[text]` divides by it, `(text:w)` multiplies by w; groups nest, and one that
    is never closed ends with the prompt. `\(`, `\)`, `\[` and `\]` are literal.

    >>> parse_scaled("a [dark] ((red) car:1.5)")
    [('a ', 1.0), ('dark', 0.9090909090909091), (' ', 1.0), ('red', 1.6500000000000001), (' car', 1.5)]
    """
    segments: list[tuple[str, float]] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def multiply(start: int, by: float) -> None:
        segments[start:] = [(text, weight * by) for text, weight in segments[start:]]

    end = 0
    for match in _MARK.finditer(prompt):
        segments.append((prompt[end : match.start()], 1.0))
        end = match.end()
        mark, number = match[0], match[1]
        if mark in opened:
            opened[mark].append(len(segments))
        elif number is not None and opened["("]:
            multiply(opened["("].pop(), _number(number))
        elif mark == ")" and opened["("]:
            multiply(opened["("].pop(), EMPHASIS)
        elif mark == "]" and opened["["]:
            multiply(opened["["].pop(), 1 / EMPHASIS)
        else:
            segments.append((mark.removeprefix("\\"), 1.0))
    segments.append((prompt[end:], 1.0))
    for start in opened["("]:
        multiply(start, EMPHASIS)
    for start in opened["["]:
        multiply(start, 1 / EMPHASIS)
    return _joined(segments)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # such as 1.2.3
        return 1.0


def _joined(segments: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Without empty segments; neighbours of one weight as one."""
    found: list[tuple[str, float]] = []
    for text, weight in segments:
        if found and text and found[-1][1] == weight:
            found[-1] = (found[-1][0] + text, weight)
        elif text:
            found.append((text, weight))
    return found


def _places(prompt: str, tokenizer: ChunkTokenizer, lookup: Lookup) -> Iterator[_Place]:
    for text, weight in parse_scaled(prompt):
        for tokens in embedded(text, lookup, tokenizer.ids):
            yield from ((token, weight) for token in tokens)


def _cut(places: list[_Place], comma: int) -> Iterator[list[_Place]]:
    """Tokens in chunks of 75, each cut behind a comma where one is near its end; at least one chunk."""
    while len(places) > CAPACITY:
        near = () if _is(places[CAPACITY], comma) else range(CAPACITY, CAPACITY - BACKTRACK, -1)
        cut = next((end for end in near if _is(places[end - 1], comma)), CAPACITY)
        yield places[:cut]
        places = places[cut:]
    yield places


def _is(place: _Place, token: int) -> bool:
    return isinstance(place[0], int) and place[0] == token
