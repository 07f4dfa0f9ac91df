"""What each result of a run is known by once its sources are there: its value key (`KeyMaker.by_value`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import Link, Node
from engine.keys import Key, KeyMaker, Unstable, plain
from engine.spec import InputSpec, NodeSpec
from engine.types import NodeId


class Identities:
    """Value keys by node. Only those that differ from the key made before the run take memory."""

    def __init__(
        self,
        keys: KeyMaker,
        stand_in: Mapping[NodeId, NodeId],
        values: Mapping[NodeId, tuple[Any, ...]],
    ) -> None:
        self._keys = keys
        self._stand_in = stand_in
        self._values = values
        self._shifted: dict[NodeId, Key] = {}
        self._fleeting: set[NodeId] = set()
        """Nodes whose results nothing can ever find again."""

    def of(self, node: NodeId) -> Key | None:
        """The value key of a node that was settled or is known; None if it has none that occurs again."""
        return None if node in self._fleeting else self._shifted.get(node) or self._keys.of[node]

    def known(self, node: NodeId, key: Key | None) -> None:
        """The node's result came from a cache, which knew it by `key`."""
        if key is not None and key != self._keys.of[node]:
            self._shifted[node] = key

    def settle(self, node: Node, spec: NodeSpec) -> Key | None:
        """Work the key out: all sources of the node, lazy ones excepted, have values."""
        name, keys = node.id, self._keys
        if name in keys.volatile:
            self._fleeting.add(name)
            return None
        moved = name in keys.uncacheable
        # Where it sees what lies behind its inputs, their values do not say all: the end of a loop copies the
        # nodes that lead to it, and two loops may begin with the same value and differ.
        whole = spec.sees_graph or not spec.raw_links.isdisjoint(node.links)
        parts: list[tuple[Any, ...]] = []
        for input_name, link in node.links.items():
            # What a lazy input counts for is where it comes from: whether it will be asked for is not known.
            by_origin = whole or input_name in spec.lazy
            part = self._origin(link) if by_origin else self._value(spec.by_name.get(input_name), link)
            if part is None:
                self._fleeting.add(name)
                return None
            moved = moved or part != (keys.of[link.node], link.slot)
            parts.append((input_name, *part))
        if not moved:
            return keys.of[name]
        key = self._shifted[name] = keys.by_value(node, spec, parts)
        return key

    def _origin(self, link: Link) -> tuple[Any, ...] | None:
        known = link.node not in self._keys.uncacheable
        return (self._keys.of[link.node], link.slot) if known else None

    def _value(self, wanted: InputSpec | None, link: Link) -> tuple[Any, ...] | None:
        source = self._stand_in.get(link.node, link.node)
        values = self._values[source]
        # Where the node does not declare the input, a literal would mean something else than a link.
        if wanted is not None and -len(values) <= link.slot < len(values) and plain(values[link.slot]):
            value = values[link.slot]
            return (value,) if wanted.files is None else self._named(wanted.files, value)
        if source in self._fleeting or (wanted is not None and wanted.files is not None):
            return None
        return (self._shifted.get(source) or self._keys.of[source], link.slot)

    def _named(self, kind: str, value: Any) -> tuple[Any, ...] | None:
        """A value that names a file: it counts with what is in that file."""
        try:
            return (value, self._keys.file(kind, str(value)))
        except Unstable:
            return None
