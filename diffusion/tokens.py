"""From a prompt to CLIP token chunks: weights in parentheses, byte-level BPE, chunks of 77.

The vocabulary is OpenAI CLIP's (byte-level BPE of 49408 entries, arXiv 2103.00020); the merges are the
published `bpe_simple_vocab_16e6.txt.gz`. The text is first put in NFC and lower case, white space collapsed.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor, nn

BOS = 49406
EOS = 49407
CHUNK = 77
CAPACITY = CHUNK - 2
WORD_LENGTH = 8
"""Groups shorter than this many tokens are never torn apart by a chunk border."""

EMPHASIS = 1.1
_MERGES = 49152 - 256 - 2
_WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_PARENTHESIS = re.compile(r"\\[()]|[()]")
_EMBEDDING = "embedding:"
_EMBEDDING_BORDER = re.compile(r"[ \n](?=embedding:)")

Lookup = Callable[[str], Tensor | None]
"""Finds a learned embedding by name: vectors [N, W], or None when there is none of that name."""


@dataclass(frozen=True)
class Chunk:
    """One sequence. For CLIP and BERT 77 places: BOS, up to 75 tokens, EOS, padding; for T5 any number.

    A token is an id of the vocabulary or a learned embedding vector [W] that stands in its place.
    """

    tokens: tuple[int | Tensor, ...]
    weights: tuple[float, ...]


# --- weights --------------------------------------------------------------------------------------


def parse_weights(prompt: str) -> list[tuple[str, float]]:
    r"""Split a prompt into (text, weight) segments.

    `(text)` multiplies the weight around it by 1.1, `(text:w)` sets it to w; groups nest.
    `\(` and `\)` are literal, and so is a parenthesis without its partner.

    >>> parse_weights("a (red:1.3) car")
    [('a ', 1.0), ('red', 1.3), (' car', 1.0)]
    """
    found: list[tuple[str, float]] = []
    todo = [(prompt, 1.0)]  # a stack rather than recursion: prompts may nest deeper than Python's stack
    while todo:
        text, weight = todo.pop()
        parts = list(_outermost(text))
        if not any(grouped for _, grouped in parts):
            found.extend((_unescape(part), weight) for part, _ in parts)
            continue
        inner = [_weigh(part, weight) if grouped else (_escape(part), weight) for part, grouped in parts]
        todo.extend(reversed(inner))
    return [(text, weight) for text, weight in found if text]


def _outermost(text: str) -> Iterator[tuple[str, bool]]:
    """Parts of the text in order, each marked as the inside of an outermost group or as plain text."""
    depth = start = 0
    for match in _PARENTHESIS.finditer(text):
        if match[0] == "(":
            if depth == 0:
                yield text[start : match.start()], False
                start = match.start()
            depth += 1
        elif match[0] == ")":
            if depth == 1:
                yield text[start + 1 : match.start()], True
                start = match.end()
            depth -= 1  # may fall below zero: an unmatched ")" makes the next "(" literal
    yield text[start:], False


def _weigh(inside: str, weight: float) -> tuple[str, float]:
    text, colon, number = inside.rpartition(":")
    if colon and text:
        try:
            return text, float(number)
        except ValueError:
            pass  # the colon is part of the text
    return inside, weight * EMPHASIS


def _escape(text: str) -> str:
    """Make the unmatched parentheses of a plain part literal, so that the next look at it finds no group."""
    return _PARENTHESIS.sub(lambda match: match[0] if match[0][0] == "\\" else "\\" + match[0], text)


def _unescape(text: str) -> str:
    return _PARENTHESIS.sub(lambda match: match[0][-1], text)


# --- byte-pair encoding ---------------------------------------------------------------------------


def _byte_symbols() -> list[str]:
    """The 256 printable characters that stand for bytes, in vocabulary order (GPT-2's table)."""
    ranges = (range(ord("!"), ord("~") + 1), range(ord("¡"), ord("¬") + 1), range(ord("®"), ord("ÿ") + 1))
    printable = [byte for span in ranges for byte in span]
    return [chr(byte) for byte in printable] + [chr(256 + place) for place in range(256 - len(printable))]


def _read_merges() -> list[tuple[str, str]]:
    packed = files("diffusion").joinpath("data/bpe_simple_vocab_16e6.txt.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").split("\n")[1 : _MERGES + 1]
    pairs = (line.split() for line in lines)
    return [(first, second) for first, second in pairs]


def _build() -> Tokenizer:
    symbols, merges = _byte_symbols(), _read_merges()
    words = [*symbols, *(symbol + "</w>" for symbol in symbols), *(a + b for a, b in merges)]
    special = ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate([*words, *special])}
    tokenizer = Tokenizer(
        models.BPE(
            vocabulary,
            merges,
            end_of_word_suffix="</w>",
            continuing_subword_prefix="",
            unk_token="<|endoftext|>",
        )
    )
    collapse = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), collapse, normalizers.Lowercase()])
    split = pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True)
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, spell])
    tokenizer.add_special_tokens(special)  # pyright: ignore[reportUnknownMemberType]  (an untyped list in its stub)
    return tokenizer


# --- chunks ---------------------------------------------------------------------------------------


def no_embedding(name: str) -> Tensor | None:
    return None


def weighted_tokens(
    prompt: str, lookup: Lookup, ids: Callable[[str], Sequence[int]]
) -> Iterator[tuple[Sequence[int | Tensor], float]]:
    """The prompt in groups of tokens that belong together, each with its weight: `ids` of plain text, and the
    vectors of embeddings it calls."""
    for text, weight in parse_weights(prompt):
        yield from ((tokens, weight) for tokens in embedded(text, lookup, ids))


def embedded(
    text: str, lookup: Lookup, ids: Callable[[str], Sequence[int]]
) -> Iterator[Sequence[int | Tensor]]:
    """A text without weights in groups of tokens that belong together, embeddings looked up."""
    for piece in _EMBEDDING_BORDER.split(text):
        rest = piece
        if piece.startswith(_EMBEDDING):
            vectors, rest = _resolve(piece.removeprefix(_EMBEDDING), lookup)
            yield list(vectors) if vectors is not None else []
        yield ids(rest)


def packed(groups: Iterable[tuple[Sequence[int | Tensor], float]]) -> list[list[tuple[int | Tensor, float]]]:
    """Weighted groups of tokens as the insides of chunks of 75; short groups are not torn apart."""
    filled: list[list[tuple[int | Tensor, float]]] = [[]]
    for tokens, weight in groups:
        group = [(token, weight) for token in tokens]
        while group:
            room = CAPACITY - len(filled[-1])
            if len(group) <= room:
                filled[-1].extend(group)
                break
            cut = room if len(group) >= WORD_LENGTH else 0
            filled[-1].extend(group[:cut])
            filled.append([])
            group = group[cut:]
    return filled


class ChunkTokenizer(Protocol):
    """Turns prompts into chunks of 77 tokens: CLIP's and BERT's."""

    def ids(self, text: str) -> list[int]:
        """Token ids of a plain text, any length."""
        ...

    def chunks(self, prompt: str, lookup: Lookup = no_embedding) -> list[Chunk]:
        """Chunks of a prompt with weights and `embedding:name`; at least one."""
        ...

    def closed(self, places: Sequence[tuple[int | Tensor, float]]) -> Chunk:
        """A chunk of at most 75 weighted tokens."""
        ...


class ClipTokenizer:
    """Turns prompts into chunks of 77 tokens.

    Args:
        pad: id that fills a chunk after EOS: 49407 for CLIP-L (SD1), 0 for OpenCLIP's H and G.
    """

    def __init__(self, pad: int = EOS) -> None:
        self.pad = pad
        self._bpe = _build()

    def ids(self, text: str) -> list[int]:
        """Token ids of a plain text: no weights, no BOS and EOS, any length."""
        return list(self._bpe.encode(text, add_special_tokens=False).ids)

    def chunks(self, prompt: str, lookup: Lookup = no_embedding) -> list[Chunk]:
        """Chunks of a prompt with weights and `embedding:name`; at least one."""
        return [self.closed(places) for places in packed(weighted_tokens(prompt, lookup, self.ids))]

    def closed(self, places: Sequence[tuple[int | Tensor, float]]) -> Chunk:
        """A chunk of at most 75 weighted tokens between BOS and EOS, padded."""
        padding = CAPACITY - len(places)
        tokens = (BOS, *(token for token, _ in places), EOS, *[self.pad] * padding)
        weights = (1.0, *(weight for _, weight in places), 1.0, *[1.0] * padding)
        return Chunk(tokens, weights)


# --- learned embeddings ---------------------------------------------------------------------------


def looked_up(chunks: Sequence[Chunk], table: nn.Embedding, device: torch.device) -> Tensor:
    """The vectors of chunks of one length, [B, N, W] on `device`: the table's, or learned ones."""
    ids = [[token if isinstance(token, int) else 0 for token in chunk.tokens] for chunk in chunks]
    vectors = table(torch.tensor(ids, device=device))
    for row, chunk in enumerate(chunks):
        for place, token in enumerate(chunk.tokens):
            if isinstance(token, Tensor):
                vectors[row, place] = token.to(vectors)
    return vectors


def embedding_names(prompt: str) -> tuple[str, ...]:
    """Every name that encoding the prompt may look up, in order.

    A name that ends in a comma is followed by itself without it: the first that is found is used.

    >>> embedding_names("(embedding:style, red:1.2) cat")
    ('style,', 'style')
    """
    references = (
        piece.removeprefix(_EMBEDDING) for piece, _ in _pieces(prompt) if piece.startswith(_EMBEDDING)
    )
    return tuple(name for reference in references for name in _names(reference) if name)


def _pieces(prompt: str) -> Iterator[tuple[str, float]]:
    """The weighted segments of a prompt, each cut where an embedding is called."""
    for text, weight in parse_weights(prompt):
        yield from ((piece, weight) for piece in _EMBEDDING_BORDER.split(text))


def _names(reference: str) -> list[str]:
    """What a reference may name, as a comma may end the name or belong to it."""
    words = reference.split(maxsplit=1)
    name = words[0] if words and not reference[0].isspace() else ""
    return list(dict.fromkeys((name, name.rstrip(","))))


def _resolve(reference: str, lookup: Lookup) -> tuple[Tensor | None, str]:
    """The vectors a reference names and the text after the name."""
    name = ""
    for name in _names(reference):
        if (vectors := lookup(name)) is not None:
            return vectors, reference[len(name) :]
    return None, reference[len(name) :]
