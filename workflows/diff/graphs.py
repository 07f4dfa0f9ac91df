"""Comparing one graph with what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.graph import as_list
from workflows.canonical import Json
from workflows.diff.changes import Change
from workflows.diff.matching import Matched, identical
from workflows.document.values import Named, is_extra
from workflows.document.vocabulary import in_order, object_of, without
from workflows.formats.definitions import Definitions
from workflows.formats.graph import INPUTS, OUTPUTS

_CONTROLS = ("control", "filter")


@dataclass(frozen=True)
class Side:
    """A graph before or after."""

    graph: Mapping[str, Any]
    look: Mapping[str, Any]
    definitions: Definitions
    named: Named
    subgraphs: Mapping[str, Any]

    @property
    def nodes(self) -> Mapping[str, Any]:
        """Its nodes by id."""
        return self.graph["nodes"]

    def places(self) -> dict[str, Any]:
        """Where its nodes lie."""
        return {look["node"]: look.get("pos") for look in self.look.get("nodes", [])}

    def class_of(self, node: Mapping[str, Any]) -> str:
        """A node's class as people call it."""
        inside = self.subgraphs.get(node["type"])
        return node["type"] if inside is None else str(inside.get("name", node["type"]))

    def title_of(self, node: Mapping[str, Any]) -> str | None:
        """The title a person gave a node, None for its usual one."""
        title = node.get("title")
        definition = self.definitions(node["type"])
        usual = {self.class_of(node), node["type"], definition.title if definition else ""}
        return None if title is None or title in usual else title

    def end(self, source: Any) -> dict[str, Any] | None:
        """What a link comes from, in words."""
        if source is None:
            return None
        name, slot = source
        if name == INPUTS:
            shown = self.port("inputs", slot)
            return {"node": name, "slot": shown, "output": shown, "title": None, "class_type": None}
        node = self.nodes[name]
        output = self._output(name, node["type"], slot)
        words = {"title": self.title_of(node), "class_type": self.class_of(node)}
        return {"node": name, "slot": slot, "output": output, **words}

    def _output(self, name: str, kind: str, slot: int) -> str | None:
        """What an output is called in the file, or at least its type."""
        looks: list[Mapping[str, Any]] = self.look["nodes"]
        outputs = next((as_list(look.get("outputs")) for look in looks if look["node"] == name), None) or []
        definition = self.definitions(kind)
        if slot < len(outputs) and (shown := object_of(outputs[slot]).get("name")):
            return str(shown)
        return definition.outputs[slot] if definition and slot < len(definition.outputs) else None

    def port(self, side: str, key: str) -> str:
        """The name of one of a definition's inputs or outputs."""
        ports: list[Mapping[str, Any]] = self.graph.get(side, [])
        return next((str(port.get("name", key)) for port in ports if port["key"] == key), key)


class GraphDiff:
    """The changes from one graph to another, given which nodes are the same."""

    def __init__(self, name: str, before: Side, after: Side, matched: Matched) -> None:
        self._name = name
        self._before = before
        self._after = after
        self._matched = matched
        self._old_of = {new: old for old, new in matched.items()}

    def changes(self) -> Iterator[Change]:
        """Node by node in the order of ids, then what the graph itself has."""
        removed = {name for name in self._before.nodes if name not in self._matched}
        places = (self._before.places(), self._after.places())
        for name in in_order({*self._after.nodes, *removed}):
            if name in removed:
                yield self._one("node_removed", self._before, name)
            if name in self._old_of:
                old = self._old_of[name]
                yield from self._node(old, name)
                spots = (places[0].get(old), places[1].get(name))
                if None not in spots and _xy(spots[0]) != _xy(spots[1]):
                    yield self._change("moved", name, before=_xy(spots[0]), after=_xy(spots[1]))
            elif name in self._after.nodes:
                yield self._one("node_added", self._after, name)
        if self._name:
            yield from self._interface()
        yield from self._groups()

    def _node(self, old: str, new: str) -> Iterator[Change]:
        before, after = self._before.nodes[old], self._after.nodes[new]
        if old == new and identical(before, after) and self._sources_stay(after):
            return
        if before["type"] != after["type"]:
            yield self._change("class", new, before=before["type"], after=after["type"])
        titles = (self._before.title_of(before), self._after.title_of(after))
        if titles[0] != titles[1]:
            yield self._change("retitled", new, before=titles[0], after=titles[1])
        if before.get("mode", 0) != after.get("mode", 0):
            yield self._change("mode", new, before=before.get("mode", 0), after=after.get("mode", 0))
        yield from self._values(before, after, new)
        for key in dict.fromkeys([*before["inputs"], *after["inputs"]]):
            yield from self._link(new, key, before["inputs"].get(key), after["inputs"].get(key))
        for part in ("properties", "other"):
            one, other = object_of(before.get(part)), object_of(after.get(part))
            for key in dict.fromkeys([*one, *other]):
                if one.get(key) != other.get(key):
                    yield self._change("property", new, key, one.get(key), other.get(key))

    def _values(self, before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> Iterator[Change]:
        if before["type"] == after["type"] and _equal(before.get("values"), after.get("values")):
            return
        one, other = self._before.named.values(before), self._after.named.values(after)
        for key in dict.fromkeys([*one, *other]):
            if is_extra(key):
                old, new = one.get(key), other.get(key)
                if key.endswith(_CONTROLS) and key in one and key in other and not _equal(old, new):
                    yield self._change("control", name, key.rpartition(":")[0], old, new)
                continue
            old = one[key] if key in one else self._before.named.default(before, key)
            new = other[key] if key in other else self._after.named.default(after, key)
            if not _equal(old, new):
                yield self._change("value", name, key, old, new)

    def _link(self, name: str, key: str, before: Any, after: Any) -> Iterator[Change]:
        if not self._same_source(before, after):
            yield self._change("rewired", name, key, self._before.end(before), self._after.end(after))

    def _same_source(self, before: Any, after: Any) -> bool:
        if before is None or after is None:
            return before is after
        if before[0] == INPUTS == after[0] and before[1] != after[1]:
            return self._before.port("inputs", before[1]) == self._after.port("inputs", after[1])
        return self._matched.get(before[0], before[0]) == after[0] and before[1] == after[1]

    def _sources_stay(self, node: Mapping[str, Any]) -> bool:
        return all(self._matched.get(source[0], source[0]) == source[0] for source in node["inputs"].values())

    def _interface(self) -> Iterator[Change]:
        names = (self._before.graph.get("name"), self._after.graph.get("name"))
        if names[0] != names[1]:
            yield Change("retitled", self._name, before=names[0], after=names[1])
        for side in ("inputs", "outputs"):
            one, other = _ports(self._before, side), _ports(self._after, side)
            names = {str(port.get("name")): key for key, port in other.items() if key not in one}
            one = {
                key if key in other else names.get(str(port.get("name")), key): port
                for key, port in one.items()
            }
            for key in dict.fromkeys([*one, *other]):
                old, new = one.get(key), other.get(key)
                shown = [
                    None if port is None else without(port, {"key", "from", "id"}) for port in (old, new)
                ]
                title = str((new or old or {}).get("name", key))
                if shown[0] != shown[1]:
                    yield Change("interface", self._name, input=f"{side}.{title}", before=shown[0],
                                 after=shown[1])  # fmt: skip
                elif old is not None and new is not None:
                    yield from self._returned(title, old, new)
            orders = [[key for key in ports if key in one and key in other] for ports in (one, other)]
            if orders[0] != orders[1]:
                shown = [[str(other[key].get("name", key)) for key in order] for order in orders]
                yield Change("interface", self._name, input=side, before=shown[0], after=shown[1])

    def _returned(self, title: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
        before, after = old.get("from", []), new.get("from", [])
        pairs = zip(before, after, strict=False)
        if len(before) == len(after) and all(self._same_source(*pair) for pair in pairs):
            return
        first = [
            self._before.end(before[0] if before else None),
            self._after.end(after[0] if after else None),
        ]
        yield Change("rewired", self._name, OUTPUTS, input=title, before=first[0], after=first[1])

    def _groups(self) -> Iterator[Change]:
        one, other = _frames(self._before.look), _frames(self._after.look)
        for key in dict.fromkeys([*one, *other]):
            old, new = one.get(key), other.get(key)
            if not _equal(old, new):
                title = str((new or old or {}).get("title", ""))
                yield Change("group", self._name, title=title, before=old, after=new)

    def _one(self, kind: Any, side: Side, name: str) -> Change:
        node = side.nodes[name]
        return Change(kind, self._name, name, title=side.title_of(node), class_type=side.class_of(node))

    def _change(
        self, kind: Any, name: str, key: str | None = None, before: Json = None, after: Json = None
    ) -> Change:
        node, old = self._after.nodes[name], self._old_of[name]
        return Change(
            kind,
            self._name,
            name,
            old if old != name else None,
            self._after.title_of(node),
            self._after.class_of(node),
            key,
            before,
            after,
        )


def _equal(one: Any, other: Any) -> bool:
    """Whether two values are the same; true is not 1, and 1.0 is."""
    return one == other and (repr(one) == repr(other) or _exactly(one, other))


def _exactly(one: Any, other: Any) -> bool:
    from workflows.canonical import dumps

    return dumps(one) == dumps(other)


def _xy(place: Any) -> list[float]:
    """A place as two whole numbers; old files have an object."""
    record = object_of(place)
    parts = [record.get("0"), record.get("1")] if record else list(as_list(place) or [])[:2]
    return [round(part) for part in parts if isinstance(part, int | float)]


def _ports(side: Side, kind: str) -> dict[str, Mapping[str, Any]]:
    return {port["key"]: port for port in side.graph.get(kind, [])}


def _frames(look: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Frames around nodes, by id or title."""
    found: dict[str, Mapping[str, Any]] = {}
    for index, entry in enumerate(as_list(object_of(look.get("record")).get("groups")) or []):
        frame = object_of(entry)
        name = str(frame.get("id") or frame.get("title") or index)
        found[name if name not in found else f"{name} {index}"] = frame
    return found
