"""Nodes that hold a single value, to feed several inputs at once, and one that shows any value."""

import json
import sys
from typing import Annotated, Any, cast

from engine.node import Ui, node
from engine.types import Multiline, Range, SeedControl, Socket
from nodes.values import describe

Anything = Annotated[Any, Socket("*")]


@node("PrimitiveString", title="String", category="utils/primitive", lane="cpu")
def primitive_string(*, value: str = "") -> str:
    """A text.

    Args:
        value: The text.
    """
    return value


@node("PrimitiveStringMultiline", title="String (Multiline)", category="utils/primitive", lane="cpu")
def primitive_string_multiline(*, value: Annotated[str, Multiline()] = "") -> str:
    """A text of several lines.

    Args:
        value: The text.
    """
    return value


@node("PrimitiveInt", title="Int", category="utils/primitive", lane="cpu")
def primitive_int(*, value: Annotated[int, Range(-sys.maxsize, sys.maxsize), SeedControl()] = 0) -> int:
    """A whole number.

    Args:
        value: The number.
    """
    return value


@node("PrimitiveFloat", title="Float", category="utils/primitive", lane="cpu")
def primitive_float(*, value: Annotated[float, Range(-sys.maxsize, sys.maxsize)] = 0.0) -> float:
    """A number.

    Args:
        value: The number.
    """
    return value


@node("PrimitiveBoolean", title="Boolean", category="utils/primitive", lane="cpu")
def primitive_boolean(*, value: bool = False) -> bool:
    """True or false.

    Args:
        value: Which of the two.
    """
    return value


@node("PreviewAny", title="Preview as Text", category="utils", lane="cpu", output=True)
def preview_any(*, source: Anything) -> Ui[None]:
    """Shows any value as text: numbers and texts as they are, tensors by their shape.

    Args:
        source: The value.
    """
    return Ui({"text": [shown(source)]})


def shown(value: Any) -> str:
    """A value in words; what JSON can hold is indented."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, indent=4, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(described(value))


def described(value: Any) -> Any:
    """A mapping with its entries in short form, everything else as `describe` says it."""
    if isinstance(value, dict):
        named = cast("dict[Any, Any]", value)
        return json.dumps({str(key): describe(item) for key, item in named.items()}, indent=4, default=str)
    return describe(value)
