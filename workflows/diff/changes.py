"""What a diff consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from workflows.canonical import Json

Kind = Literal[
    "node_added",
    "node_removed",
    "class",
    "rewired",
    "value",
    "control",
    "mode",
    "retitled",
    "property",
    "moved",
    "subgraph_added",
    "subgraph_removed",
    "interface",
    "function",
    "group",
    "extra",
]
LAYOUT: frozenset[Kind] = frozenset({"moved", "group"})
"""Kinds that say nothing about the meaning."""


@dataclass(frozen=True)
class Change:
    """One difference.

    `graph` is the id of the subgraph definition it lies in, empty for the root. `node` is the node's id after
    the change (before it, for one that was removed), `node_before` its id before if that was another one.
    `before` and `after` are values; for links `{"node", "slot", "title", "class_type"}` or None; for modes
    numbers; for moves `[x, y]`.
    """

    kind: Kind
    graph: str = ""
    node: str | None = None
    node_before: str | None = None
    title: str | None = None
    class_type: str | None = None
    input: str | None = None
    before: Json = None
    after: Json = None

    def to_json(self) -> dict[str, Any]:
        """All of it, by the names of the fields; without those that do not apply."""
        about = {
            "node": self.node,
            "node_before": self.node_before,
            "title": self.title,
            "class_type": self.class_type,
            "input": self.input,
        }
        known = {name: value for name, value in about.items() if value is not None}
        return {"kind": self.kind, "graph": self.graph, **known, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class Diff:
    """The changes that lead from one document to another, node by node."""

    changes: tuple[Change, ...]
    graphs: dict[str, str]
    """Names of the subgraph definitions that changes lie in, by id."""

    @property
    def meaningful(self) -> bool:
        """Whether anything but the layout differs."""
        return any(change.kind not in LAYOUT for change in self.changes)

    def to_json(self) -> list[dict[str, Any]]:
        """The changes, for programs."""
        return [change.to_json() for change in self.changes]

    def text(self, *, colour: bool = False) -> str:
        """The changes for a terminal, grouped by node; `colour` adds ANSI colours."""
        from workflows.diff.text import text

        return text(self, colour=colour)
