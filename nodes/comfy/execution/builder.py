"""`comfy_execution.graph_utils`: build the graph that a node expands to.

Ids are the same in each run, so that results of an earlier run are found again, and stay short however
deep expansions nest: `<submitted node>.<12 hexadecimal digits>.<id>`. The digits stand for the node, the call
and the builder that made it, so ids of a loop's thousandth round are as long as those of its first.
"""

from __future__ import annotations

import hashlib
import itertools
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from engine.context import Call, Context, current_call
from engine.returns import Blocker
from nodes.comfy.dynprompt import is_link

__all__ = ["ExecutionBlocker", "GraphBuilder", "Node", "add_graph_prefix", "is_link"]

ExecutionBlocker = Blocker

LONGEST_ID = 16
"""Longer ids given by a node are shortened: they are mostly those of a round before."""

_DIGITS = 12


class Node:
    """One node of a graph being built."""

    def __init__(self, id: str, class_type: str, inputs: Mapping[str, Any]) -> None:
        self.id = id
        self.class_type = class_type
        self.inputs = dict(inputs)
        self.override_display_id: str | None = None

    def out(self, index: int) -> list[Any]:
        """A link to output `index` of this node."""
        return [self.id, index]

    def set_input(self, key: str, value: Any) -> None:
        """Set an input to a value or a link; None takes it away."""
        if value is None:
            self.inputs.pop(key, None)
        else:
            self.inputs[key] = value

    def get_input(self, key: str) -> Any:
        return self.inputs.get(key)

    def set_override_display_id(self, override_display_id: str) -> None:
        """Show what this node does on another node of the canvas than the one that expands."""
        self.override_display_id = override_display_id

    def serialize(self) -> dict[str, Any]:
        """The node as it stands in a prompt."""
        entry: dict[str, Any] = {"class_type": self.class_type, "inputs": self.inputs}
        if self.override_display_id is not None:
            entry["override_display_id"] = self.override_display_id
        return entry


class GraphBuilder:
    """Collects nodes; `finalize` gives them in the form that a node returns as `expand`.

    Args:
        prefix: put in front of every id as it is. Without it, one is made of the node and call that run now.
    """

    def __init__(self, prefix: str | None = None) -> None:
        self.prefix = _prefix() if prefix is None else prefix
        self._shorten = prefix is None
        self.nodes: dict[str, Node] = {}
        self._numbers = itertools.count(1)

    def node(self, class_type: str, id: str | None = None, **inputs: Any) -> Node:
        """Add a node, or give back the one of that id. Ids left out are numbers from 1."""
        name = self._next() if id is None else self._name(id)
        if name not in self.nodes:
            self.nodes[name] = Node(name, class_type, inputs)
        return self.nodes[name]

    def lookup_node(self, id: str) -> Node | None:
        """The node added under that id."""
        return self.nodes.get(self._name(id))

    def finalize(self) -> dict[str, dict[str, Any]]:
        """The graph in API format."""
        return {name: node.serialize() for name, node in self.nodes.items()}

    def replace_node_output(self, node_id: str, index: int, new_value: Any) -> None:
        """Give the consumers of an output `new_value` instead; None takes their input away."""
        name = self._found(node_id)
        for node in self.nodes.values():
            wired = [key for key, value in node.inputs.items() if is_link(value) and value == [name, index]]
            for key in wired:
                node.set_input(key, new_value)

    def remove_node(self, id: str) -> None:
        """Take a node out again. Raises KeyError if there is none of that id."""
        del self.nodes[self._found(id)]

    def _next(self) -> str:
        names = (f"{self.prefix}{number}" for number in self._numbers)
        return next(name for name in names if name not in self.nodes)

    def _name(self, id: str) -> str:
        long = self._shorten and (len(id) > LONGEST_ID or "." in id)
        return self.prefix + (_digest(id) if long else id)

    def _found(self, id: str) -> str:
        return id if id in self.nodes else self._name(id)


def add_graph_prefix(
    graph: Mapping[str, Mapping[str, Any]], outputs: Sequence[Any], prefix: str
) -> tuple[dict[str, dict[str, Any]], tuple[Any, ...]]:
    """A copy of a graph and of its outputs with `prefix` in front of every id and in every link."""

    def moved(value: Any) -> Any:
        return [prefix + value[0], value[1]] if is_link(value) else value

    nodes: dict[str, dict[str, Any]] = {}
    for name, entry in graph.items():
        inputs: Mapping[str, Any] = entry.get("inputs", {})
        nodes[prefix + name] = {**entry, "inputs": {key: moved(value) for key, value in inputs.items()}}
    return nodes, tuple(moved(value) for value in outputs)


@dataclass(frozen=True, slots=True)
class _Numbering:
    """Numbers the builders of one call. Holds no run alive."""

    context: weakref.ref[Context]
    index: int
    numbers: Iterator[int]

    def counts(self, call: Call) -> bool:
        return self.context() is call.context and self.index == call.index


_NUMBERING: ContextVar[_Numbering | None] = ContextVar("numbering", default=None)


def number_builders() -> None:
    """Number the current call's builders from 0, in its own task and in those that it starts."""
    call = current_call()
    if call is not None:
        _NUMBERING.set(_Numbering(weakref.ref(call.context), call.index, itertools.count()))


def _prefix() -> str:
    call = current_call()
    if call is None:
        return ""
    numbering = _NUMBERING.get()
    if numbering is None or not numbering.counts(call):
        number_builders()
        numbering = _NUMBERING.get()
    assert numbering is not None
    node = call.context.node_id
    number = next(numbering.numbers)
    return f"{call.context.graph.root(node)}.{_digest(f'{node} {call.index} {number}')}."


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
