"""The golden file's small T5 encoder, and a vocabulary of the pieces its prompts need at their true ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from struct import pack
from typing import Any

from torch import Tensor

from tests.fill import fill
from tests.tensors import load_file

GOLDEN = Path(__file__).parents[1] / "golden"
PREFIX = "te.t5xxl.transformer."
CASE: dict[str, Any] = json.loads((GOLDEN / "tiny-t5.json").read_text(encoding="utf-8"))
PIECES: Mapping[int, str] = {
    3: "▁",
    6: ",",
    9: "a",
    13: "▁of",
    443: "▁car",
    659: "▁light",
    1131: "▁red",
    1202: "▁photo",
    1385: "▁highly",
    1712: "▁cat",
    1840: "house",
    3117: "▁detailed",
    3924: "▁painting",
    5536: "▁storm",
}
"""What T5's published vocabulary holds in these places, as far as the golden prompts reach."""


def t5_weights() -> dict[str, Tensor]:
    """The filled weights of the reference's small encoder."""
    return {n.removeprefix(PREFIX): fill(n, shape) for n, (shape, _) in CASE["layout"].items() if PREFIX in n}


def golden() -> dict[str, Tensor]:
    """Tokens and states of its prompts."""
    return load_file(GOLDEN / "tiny-t5.safetensors")


def sentencepiece(pieces: Mapping[int, str] = PIECES) -> bytes:
    """A SentencePiece model file with these pieces; the ids between them have names that no text has."""
    names = [pieces.get(number, f"<unused {number}>") for number in range(max(pieces) + 1)]
    names[:3] = ["<pad>", "</s>", "<unk>"]
    return b"".join(_field(1, _field(1, name.encode()) + _score(-1.0 - len(name))) for name in names)


def _field(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def _score(value: float) -> bytes:
    return bytes([2 << 3 | 5]) + pack("<f", value)
