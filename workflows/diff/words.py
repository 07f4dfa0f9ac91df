"""What changed within a text: words on one line, lines of a long one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

SHORT = 60
"""Texts up to this many characters are shown whole, before and after."""
_CONTEXT = 4
"""Words or lines left around a change."""
_MOST = 4000
"""Beyond this many words or lines only the sizes are told."""
Piece = tuple[str, str]
"""A mark (` ` kept, `-` removed, `+` added, `…` left out) and the text."""
_WORDS = re.compile(r"\s+|[^\s]+")


def words(before: str, after: str) -> list[Piece]:
    """The words that went and came, with a few around them."""
    return list(_pieces(_WORDS.findall(before), _WORDS.findall(after), ""))


def lines(before: str, after: str) -> list[Piece]:
    """The lines that went and came, with a few around them, each a piece of its own."""
    found: list[Piece] = []
    for mark, text in _pieces(before.split("\n"), after.split("\n"), "\n"):
        found += [(mark, line) for line in text.split("\n")]
    return found


def too_long(before: str, after: str) -> bool:
    """Whether comparing them would take more than a moment."""
    return max(len(_WORDS.findall(text)) for text in (before, after)) > _MOST


def _pieces(before: list[str], after: list[str], glue: str) -> Iterator[Piece]:
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for index, (kind, start, end, from_, to) in enumerate(blocks):
        if kind == "equal":
            yield from _kept(before[start:end], index == 0, index == len(blocks) - 1, glue)
        if start < end and kind != "equal":
            yield "-", glue.join(before[start:end])
        if from_ < to and kind != "equal":
            yield "+", glue.join(after[from_:to])


def _kept(parts: list[str], first: bool, last: bool, glue: str) -> Iterator[Piece]:
    context = _CONTEXT if glue else 2 * _CONTEXT  # every other word is a space
    head, tail = (0 if first else context), (0 if last else context)
    if len(parts) <= head + tail + 1:
        yield " ", glue.join(parts)
        return
    if head:
        yield " ", glue.join(parts[:head])
    yield "…", ""
    if tail:
        yield " ", glue.join(parts[-tail:])
