"""Nodes that work on texts."""

from typing import Annotated, Literal, NamedTuple

from engine.node import node
from engine.types import Multiline

Text = Annotated[str, Multiline()]


class Length(NamedTuple):
    length: int


class Contains(NamedTuple):
    contains: bool


@node("StringConcatenate", title="Concatenate", category="utils/string", lane="cpu")
def string_concatenate(*, string_a: Text, string_b: Text, delimiter: str = "") -> str:
    """Join two texts.

    Args:
        string_a: The first text.
        string_b: The second text.
        delimiter: What stands between them.
    """
    return delimiter.join((string_a, string_b))


@node("StringSubstring", title="Substring", category="utils/string", lane="cpu")
def string_substring(*, string: Text, start: int, end: int) -> str:
    """Take a part of a text.

    Args:
        string: The text.
        start: Where the part begins, counted from 0; below 0 counted from the end.
        end: Where it ends: the first character that is left out.
    """
    return string[start:end]


@node("StringLength", title="Length", category="utils/string", lane="cpu")
def string_length(*, string: Text) -> Length:
    """Count the characters of a text.

    Args:
        string: The text.

    Returns:
        length: How many there are.
    """
    return Length(len(string))


@node("CaseConverter", title="Case Converter", category="utils/string", lane="cpu")
def case_converter(
    *, string: Text, mode: Literal["UPPERCASE", "lowercase", "Capitalize", "Title Case"]
) -> str:
    """Change between capitals and small letters.

    Args:
        string: The text.
        mode: All capitals, all small, a capital at the start, or one at the start of every word.
    """
    changes = {
        "UPPERCASE": str.upper, "lowercase": str.lower, "Capitalize": str.capitalize, "Title Case": str.title,
    }  # fmt: skip
    return changes[mode](string)


@node("StringTrim", title="Trim", category="utils/string", lane="cpu")
def string_trim(*, string: Text, mode: Literal["Both", "Left", "Right"]) -> str:
    """Remove spaces and line ends around a text.

    Args:
        string: The text.
        mode: At which end.
    """
    return {"Both": str.strip, "Left": str.lstrip, "Right": str.rstrip}[mode](string)


@node("StringReplace", title="Replace", category="utils/string", lane="cpu")
def string_replace(*, string: Text, find: Text, replace: Text) -> str:
    """Replace a piece of a text wherever it occurs.

    Args:
        string: The text.
        find: The piece.
        replace: What stands in its place.
    """
    return string.replace(find, replace)


@node("StringContains", title="Contains", category="utils/string", lane="cpu")
def string_contains(*, string: Text, substring: Text, case_sensitive: bool = True) -> Contains:
    """Whether a piece occurs in a text.

    Args:
        string: The text.
        substring: The piece.
        case_sensitive: Whether capitals and small letters differ.

    Returns:
        contains: Whether it does.
    """
    return Contains(as_found(substring, case_sensitive) in as_found(string, case_sensitive))


@node("StringCompare", title="Compare", category="utils/string", lane="cpu")
def string_compare(
    *,
    string_a: Text,
    string_b: Text,
    mode: Literal["Starts With", "Ends With", "Equal"],
    case_sensitive: bool = True,
) -> bool:
    """Compare two texts.

    Args:
        string_a: The text.
        string_b: What it is compared with.
        mode: Whether it starts with that, ends with it, or equals it.
        case_sensitive: Whether capitals and small letters differ.
    """
    a, b = as_found(string_a, case_sensitive), as_found(string_b, case_sensitive)
    return {"Starts With": str.startswith, "Ends With": str.endswith, "Equal": str.__eq__}[mode](a, b)


def as_found(text: str, case_sensitive: bool) -> str:
    """A text as comparisons see it."""
    return text if case_sensitive else text.lower()
