"""The vocabulary of a T5 text encoder: a SentencePiece model, which is not part of this program.

It is read from the encoder's own file where that holds it (tensor `spiece_model`), or from `spiece.model` or
`tokenizer.json`, as published with T5, in the same folder. A diffusers folder has them with its tokenizers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from struct import unpack

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from diffusion.checkpoint.folder import DiffusersFolder
from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.tensors import ModelFile
from diffusion.t5_tokens import UNKNOWN

INSIDE = "spiece_model"
"""The tensor of bytes that holds the vocabulary in some published files."""
BESIDE = ("spiece.model", "tokenizer.json")
"""Files that hold it, beside the model's."""


def read_vocabulary(file: ModelFile) -> Tokenizer:
    """The vocabulary that belongs to an encoder's file.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    path = file.header.path
    folder = (file.vocabulary if isinstance(file, DiffusersFolder) else None) or path.parent
    if INSIDE in file.header.tensors:
        stored = file.read([INSIDE], torch.uint8, torch.device("cpu"))[INSIDE]
        return _from_sentencepiece(path, bytes(stored.numpy().tobytes()))
    for candidate in (folder / name for name in BESIDE):
        if candidate.is_file():
            if candidate.suffix == ".json":
                return _from_json(candidate)
            return _from_sentencepiece(candidate, candidate.read_bytes())
    raise CheckpointError(
        path,
        "it is a T5 text encoder, and its vocabulary is missing",
        f"put {BESIDE[0]} or {BESIDE[1]} of google/t5-v1_1-xxl into {folder}",
    )


def _from_json(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # what the library raises for a file it cannot read is Exception itself
        raise CheckpointError(path, f"it is no tokenizer ({error})", "download the file again") from error


def _from_sentencepiece(path: Path, data: bytes) -> Tokenizer:
    try:
        pieces, characters = _parse(data)
        tokenizer = Tokenizer(models.Unigram(pieces, UNKNOWN, False))
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise CheckpointError(path, f"it is no SentencePiece model ({error})", "download it again") from error
    if characters:
        tokenizer.normalizer = normalizers.Precompiled(characters)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


# --- the SentencePiece model file, a protocol buffer (sentencepiece_model.proto) --------------------

_PIECES, _NORMALIZER = 1, 3  # fields of the model
_PIECE, _SCORE = 1, 2  # fields of a piece
_CHARACTERS = 2  # field of the normaliser: which characters are replaced by which
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def _parse(data: bytes) -> tuple[list[tuple[str, float]], bytes]:
    """Pieces with their log probabilities, in the order of their ids, and the table of characters."""
    pieces: list[tuple[str, float]] = []
    characters = b""
    for field, value in _fields(data):
        if field == _PIECES:
            entry = dict(_fields(value))
            score: float = unpack("<f", entry.get(_SCORE, bytes(4)))[0]
            pieces.append((entry[_PIECE].decode("utf-8"), score))
        elif field == _NORMALIZER:
            characters = dict(_fields(value)).get(_CHARACTERS, b"")
    if len(pieces) <= UNKNOWN:
        raise ValueError("it holds no pieces")
    return pieces, characters


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers and contents of a message's fields; whole numbers, which nothing here needs, as no bytes."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        kind, length = tag & 7, 0
        if kind == _VARINT:
            _, position = _varint(data, position)
        elif kind == _BYTES:
            length, position = _varint(data, position)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"field of unknown kind {kind}")
        if position + length > len(data):
            raise ValueError("it is cut short")
        yield tag >> 3, data[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A whole number, seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            return value, position
