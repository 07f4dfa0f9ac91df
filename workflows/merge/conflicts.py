"""What a three-way merge consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from workflows.canonical import Json

Kind = Literal[
    "value", "link", "class", "title", "mode", "property", "deleted", "cycle", "interface", "subgraph",
    "function", "extra",
]  # fmt: skip


class ResolutionError(ValueError):
    """A resolution that names no conflict, or cannot be what the merge becomes."""


@dataclass(frozen=True)
class Conflict:
    """Something both sides changed, and not to the same.

    `id` is the same in every merge of the same three documents: `/12/text` for an input of node 12,
    `/12/:title` for its title, `/12` for the whole node, `/SUBGRAPH/12/text` inside a definition. `base`,
    `ours` and `theirs` are what each has: a value, or `{"link": [node, slot]}`, None where there is nothing.
    """

    id: str
    kind: Kind
    graph: str = ""
    node: str | None = None
    title: str | None = None
    class_type: str | None = None
    input: str | None = None
    base: Json = None
    ours: Json = None
    theirs: Json = None

    def to_json(self) -> dict[str, Any]:
        """All of it, by the names of the fields."""
        return {
            "id": self.id,
            "kind": self.kind,
            "graph": self.graph,
            "node": self.node,
            "title": self.title,
            "class_type": self.class_type,
            "input": self.input,
            "base": self.base,
            "ours": self.ours,
            "theirs": self.theirs,
        }


@dataclass(frozen=True)
class Merge:
    """A document with the changes of both sides; what is in conflict and not resolved is as in ours."""

    document: Json
    conflicts: tuple[Conflict, ...]
    """Those that no resolution settles."""

    @property
    def clean(self) -> bool:
        """Whether nothing is left to decide."""
        return not self.conflicts
