"""Another name for a tensor, or for some of its rows."""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Alias:
    """A name that means a parameter, or `rows` (first, count) of it."""

    name: str
    """With `.weight`."""
    parameter: str
    rows: tuple[int, int] | None = None
    swapped: bool = False
    """Whether the two halves of the rows are exchanged (shift and scale of the last modulations)."""
