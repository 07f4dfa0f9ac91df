"""What each result of a run is known by once its sources are there: its value key (`KeyMaker.by_value`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import Node
from engine.keys import Key, KeyMaker, plain
from engine.spec import NodeSpec
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
        whole = _sees_the_graph(node, spec)
        parts: list[tuple[Any, ...]] = []
        for input_name, link in node.links.items():
            source = self._stand_in.get(link.node, link.node)
            if input_name in spec.lazy or whole:
                # By where it comes from: whether a lazy input will be asked for is not known yet.
                key, fleeting = keys.of[source], source in keys.uncacheable
            else:
                values = self._values[source]
                declared = input_name in spec.by_name  # else a literal would mean something else than a link
                if declared and link.slot < len(values) and plain(values[link.slot]):
                    parts.append((input_name, values[link.slot]))
                    moved = True
                    continue
                key, fleeting = self._shifted.get(source), source in self._fleeting
                moved = moved or key is not None
                key = key or keys.of[source]
            if fleeting:
                self._fleeting.add(name)
                return None
            parts.append((input_name, key, link.slot))
        if not moved:
            return keys.of[name]
        key = self._shifted[name] = keys.by_value(node, spec, parts)
        return key


def _sees_the_graph(node: Node, spec: NodeSpec) -> bool:
    """Whether the result depends on what lies behind the inputs and not on their values alone.

    The end of a loop copies the nodes that lead to it: two loops may begin with the same value and differ.
    """
    return "DYNPROMPT" in spec.hidden.values() or any(
        name in node.links for name, one in spec.by_name.items() if one.options and one.raw_link
    )
