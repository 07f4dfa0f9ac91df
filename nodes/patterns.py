"""Nodes that find and replace by regular expressions (Python's `re`)."""

import re
from typing import Annotated, Literal, NamedTuple

from engine.node import node
from engine.types import Multiline, OptionalInput, Range

Text = Annotated[str, Multiline()]


class BadPattern(ValueError):
    """A regular expression that cannot be read; the message says where."""

    remedy = "Write special characters that stand for themselves with a backslash, as in \\( or \\."


class Matches(NamedTuple):
    matches: bool


@node("RegexMatch", title="Regex Match", category="utils/string", lane="cpu")
def regex_match(
    *,
    string: Text,
    regex_pattern: Text,
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
) -> Matches:
    """Whether a pattern occurs in a text.

    Args:
        string: The text.
        regex_pattern: The regular expression.
        case_insensitive: Whether capitals and small letters are the same.
        multiline: Whether ^ and $ stand for the ends of each line.
        dotall: Whether a dot stands for line ends, too.

    Returns:
        matches: Whether it does.
    """
    pattern = compiled(regex_pattern, case_insensitive, multiline, dotall)
    return Matches(pattern.search(string) is not None)


@node("RegexExtract", title="Regex Extract", category="utils/string", lane="cpu")
def regex_extract(
    *,
    string: Text,
    regex_pattern: Text,
    mode: Literal["First Match", "All Matches", "First Group", "All Groups"],
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
    group_index: Annotated[int, Range(0, 100)] = 1,
) -> str:
    """Take from a text what a pattern finds; an empty text where it finds nothing.

    Args:
        string: The text.
        regex_pattern: The regular expression.
        mode: The first or every match, whole or one group of it. Several stand on a line each.
        case_insensitive: Whether capitals and small letters are the same.
        multiline: Whether ^ and $ stand for the ends of each line.
        dotall: Whether a dot stands for line ends, too.
        group_index: Which group, counted from 1 by its opening bracket; 0 is the whole match.
    """
    pattern = compiled(regex_pattern, case_insensitive, multiline, dotall)
    group = group_index if mode.endswith("Groups") or mode.endswith("Group") else 0
    if group > pattern.groups:
        return ""
    found = [match.group(group) or "" for match in pattern.finditer(string)]
    return "\n".join(found[:1] if mode.startswith("First") else found)


@node("RegexReplace", title="Regex Replace", category="utils/string", lane="cpu")
def regex_replace(
    *,
    string: Text,
    regex_pattern: Text,
    replace: Text,
    case_insensitive: Annotated[bool, OptionalInput()] = True,
    multiline: Annotated[bool, OptionalInput()] = False,
    dotall: Annotated[bool, OptionalInput()] = False,
    count: Annotated[int, Range(0, 100), OptionalInput()] = 0,
) -> str:
    r"""Replace in a text what a pattern finds.

    Args:
        string: The text.
        regex_pattern: The regular expression.
        replace: What stands in its place; \1 is the first group.
        case_insensitive: Whether capitals and small letters are the same.
        multiline: Whether ^ and $ stand for the ends of each line.
        dotall: Whether a dot stands for line ends, too.
        count: How many matches to replace; 0 for all.
    """
    pattern = compiled(regex_pattern, case_insensitive, multiline, dotall)
    try:
        return pattern.sub(replace, string, count=count)
    except (re.error, IndexError) as error:
        raise BadPattern(f"the replacement {replace!r} cannot be read: {error}") from error


def compiled(pattern: str, case_insensitive: bool, multiline: bool, dotall: bool) -> re.Pattern[str]:
    """The pattern with its flags. Raises `BadPattern`."""
    flags = re.RegexFlag(0)
    for wanted, flag in ((case_insensitive, re.IGNORECASE), (multiline, re.MULTILINE), (dotall, re.DOTALL)):
        if wanted:
            flags |= flag
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise BadPattern(f"the regular expression {pattern!r} cannot be read: {error}") from error
