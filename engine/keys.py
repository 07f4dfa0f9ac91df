"""Cache keys. A node's key says all its result depends on, and is made once: linear in nodes and links.

    key(node) = H(class, version, code hash, type-tagged literals, fingerprint, [(key(source), slot)])

Equal keys mean equal results, whatever the ids of the nodes and in whatever prompt. What cannot be said is
`Uncacheable`: such a node gets a key that never occurs again, and so does everything that depends on it.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NewType

from engine.folders import Folders, MissingFile, UnsafePath, identity
from engine.graph import Graph, Node
from engine.registry import Registry
from engine.spec import NodeSpec
from engine.types import NodeId, Uncacheable

Key = NewType("Key", str)

_PLAIN = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True)
class Keys:
    """The keys of the needed nodes, sources first, and why some of them can never be looked up again."""

    of: Mapping[NodeId, Key]
    uncacheable: Mapping[NodeId, str]


def keys(graph: Graph, registry: Registry, folders: Folders, roots: Iterable[NodeId]) -> Keys:
    """The keys of `roots` and all they depend on. The graph must be free of cycles and broken links."""
    made: dict[NodeId, Key] = {}
    uncacheable: dict[NodeId, str] = {}
    files: dict[tuple[str, str], str] = {}
    prefixes: dict[str, bytes] = {}
    for name in graph.needed(roots):
        node = graph.nodes[name]
        spec = registry[node.class_type]
        prefix = prefixes.get(spec.name)
        if prefix is None:
            prefix = prefixes[spec.name] = repr((spec.name, spec.version, spec.code_hash)).encode()
        try:
            parts = _inputs(node, made, uncacheable)
            parts.append(_outside(spec, node, folders, files))
        except Unstable as error:
            uncacheable[name] = str(error)
            made[name] = Key(f"once-{uuid.uuid4().hex}")
        else:
            made[name] = Key(hashlib.sha256(prefix + repr(parts).encode()).hexdigest())
    return Keys(MappingProxyType(made), MappingProxyType(uncacheable))


class Unstable(ValueError):
    """Something a node depends on cannot be put into a key; the text says what."""


def _inputs(node: Node, made: Mapping[NodeId, Key], uncacheable: Mapping[NodeId, str]) -> list[Any]:
    """Name and value of each literal, name, key and slot of each link, in the order of names."""
    parts: list[Any] = []
    for name, value in node.literals.items():
        parts.append((name, value if type(value) in _PLAIN else _canonical(value)))
    for name, link in node.links.items():
        if link.node in uncacheable:
            raise Unstable(f"it depends on node {link.node!r}")
        parts.append((name, made[link.node], link.slot))
    if len(parts) > 1:
        parts.sort(key=_by_name)
    return parts


def _by_name(part: tuple[Any, ...]) -> str:
    return part[0]


def _canonical(value: Any) -> tuple[str]:
    """A list or object as JSON text, which keeps 1, 1.0, true and "1" apart; objects are sorted by key."""
    try:
        return (json.dumps(value, sort_keys=True, separators=(",", ":")),)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unstable(f"a {type(value).__name__} cannot be part of a key: {error}") from error


def _outside(
    spec: NodeSpec, node: Node, folders: Folders, files: dict[tuple[str, str], str]
) -> tuple[Any, ...]:
    """What the node reads from outside: its fingerprint or the files it names; its id if it asks for that."""
    own_id = node.id if spec.own_id else None
    if spec.fingerprint is not None:
        return (own_id, _fingerprint(spec, node, folders))
    named = [(i.files, node.literals[i.name]) for i in spec.inputs if i.files and i.name in node.literals]
    return (own_id, *(_file(folders, files, kind, str(name)) for kind, name in named))


def _fingerprint(spec: NodeSpec, node: Node, folders: Folders) -> str:
    assert spec.fingerprint is not None
    parameters = inspect.signature(spec.fingerprint).parameters
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    arguments = {k: v for k, v in node.literals.items() if everything or k in parameters}
    if "folders" in parameters:
        arguments["folders"] = folders
    try:
        result = spec.fingerprint(**arguments)
    except Exception as error:
        raise Unstable(f"its fingerprint raised {type(error).__name__}: {error}") from error
    if isinstance(result, Uncacheable):
        raise Unstable(result.reason)
    return _canonical(result)[0]


def _file(folders: Folders, files: dict[tuple[str, str], str], kind: str, name: str) -> str:
    if (kind, name) not in files:
        try:
            files[kind, name] = identity(folders.find(kind, name))
        except (MissingFile, UnsafePath, OSError) as error:
            # Let the node run and say so in its own words.
            raise Unstable(f"{kind} {name!r} cannot be read: {type(error).__name__}") from error
    return files[kind, name]
