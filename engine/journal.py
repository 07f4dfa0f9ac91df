"""What each node was like when it last ran, to say why it has to run again and how long that may take."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from engine.events import Reason, Usage
from engine.graph import Node
from engine.invoke import describe
from engine.keys import Key, KeyMaker, plain
from engine.spec import NodeSpec
from engine.types import NodeId

LIMIT = 200_000
"""Nodes remembered; each takes a few hundred bytes."""


@dataclass(frozen=True, slots=True)
class Record:
    """One run of a node: everything its key was made of, and what it took."""

    node: Node
    key: Key
    code: bytes
    outside: tuple[object, ...]
    sources: tuple[Key, ...]
    """Keys of the linked nodes, in the order of `node.links`."""
    usage: Usage
    warnings: tuple[str, ...] = ()


class Store(Protocol):
    """Where records outlive the process (`engine.journal_file`)."""

    def read(self) -> list[Record]: ...
    def write(self, records: list[Record]) -> None: ...


class Journal:
    """The last run of every node, by id and class. May be used by several runs at once."""

    def __init__(self, store: Store | None = None, limit: int = LIMIT) -> None:
        self._store = store
        self._limit = limit
        self._last: OrderedDict[tuple[NodeId, str], Record] = OrderedDict()
        self._usual: dict[str, Usage] = {}
        self._new: dict[tuple[NodeId, str], Record] = {}
        self._warnings: OrderedDict[Key, tuple[str, ...]] = OrderedDict()
        """What nodes warned of, by the keys that find their results; most warn of nothing."""
        for record in () if store is None else store.read():
            self._last[record.node.id, record.node.class_type] = record
            self._usual[record.node.class_type] = record.usage
            self._keep(record.key, record.warnings)

    def note(
        self,
        keys: KeyMaker,
        node: Node,
        spec: NodeSpec,
        usage: Usage,
        warnings: tuple[str, ...] = (),
        identity: Key | None = None,
    ) -> None:
        """The node has run. `identity` is a second key its result is kept under, if it is kept."""
        self._keep(keys.of[node.id], warnings)
        if identity is not None:
            self._keep(identity, warnings)
        if node.id in keys.volatile:
            # It may have been given whole objects, which must not stay alive here.
            node = node._replace(literals={n: v for n, v in node.literals.items() if plain(v)})
        record = Record(
            node,
            keys.of[node.id],
            keys.prefix(spec),
            keys.outside.get(node.id, ()),
            tuple([keys.of[link.node] for link in node.links.values()]),
            usage,
            warnings,
        )
        self._last.pop((node.id, spec.name), None)  # so that it is the newest now
        self._last[node.id, spec.name] = record
        self._usual[spec.name] = usage
        if self._store is not None:
            self._new[node.id, spec.name] = record
        if len(self._last) > self._limit:
            self._last.popitem(last=False)

    def save(self) -> None:
        """Write down what ran since the last time. Reads and writes a file: not for an event loop."""
        new, self._new = self._new, {}
        if self._store is not None and new:
            self._store.write([*new.values()])

    def warnings(self, key: Key, identity: Key | None = None) -> tuple[str, ...]:
        """What a node warned of when it made the result that has this key."""
        if not self._warnings:
            return ()
        found = self._warnings.get(key)
        if found is None and identity is not None and (found := self._warnings.get(identity)) is not None:
            self._keep(key, found)  # so that it is found by this one the next time
        return found or ()

    def _keep(self, key: Key, warnings: tuple[str, ...]) -> None:
        if warnings:
            self._warnings[key] = warnings
            if len(self._warnings) > self._limit:
                self._warnings.popitem(last=False)
        elif self._warnings:
            self._warnings.pop(key, None)

    def expected(self, node: Node) -> Usage | None:
        """What the node took when it last ran, or else what one of its class took."""
        last = self._last.get((node.id, node.class_type))
        return self._usual.get(node.class_type) if last is None else last.usage

    def reason(self, keys: KeyMaker, node: Node, spec: NodeSpec) -> Reason:
        """Why the node has to run: the first part of its key that differs from the last run."""
        if node.id in keys.volatile:
            return Reason("uncacheable", None, keys.uncacheable[node.id])
        last = self._last.get((node.id, spec.name))
        if last is None:
            return _FIRST
        if last.key == keys.of[node.id]:
            return _GONE
        if last.code != keys.prefix(spec):
            return Reason("code_changed", None, f"the code of {spec.name} is another")
        return _rewritten(last.node, node) or _behind(last, keys, node) or _elsewhere(last, keys, node)


_FIRST = Reason("first_run", None, "it has not run before")
_GONE = Reason("evicted", None, "its result was not kept")


def _rewritten(before: Node, now: Node) -> Reason | None:
    """An input with another value or link."""
    for name in dict.fromkeys((*now.literals, *now.links, *before.literals, *before.links)):
        old = before.links.get(name, before.literals.get(name))
        new = now.links.get(name, now.literals.get(name))
        # Inside lists and objects 1 and true differ as text only.
        if type(old) is not type(new) or old != new or repr(old) != repr(new):
            return Reason("input_changed", name, f"{_word(before, name)} → {_word(now, name)}")
    return None


def _word(node: Node, name: str) -> str:
    if name in node.links:
        link = node.links[name]
        return f"output {link.slot} of node {link.node}"
    return repr(describe(node.literals[name])) if name in node.literals else "nothing"


def _behind(last: Record, keys: KeyMaker, node: Node) -> Reason | None:
    """A source whose own key is another."""
    for (name, link), before in zip(node.links.items(), last.sources, strict=False):
        if keys.of[link.node] != before:
            return Reason("source_changed", name, f"node {link.node} changed")
    return None


def _elsewhere(last: Record, keys: KeyMaker, node: Node) -> Reason:
    """What it reads from outside: a file's content, or what its fingerprint says."""
    before, now = last.outside, keys.outside.get(node.id, ())
    texts = [str(part) for old, part in zip(before, now, strict=False) if old != part]
    if any(text.startswith(("sha256:", "stat:", "dir:")) for text in texts):
        return Reason("file_changed", None, "a file it reads has other content")
    return Reason("fingerprint_changed", None, "what it reads from outside changed")
