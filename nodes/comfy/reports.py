"""What became of each pack, as people are told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class PackReport:
    """One pack.

    Args:
        name: base name of its folder or file.
        nodes: names of the classes it added.
        seconds: how long its import took.
        error: why it could not be loaded; None if it could.
        traceback: where, for its author.
        notes: lesser troubles, such as a class that was left out.
    """

    name: str
    path: Path
    nodes: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str | None = None
    traceback: str | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As sent to the server."""
        return {
            "name": self.name,
            "path": str(self.path),
            "nodes": list(self.nodes),
            "seconds": round(self.seconds, 3),
            "error": self.error,
            "traceback": self.traceback,
            "notes": list(self.notes),
        }
