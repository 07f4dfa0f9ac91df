"""The run's graph as packs see it under the hidden input DYNPROMPT, with the nodes that expansions added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import as_list
from engine.grown import GrownGraph
from engine.types import NodeId


class NodeNotFoundError(Exception):
    """No node of that id was submitted or added."""


def is_link(value: object) -> bool:
    """Whether a value of a prompt is a link: a list of a node's id and the number of an output."""
    pair = as_list(value)
    return pair is not None and len(pair) == 2 and isinstance(pair[0], str) and type(pair[1]) in (int, float)


class DynPrompt:
    """A view: it always shows the graph as it is now. An unknown id raises `NodeNotFoundError`."""

    def __init__(self, graph: GrownGraph) -> None:
        self._graph = graph

    @property
    def original_prompt(self) -> Mapping[str, Any]:
        """The nodes as they were submitted, by id."""
        return self._graph.submitted.prompt

    @property
    def ephemeral_prompt(self) -> Mapping[NodeId, Mapping[str, Any]]:
        """The nodes that expansions added, by id."""
        return self._graph.entries

    def get_original_prompt(self) -> Mapping[str, Any]:
        return self.original_prompt

    def has_node(self, node_id: str) -> bool:
        return node_id in self._graph

    def get_node(self, node_id: str) -> Mapping[str, Any]:
        """The node's JSON: `class_type` and `inputs`, links as lists."""
        return self._graph.entry(self._known(node_id))

    def get_real_node_id(self, node_id: str) -> str:
        """The submitted node that this one belongs to."""
        return self._graph.root(self._known(node_id))

    def get_parent_node_id(self, node_id: str) -> str | None:
        """The node whose expansion added this one; None for a submitted node."""
        origin = self._graph.origin(self._known(node_id))
        return None if origin is None else origin.parent

    def get_display_node_id(self, node_id: str) -> str:
        """The node that the canvas shows in place of this one."""
        return self._graph.display(self._known(node_id))

    def all_node_ids(self) -> set[str]:
        return set(self._graph)

    def _known(self, node_id: str) -> NodeId:
        if node_id not in self._graph:
            raise NodeNotFoundError(f"the run has no node {node_id!r}")
        return NodeId(node_id)
