"""One spelling for each JSON value: equal values get equal bytes, and with them equal digests."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, cast
from unicodedata import is_normalized, normalize

Json = Any
"""What JSON can say: None, bool, int, float, str, lists of these and objects with text keys."""

MAX_DEPTH = 200
"""How deep lists and objects may lie in each other."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE = 100
"""A list or object of simple values stays on one line up to this many characters."""


class CanonicalError(ValueError):
    """A value that has no canonical form: no JSON, no number, nested too deep, or with two equal keys."""


class _Fault(Exception):
    """Why a value has no canonical form; the way to its place is added from the inside out."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words
        self.way: list[str | int] = []


def canonical(value: object) -> Json:
    """The value in its one spelling, sharing nothing mutable with the original.

    Texts and keys become Unicode NFC, floats without a fraction become integers, tuples lists. Raises
    CanonicalError, naming the place, for NaN and infinities, for keys that are no text or become equal, for
    what JSON has no word for, and for more than MAX_DEPTH levels.
    """
    try:
        return _canonical(value, 0)
    except _Fault as fault:
        place = "/" + "/".join(map(str, reversed(fault.way))) if fault.way else "the value"
        raise CanonicalError(f"{place} {fault.words}") from None


def _canonical(value: object, depth: int) -> Json:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Fault(f"is {value}, which JSON has no number for")
        return int(value) if value.is_integer() else value
    if depth >= MAX_DEPTH:
        raise CanonicalError(f"lists and objects lie in each other more than {MAX_DEPTH} deep")
    if isinstance(value, list | tuple):
        return _list(cast("list[object]", value), depth + 1)
    if isinstance(value, Mapping):
        return _object(cast("Mapping[object, object]", value), depth + 1)
    raise _Fault(f"is a {type(value).__name__}, which is no JSON")


def _list(items: Iterable[object], depth: int) -> list[Json]:
    found: list[Json] = []
    try:
        for item in items:
            found.append(item if type(item) is int else _canonical(item, depth))
    except _Fault as fault:
        fault.way.append(len(found))
        raise
    return found


def _object(value: Mapping[object, object], depth: int) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise _Fault(f"has the key {key!r}, which is no text")
        name = key if key.isascii() else _text(key)
        if name in found:
            raise _Fault(f"has the key {name!r} twice, in two Unicode spellings")
        try:
            found[name] = item if type(item) is int else _canonical(item, depth)
        except _Fault as fault:
            fault.way.append(name)
            raise
    return found


def _text(text: str) -> str:
    if text.isascii():
        return text
    if _SURROGATE.search(text):  # two halves that met by joining texts are one character
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def dumps(value: object) -> str:
    """The canonical value as compact JSON: keys sorted by code point, shortest floats, no ASCII escapes.

    Raises CanonicalError as `canonical` does.
    """
    return _dump(canonical(value))


def _dump(value: Json) -> str:
    """A value that is canonical, on one line."""
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except ValueError as error:  # more digits than Python writes
        raise CanonicalError(f"an integer is too long: {error}") from error
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)  # has no UTF-8


def digest(value: object) -> str:
    """SHA-256 of the canonical value, 64 hexadecimal digits. Raises CanonicalError."""
    return sha256(dumps(value).encode()).hexdigest()


def lines(value: object, *, first: tuple[str, ...] = (), spread: frozenset[str] = frozenset()) -> str:
    """The canonical value over many lines, for files under version control; ends with a newline.

    One entry a line, except that lists and objects of simple values share one if they are short and their
    key is not in `spread`. Keys are sorted, those named `first` before all others, in that order. Raises
    CanonicalError.
    """
    writer = _Lines({key: index for index, key in enumerate(first)}, spread)
    return "".join(writer.parts(canonical(value), "")) + "\n"


class _Lines:
    def __init__(self, rank: Mapping[str, int], spread: frozenset[str]) -> None:
        self._rank = rank
        self._spread = spread

    def parts(self, value: Json, indent: str, *, spread: bool = False) -> Iterator[str]:
        inside = indent + "  "
        if isinstance(value, dict):
            entries = cast("dict[str, Json]", value)
            keys = sorted(entries, key=lambda key: (self._rank.get(key, len(self._rank)), key))
            parts = [(key, f"{_dump(key)}: ", entries[key]) for key in keys]
            opening, closing = "{", "}"
        elif isinstance(value, list):
            parts = [("", "", item) for item in cast("list[Json]", value)]
            opening, closing = "[", "]"
        else:
            yield _dump(value)
            return
        if not parts or not (spread or any(_is_full(item) for _, _, item in parts)):
            line = f"{opening}{', '.join(head + _dump(item) for _, head, item in parts)}{closing}"
            if not parts or len(line) + len(indent) <= _LINE:
                yield line
                return
        for index, (key, head, item) in enumerate(parts):
            yield f"{',' if index else opening}\n{inside}{head}"
            yield from self.parts(item, inside, spread=key in self._spread)
        yield f"\n{indent}{closing}"


def _is_full(value: Json) -> bool:
    return bool(value) and isinstance(value, dict | list)
