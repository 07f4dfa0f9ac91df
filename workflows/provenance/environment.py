"""The environment of a run: everything outside the graph and its files that may change bits of its pictures.

It is plain JSON that the process which runs nodes tells of itself, once:

    {"darkroom": "0.1.0", "engine": HASH, "python": "3.11.2",
     "libraries": {"torch": "2.13.0+cpu", "numpy": …},
     "device": {"type": "cpu", "name": …, "capability": "AVX512", …}, "threads": 2,
     "precision": {"policy": "float32", "network": "float32", "text": "float32", "vae": "float32"}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.graph import as_object

_SHORT = 12
_WISHES = frozenset({"precision.policy"})
"""Facts that only say how others came about."""


@dataclass(frozen=True)
class Difference:
    """One fact that is no longer as it was; None for a fact that is missing on one side."""

    what: str
    recorded: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.what}: {_shown(self.recorded)} → {_shown(self.now)}"


def differences(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Every fact of one environment that the other does not share, named like `device.capability`."""
    before, after = dict(_flat(recorded)), dict(_flat(now))
    return [
        Difference(name, before.get(name), after.get(name))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name) and name not in _WISHES
    ]


def code_differences(
    recorded: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> list[Difference]:
    """Node classes whose version or code is another now, or that are gone."""
    found: list[Difference] = []
    for name, before in recorded.items():
        after = now.get(name) or {}
        if before.get("version") != after.get("version"):
            found.append(Difference(f"{name} version", before.get("version"), after.get("version")))
        elif before.get("code") != after.get("code"):
            found.append(Difference(f"{name} code", before.get("code"), after.get("code")))
    return found


def _flat(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in facts.items():
        inner = as_object(value)
        if inner is None:
            yield f"{prefix}{name}", value
        else:
            # Libraries are known by their names alone.
            yield from _flat(inner, "" if name == "libraries" else f"{prefix}{name}.")


def _shown(value: Any) -> str:
    if value is None:
        return "not there"
    text = str(value)
    is_hash = len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)
    return text[:_SHORT] if is_hash else text
