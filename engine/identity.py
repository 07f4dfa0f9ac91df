"""What each result of a run is known by once its sources are there: its value key (`KeyMaker.by_value`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.graph import Link, Node
from engine.keys import Key, KeyMaker, plain
from engine.spec import NodeSpec
from engine.types import NodeId


class Identities:
    """Value keys by node. Only those that differ from the key made before the run take memory."""

    def __init__(
        self,
        keys: KeyMaker,
        actual: Callable[[NodeId], NodeId],
        values: Mapping[NodeId, tuple[Any, ...]],
    ) -> None:
        self._keys = keys
        self._actual = actual
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
        name = node.id
        if name in self._keys.volatile:
            self._fleeting.add(name)
            return None
        if not self._moved(node):
            return self._keys.of[name]
        lazy = spec.lazy
        lazy_links = {node.links[n] for n in lazy if n in node.links} if lazy else ()
        key = self._keys.by_value(
            node, spec, lambda link: self._promised(link) if link in lazy_links else self._part(link)
        )
        if key is None:
            self._fleeting.add(name)
        elif key != self._keys.of[name]:
            self._shifted[name] = key
        return key

    def _moved(self, node: Node) -> bool:
        """Whether the value key can differ from the key made before the run."""
        if node.id in self._keys.uncacheable:
            return True
        for link in node.links.values():
            source = self._actual(link.node)
            if source in self._shifted:
                return True
            values = self._values.get(source)
            if values is not None and link.slot < len(values) and plain(values[link.slot]):
                return True
        return False

    def _part(self, link: Link) -> tuple[Any, ...] | None:
        source = self._actual(link.node)
        values = self._values.get(source)
        if values is not None and link.slot < len(values) and plain(values[link.slot]):
            return (values[link.slot],)
        key = self.of(source)
        return None if key is None else (key, link.slot)

    def _promised(self, link: Link) -> tuple[Any, ...] | None:
        """A lazy input counts by where it comes from: whether it will be asked for is not known yet."""
        if link.node in self._keys.uncacheable:
            return None
        return (self._keys.of[link.node], link.slot)
