r"""Prompts that change during a run, in the notation of the AUTOMATIC1111 web UI.

`[from:to:when]` changes after `when` steps, a whole number, or after that share of the steps, a fraction;
`[to:when]` adds, `[from::when]` takes away. `[a|b|c]` takes turns, a step each. Groups nest. `\[` and `\]`
are literal, and so is any bracket that is none of these. `BREAK`, a word of its own, ends a chunk.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from diffusion.prediction import Prediction

_INNERMOST = re.compile(r"\[([^\[\]]*)\]")
_BREAK = re.compile(r"(?:^|(?<=\s))BREAK(?=\s|$)")
_OPEN, _CLOSE = "\x00", "\x01"  # stand for brackets that are text
_NEAR = 60
"""Halvings in the search for a percentage: to the last bit of a double."""


@dataclass(frozen=True)
class Span:
    """Consecutive steps of a run that have the same prompt: first <= step < last, from 0."""

    text: str
    first: int
    last: int


def prompt_at(text: str, step: int, steps: int) -> str:
    """The prompt of one step, counted from 0, in a run of `steps`; without editing groups.

    >>> prompt_at("a [red:blue:0.5] [cat|dog]", 0, 4), prompt_at("a [red:blue:0.5] [cat|dog]", 3, 4)
    ('a red cat', 'a blue dog')
    """
    text = text.replace(r"\[", _OPEN).replace(r"\]", _CLOSE)
    while _INNERMOST.search(text):
        text = _INNERMOST.sub(lambda match: _resolved(match[1], step, steps), text)
    return text.replace(_OPEN, "[").replace(_CLOSE, "]")


def spans(text: str, steps: int) -> list[Span]:
    """All prompts of a run in their order, neighbours that are equal as one."""
    found: list[Span] = []
    for step in range(steps):
        now = prompt_at(text, step, steps)
        if found and found[-1].text == now:
            found[-1] = Span(now, found[-1].first, step + 1)
        else:
            found.append(Span(now, step, step + 1))
    return found


def chunks_between_breaks(text: str) -> list[str]:
    """The parts of a prompt that BREAK keeps in chunks of their own.

    >>> chunks_between_breaks("a fox BREAK in snow")
    ['a fox', 'in snow']
    """
    return [part.strip() for part in _BREAK.split(text)]


def percents(span: Span, sigmas: Tensor, prediction: Prediction) -> tuple[float, float]:
    """Where a span begins and ends in a conditioning's percentages, for a run over `sigmas`.

    The borders lie between two steps: midway in log sigma.
    """
    last = len(sigmas) - 1
    start = 0.0 if span.first == 0 else _percent(sigmas, span.first, prediction)
    return start, 1.0 if span.last >= last else _percent(sigmas, span.last, prediction)


def _percent(sigmas: Tensor, step: int, prediction: Prediction) -> float:
    """The percentage between a step and the one before it; sigma falls as percentages rise."""
    border = math.sqrt(float(sigmas[step - 1]) * float(sigmas[step]))
    low, high = 0.0, 1.0
    for _ in range(_NEAR):
        middle = (low + high) / 2
        low, high = (middle, high) if prediction.percent_to_sigma(middle) > border else (low, middle)
    return high


def _resolved(inside: str, step: int, steps: int) -> str:
    """What the inside of a group without further groups says at a step."""
    turns = list(_split(inside, "|"))
    if len(turns) > 1:
        return turns[step % len(turns)]
    before, *rest = _split(inside, ":")
    when = _when(rest[-1], steps) if 1 <= len(rest) <= 2 else None
    if when is None:
        return f"{_OPEN}{inside}{_CLOSE}"
    after = rest[0] if len(rest) == 2 else before
    return after if step >= when else before if len(rest) == 2 else ""


def _when(text: str, steps: int) -> int | None:
    """The number of steps a group waits, or None where the text is no number."""
    try:
        number = float(text)
    except ValueError:
        return None
    if not 0 <= number < math.inf:
        return None
    share = number < 1 or (number == 1 and "." in text)
    return int(number * steps) if share else int(number)


def _split(text: str, separator: str) -> Iterator[str]:
    """The parts of a text between separators that stand outside of parentheses: `(red:1.2)` stays whole."""
    depth = start = 0
    for place, letter in enumerate(text):
        escaped = place > 0 and text[place - 1] == "\\"
        if letter in "()" and not escaped:
            depth = max(0, depth + (1 if letter == "(" else -1))
        elif letter == separator and depth == 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]
