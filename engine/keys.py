"""Cache keys. A node's key says all its result depends on, and is made once: linear in nodes and links.

    key(node) = H(class, version, code hash, type-tagged literals, outside, [(key(source), slot)])

Equal keys mean equal results, whatever the ids of the nodes and in whatever prompt. What cannot be said is
`Uncacheable`: such a node gets a key that never occurs again, and with it everything that depends on it.

These keys are known before anything runs. Once the sources of a node have run, `KeyMaker.by_value` gives a
better one, in which small plain values (numbers, texts) stand for themselves wherever they came from, so that
a change upstream that ends in the same value goes no further.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NewType

from engine.context import Context, calling
from engine.folders import Folders, MissingFile
from engine.graph import Graph, Node
from engine.hooks import accepted, settled
from engine.paths import UnsafePath, identity
from engine.registry import Registry
from engine.spec import NodeSpec
from engine.types import NodeId, Uncacheable

Key = NewType("Key", str)

_PLAIN = frozenset({str, int, float, bool, type(None)})
_LONGEST_TEXT = 4096
_NOTHING_OUTSIDE: tuple[Any, ...] = (None,)


@dataclass(frozen=True)
class Keys:
    """The keys of the needed nodes, sources first, and why some of them can never be looked up again."""

    of: Mapping[NodeId, Key]
    uncacheable: Mapping[NodeId, str]


def keys(graph: Graph, registry: Registry, folders: Folders, roots: Iterable[NodeId]) -> Keys:
    """The keys of `roots` and all they depend on. The graph must be free of cycles and broken links."""
    maker = KeyMaker(graph.nodes, registry, folders)
    maker.extend(graph.needed(roots))
    return Keys(MappingProxyType(maker.of), MappingProxyType(maker.uncacheable))


class Unstable(ValueError):
    """Something a node depends on cannot be put into a key; the text says what."""


class KeyMaker:
    """The keys of one run, made for more nodes as the graph grows."""

    def __init__(self, nodes: Mapping[NodeId, Node], registry: Registry, folders: Folders) -> None:
        self._nodes = nodes
        self._registry = registry
        self._folders = folders
        self._files: dict[tuple[str, str], str] = {}
        self._prefixes: dict[str, bytes] = {}
        self.of: dict[NodeId, Key] = {}
        self.uncacheable: dict[NodeId, str] = {}
        self.volatile: set[NodeId] = set()
        """Of the uncacheable nodes, those that are so by themselves and not through a source."""
        self.outside: dict[NodeId, tuple[Any, ...]] = {}
        """What a node reads from outside, where there is anything: own id, fingerprint, file identities."""

    def prefix(self, spec: NodeSpec) -> bytes:
        """Class, version and code."""
        found = self._prefixes.get(spec.name)
        if found is None:
            found = repr((spec.name, spec.version, spec.code_hash)).encode()
            self._prefixes[spec.name] = found
        return found

    def extend(self, order: Iterable[NodeId]) -> None:
        """Make the keys of nodes listed after their sources."""
        for name in order:
            node = self._nodes[name]
            spec = self._registry[node.class_type]
            try:
                parts = self._links(node, self._literals(node))
                outside = _NOTHING_OUTSIDE if spec.self_contained else self._outside(spec, node)
            except Unstable as error:
                self.uncacheable[name] = str(error)
                self.volatile.add(name)
                self.of[name] = Key(f"once-{uuid.uuid4().hex}")
                continue
            if outside is not _NOTHING_OUTSIDE:
                self.outside[name] = outside
            if spec.file_inputs and not spec.file_inputs.keys().isdisjoint(node.links):
                # `by_value` says which file it is, and what is in it.
                self.uncacheable.setdefault(name, "the file it reads is named by a link")
            parts.append(outside)
            self.of[name] = self._digest(spec, parts)

    def by_value(self, node: Node, spec: NodeSpec, links: Iterable[tuple[Any, ...]]) -> Key:
        """The key with these parts in place of the links: `(name, value)` or `(name, key, slot)`."""
        parts = self._literals(node)
        parts.extend(links)
        if len(parts) > 1:
            parts.sort(key=_by_name)
        parts.append(self.outside.get(node.id, _NOTHING_OUTSIDE))
        return self._digest(spec, parts)

    def _digest(self, spec: NodeSpec, parts: list[Any]) -> Key:
        return Key(hashlib.sha256(self.prefix(spec) + repr(parts).encode()).hexdigest())

    def _literals(self, node: Node) -> list[Any]:
        return [
            (name, value if type(value) in _PLAIN else _canonical(value))
            for name, value in node.literals.items()
        ]

    def _links(self, node: Node, parts: list[Any]) -> list[Any]:
        """Name, key and slot of each link beside the literals, in the order of names."""
        for name, link in node.links.items():
            if self.uncacheable and link.node in self.uncacheable:
                self.uncacheable.setdefault(node.id, f"it depends on node {link.node!r}")
            parts.append((name, self.of[link.node], link.slot))
        if len(parts) > 1:
            parts.sort(key=_by_name)
        return parts

    def _outside(self, spec: NodeSpec, node: Node) -> tuple[Any, ...]:
        """The node's id if it asks for that, and its fingerprint or the files it names."""
        own_id = node.id if spec.own_id else None
        if spec.fingerprint is not None:
            return (own_id, _fingerprint(spec, node, self._folders))
        named = [(kind, node.literals[i]) for i, kind in spec.file_inputs.items() if i in node.literals]
        return (own_id, *(self.file(kind, str(name)) for kind, name in named))

    def file(self, kind: str, name: str) -> str:
        """The identity of the file's content. Raises Unstable when it cannot be read."""
        if (kind, name) not in self._files:
            try:
                parts = self._folders.parts(kind, name)
                self._files[kind, name] = "+".join(identity(part) for part in parts)
            except (MissingFile, UnsafePath, OSError) as error:
                # Let the node run and say so in its own words.
                raise Unstable(f"{kind} {name!r} cannot be read: {type(error).__name__}") from error
        return self._files[kind, name]


def plain(value: Any) -> bool:
    """Whether a value is small and plain enough to stand in a key for itself."""
    return type(value) in _PLAIN and (not isinstance(value, str) or len(value) <= _LONGEST_TEXT)


def _by_name(part: tuple[Any, ...]) -> str:
    return part[0]


def _canonical(value: Any) -> tuple[str]:
    """A list or object as JSON text, which keeps 1, 1.0, true and "1" apart; objects are sorted by key."""
    try:
        return (json.dumps(value, sort_keys=True, separators=(",", ":")),)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unstable(f"a {type(value).__name__} cannot be part of a key: {error}") from error


def _fingerprint(spec: NodeSpec, node: Node, folders: Folders) -> str:
    assert spec.fingerprint is not None
    given = {**dict.fromkeys(node.links), **node.literals, "folders": folders}
    try:
        with calling(Context(node_id=node.id, folders=folders)):
            result = settled(spec.fingerprint(**accepted(spec.fingerprint, given)))
    except (Exception, SystemExit) as error:
        raise Unstable(f"its fingerprint raised {type(error).__name__}: {error}") from error
    if isinstance(result, Uncacheable):
        raise Unstable(result.reason)
    return _canonical(result)[0]
