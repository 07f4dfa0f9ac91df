"""Description and tooltips out of a Google-style docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass

_SECTIONS = ("Args:", "Returns:", "Raises:", "Yields:", "Example:", "Examples:", "Note:", "Notes:", "Source:")
_ENTRY = re.compile(r"(\w+)(?: \([^)]*\))?: +(.*)")


@dataclass(frozen=True, slots=True)
class Doc:
    """`summary` is the text before the first section; `returns` what stands under Returns without names."""

    summary: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    returns: str | None


def parse(text: str | None) -> Doc:
    """Read a docstring; whatever is missing is empty."""
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for line in inspect.cleandoc(text or "").splitlines():
        if line in _SECTIONS:
            current = line
            sections[current] = []
        else:
            sections[current].append(line)
    returns = sections.get("Returns:", [])
    outputs = _entries(returns)
    plain = " ".join(line.strip() for line in returns).strip()
    summary = " ".join(" ".join(sections[""]).split())
    return Doc(summary, _entries(sections.get("Args:", [])), outputs, None if outputs else plain or None)


def _entries(lines: list[str]) -> dict[str, str]:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    found: dict[str, str] = {}
    name = None
    for line in lines:
        text = line.strip()
        entry = _ENTRY.fullmatch(text) if len(line) - len(line.lstrip()) == margin else None
        if entry:
            name = entry[1]
            found[name] = entry[2]
        elif name and text:
            found[name] += " " + text
    return found
