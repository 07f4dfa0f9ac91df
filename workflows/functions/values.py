"""One value of a call, read strictly as what its input takes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.folders import nearest
from engine.graph import as_list, as_object
from workflows.functions.parts import Input

RANDOM = "random"
"""The value of a seed that is to be drawn."""
_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})
_PLACES = frozenset({"input", "output", "temp"})


class Unfit(ValueError):
    """A value that an input does not take; `code` is one of `InputProblem`'s."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def read_value(entry: Input, value: Any, *, text: bool = False) -> Any:
    """The value as the prompt gets it; `random` stays that word. Raises Unfit.

    Args:
        entry: an input that `declared` completed.
        value: JSON; whole floats are integers, nothing else is converted.
        text: whether `value` is a text that stands for a value, as on a command line.
    """
    if entry.takes_file:
        return _file(entry, value)
    if entry.seed and value == RANDOM:
        return RANDOM
    if text and isinstance(value, str):
        value = _READ_TEXT[entry.type](entry, value)
    return _READ[entry.type](entry, value)


def _string(entry: Input, value: Any) -> str:
    if not isinstance(value, str):
        raise _other(entry, value, "a text")
    return value


def _integer(entry: Input, value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _other(entry, value, "a whole number" + (f" or {RANDOM!r}" if entry.seed else ""))
    return int(_within(entry, value))


def _number(entry: Input, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not is_finite(value):
        raise _other(entry, value, "a number")
    return _within(entry, value)


def is_finite(value: float) -> bool:
    """Whether a number, which may be an integer of any size, is one that floats hold."""
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


def _within(entry: Input, value: float) -> float:
    low, high = entry.min, entry.max
    if (low is not None and value < low) or (high is not None and value > high):
        raise Unfit("out_of_range", f"{value} is not {_range(low, high)}")
    return value


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"from {low} to {high}"


def _boolean(entry: Input, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _other(entry, value, "true or false")
    return value


def _combo(entry: Input, value: Any) -> Any:
    if not entry.several:
        return _option(entry, value)
    listed = as_list(value)
    if listed is None:
        raise _other(entry, value, "a list of options")
    return [_option(entry, one) for one in listed]


def _option(entry: Input, value: Any) -> Any:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _other(entry, value, "a text" if entry.options is None else f"one of {listed(entry.options)}")
    if entry.options is None:
        return value
    found = next((option for option in entry.options if option == value), None)
    if found is None:
        near = nearest(value, entry.options)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise Unfit("not_an_option", f"{value!r} is none of {listed(entry.options)}{hint}")
    return found


def listed(options: Sequence[object]) -> str:
    """Options for a message, the first few of many."""
    shown = ", ".join(repr(option) for option in options[:8])
    return f"{shown} and {len(options) - 8} more" if len(options) > 8 else shown


def _file(entry: Input, value: Any) -> str:
    """The name of a picture file as nodes take it."""
    if isinstance(value, str) and value.strip():
        return value
    parts = as_object(value)
    name = None if parts is None else parts.get("filename")
    if parts is None or not isinstance(name, str) or not name.strip():
        raise _other(entry, value, "the name of a picture file, or {filename, subfolder, type}")
    folder, place = parts.get("subfolder") or "", parts.get("type") or "input"
    if not isinstance(folder, str) or place not in _PLACES:
        raise _other(entry, value, f"a picture with type {' or '.join(sorted(_PLACES))}")
    path = f"{folder}/{name}" if folder else name
    return path if place == "input" else f"{path} [{place}]"


def _other(entry: Input, value: Any, wanted: str) -> Unfit:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return Unfit("invalid_type", f"takes {wanted} ({entry.type}), not {shown}")


def _text_integer(entry: Input, text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return _text_number(entry, text)


def _text_number(entry: Input, text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _text_boolean(entry: Input, text: str) -> Any:
    word = text.strip().lower()
    return True if word in _YES else False if word in _NO else text


def _text_combo(entry: Input, text: str) -> Any:
    if not entry.several:
        return _text_option(entry, text)
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return [_text_option(entry, part.strip()) for part in text.split(",") if part.strip()]


def _text_option(entry: Input, text: str) -> Any:
    """The option that is written like this, which may be a number."""
    return next((option for option in entry.options or () if str(option) == text), text)


_READ: Mapping[str, Callable[[Input, Any], Any]] = {
    "STRING": _string,
    "INT": _integer,
    "FLOAT": _number,
    "BOOLEAN": _boolean,
    "COMBO": _combo,
}
_READ_TEXT: Mapping[str, Callable[[Input, str], Any]] = {
    "STRING": lambda entry, text: text,
    "INT": _text_integer,
    "FLOAT": _text_number,
    "BOOLEAN": _text_boolean,
    "COMBO": _text_combo,
}
