"""Pictures within texts, as base64: what packs put into JSON, HTML and messages for the canvas."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

REMOVED = "(removed by the safety policy)"
LEAST = 64
"""Letters below which base64 holds no picture worth a look."""
_LETTERS = r"((?:[A-Za-z0-9+/_-]++|\\?[\r\n]|\\[rn/])++={0,2})"
"""Base64 in one piece or in lines, and as JSON may write it."""
_PICTURE = re.compile(
    rf"data:(?:image|video)/(?!svg)[\w.+-]+;base64,{_LETTERS}"
    # The first bytes of PNG, GIF and WebP; of JPEG, TIFF and BMP, which are shorter, where base64 begins.
    rf"|(?=iVBORw0KGgo|R0lGOD|UklGR){_LETTERS}"
    rf"|(?<![A-Za-z0-9+/_-])(?=/9j/|\\/9j|_9j_|SUkq|TU0AK|Qk[0-9A-Za-z]){_LETTERS}"
)
_BREAKS = re.compile(r"\\[rn]|[\\\r\n]")


def without(text: str, allowed: Callable[[bytes], bool]) -> str:
    """The text less the pictures in it that are not allowed, given the bytes of each."""
    kept: list[str] = []
    end = 0
    for start, stop in _places(text):
        if not allowed(_bytes(text[start:stop])):
            kept += [text[end:start], REMOVED]
            end = stop
    return "".join([*kept, text[end:]])


def holds_picture(text: str) -> bool:
    """Whether there is one, as far as its first letters tell."""
    return next(_places(text), None) is not None


def _places(text: str) -> Iterator[tuple[int, int]]:
    for found in _PICTURE.finditer(text):
        start, stop = found.span(found.lastindex or 0)
        if stop - start >= LEAST:
            yield start, stop


def _bytes(letters: str) -> bytes:
    plain = _BREAKS.sub("", letters).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""
