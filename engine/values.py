"""Reading a literal of a prompt as the type its input wants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0", ""})


def _integer(value: Any) -> int:
    return int(value)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"not a finite number: {value!r}")
    return number


def _boolean(value: Any) -> bool:
    if not isinstance(value, str):
        return bool(value)
    # ComfyUI takes every text but the empty one for true, "false" included; nobody means that.
    word = value.strip().lower()
    if word not in _YES and word not in _NO:
        raise ValueError(f"neither true nor false: {value!r}")
    return word in _YES


_READERS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"INT": _integer, "FLOAT": _number, "STRING": str, "BOOLEAN": _boolean}
)


def coerce(kind: str, value: Any) -> Any:
    """The value as an INT, FLOAT, STRING or BOOLEAN (`"5"` is the number 5); other types are left alone.

    Raises ValueError, TypeError or OverflowError with the reason.
    """
    reader = _READERS.get(kind)
    return value if reader is None else reader(value)


def is_widget(kind: str) -> bool:
    """Whether a literal may stand for a value of this type (or of one member of this union)."""
    return any(part.strip() in _READERS or part.strip() in ("COMBO", "*") for part in kind.split(","))
