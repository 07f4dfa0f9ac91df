"""What the canvas replaces in texts when a graph is submitted: comments, `{one|of|these}`, `%Node.widget%`
and `%date:FORMAT%`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, cast

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_FORBIDDEN = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')
_NAME = re.compile(r"[^./\\]+\.\w+")
"""What looks as if it were meant to name a widget."""
_DATE = re.compile(r"yyyy|yy|MM|M|dd|d|hh|h|mm|m|ss|s")


@dataclass
class _Group:
    """An open brace: the alternatives so far, the last of them being written."""

    alternatives: list[list[str]] = field(default_factory=lambda: [[]])


def dynamic(text: str, random: Random) -> str:
    """The text without comments, one alternative chosen in each pair of braces.

    Braces may be nested; `\\{`, `\\}` and `\\|` stand for themselves, and so does a brace without partner.
    """
    text = _COMMENT.sub("", text)
    stack = [_Group()]
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\" and text[position + 1 : position + 2] in tuple("{}|"):
            position += 1
            stack[-1].alternatives[-1].append(text[position])
        elif character == "{":
            stack.append(_Group())
        elif character == "}" and len(stack) > 1:
            chosen = random.choice(stack.pop().alternatives)
            stack[-1].alternatives[-1] += chosen
        elif character == "|" and len(stack) > 1:
            stack[-1].alternatives.append([])
        else:
            stack[-1].alternatives[-1].append(character)
        position += 1
    return "{".join("|".join("".join(part) for part in group.alternatives) for group in stack)


def named(text: str, lookup: Callable[[str, str], tuple[Any, ...]], now: datetime) -> tuple[str, list[str]]:
    """The text with `%Node.widget%` and `%date:FORMAT%` replaced, and the names that mean nothing.

    Other tokens, such as `%width%`, are left to the node that saves.
    """
    unknown: list[str] = []
    written: list[str] = []
    at, start = 0, text.find("%")
    while start >= 0 and (end := text.find("%", start + 1)) >= 0:
        token = text[start + 1 : end]
        value = _value(token, lookup, now)
        if value is None:
            if _NAME.fullmatch(token):
                unknown.append(token)
            written.append(text[at:end])
            at = end  # the sign that ended what is no token may begin one
        else:
            written += [text[at:start], value]
            at = end + 1
        start = text.find("%", at)
    return "".join(written) + text[at:], unknown


def _value(token: str, lookup: Callable[[str, str], tuple[Any, ...]], now: datetime) -> str | None:
    if token.startswith("date:"):
        return date(token.removeprefix("date:"), now)
    node, dot, widget = token.rpartition(".")
    found = lookup(node, widget) if dot and node else ()
    return _FORBIDDEN.sub("_", as_text(found[0])) if found else None


def date(pattern: str, now: datetime) -> str:
    """A time in the words of the canvas: `yyyy-MM-dd hh:mm:ss` and the short forms."""
    values = {"y": now.year, "M": now.month, "d": now.day, "h": now.hour, "m": now.minute, "s": now.second}

    def part(match: re.Match[str]) -> str:
        word = match[0]
        number = values[word[0]]
        if word == "yy":
            return f"{number % 100:02}"
        return f"{number:0{len(word)}}"

    return _DATE.sub(part, pattern)


def as_text(value: Any) -> str:
    """A value as the canvas writes it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(as_text, cast("list[Any]", value)))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return "" if value is None else str(value)
