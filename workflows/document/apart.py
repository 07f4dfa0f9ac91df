"""From a file of the canvas to what it means and how it looks, graph by graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.graph import as_list, as_object
from workflows.document.vocabulary import (
    EXTRA_LAYOUT,
    GRAPH_LAYOUT,
    GRAPH_PARTS,
    NAME_IN_TEXTS,
    NODE_LAYOUT,
    NODE_PARTS,
    ORIGIN,
    PORT_LAYOUT,
    SUBGRAPH_PARTS,
    fresh,
    highest,
    id_text,
    is_empty,
    natural,
    object_of,
    only,
    unique,
    without,
)
from workflows.formats.graph import INPUTS, OUTPUTS, Link
from workflows.formats.read import read_link

Object = dict[str, Any]
Ports = list[tuple[str, Mapping[str, Any]]]
"""Records of a definition's inputs or outputs, each with the key that links call it by."""


def apart(root: Mapping[str, Any], *, links: bool = True) -> tuple[Object, Object]:
    """The meaning and the layout of a workflow with a list of nodes; both share values with it.

    Without `links` the layout is for comparing only: it lacks what links look like.
    """
    graph, look = _Graph(root, (), ()).parts(links=links)
    records = object_of(root.get("definitions"))
    meaning: Object = {"kind": "workflow", **graph, "subgraphs": {}}
    layout: Object = {**look, "subgraphs": []}
    if as_object(root.get("definitions")) is not None:
        layout["definitions"] = without(records, {"subgraphs"})
    for entry in as_list(records.get("subgraphs")) or []:
        record = object_of(entry)
        name = id_text(record.get("id"))
        if name is None or name in meaning["subgraphs"]:
            continue
        inside, shown = _subgraph(record, links=links)
        meaning["subgraphs"][name] = inside
        layout["subgraphs"].append({"subgraph": name, **shown})
    return meaning, layout


def _subgraph(record: Mapping[str, Any], *, links: bool) -> tuple[Object, Object]:
    inputs, outputs = _ports(record.get("inputs")), _ports(record.get("outputs"))
    graph = _Graph(record, inputs, outputs)
    inside, shown = graph.parts(SUBGRAPH_PARTS, links=links)
    if isinstance(record.get("name"), str):
        inside["name"] = record["name"]
    inside["inputs"] = [{"key": key, **without(port, PORT_LAYOUT)} for key, port in inputs]
    inside["outputs"] = [
        {"key": key, **without(port, PORT_LAYOUT), "from": graph.returned(index, port)}
        for index, (key, port) in enumerate(outputs)
    ]
    shown["inputs"] = [[key, only(port, PORT_LAYOUT)] for key, port in inputs]
    shown["outputs"] = [[key, only(port, PORT_LAYOUT)] for key, port in outputs]
    return inside, shown


def _ports(entries: Any) -> Ports:
    """Ids stay when names change; a file without them has names, or at least places."""
    found: dict[str, Mapping[str, Any]] = {}
    for index, entry in enumerate(as_list(entries) or []):
        port = object_of(entry)
        name = port.get("id") or port.get("name")
        found[unique(name if isinstance(name, str) else str(index), found)] = port
    return list(found.items())


class _Graph:
    """One graph of a file: its nodes by id and its links."""

    def __init__(
        self,
        record: Mapping[str, Any],
        inputs: Iterable[tuple[str, Mapping[str, Any]]],
        outputs: Iterable[tuple[str, Mapping[str, Any]]],
    ) -> None:
        self._record = record
        self._inputs = [key for key, _ in inputs]
        self._outputs = [key for key, _ in outputs]
        self._nodes = _by_id(as_list(record.get("nodes")) or [])
        self._links: dict[str, tuple[Link, Any]] = {}
        for raw in as_list(record.get("links")) or []:
            if (link := read_link(raw)) is not None:
                self._links[link.id] = (link, raw)
        self._ends: dict[str, tuple[str, str]] = {}

    def parts(self, taken: frozenset[str] = frozenset(), *, links: bool) -> tuple[Object, Object]:
        """What it means and how it looks."""
        nodes: Object = {}
        looks: list[Object] = []
        for name, raw in self._nodes.items():
            nodes[name], look = self._node(name, raw)
            looks.append({"node": name, **look})
        given = self._record.get("extra")
        other = without(self._record, GRAPH_LAYOUT | GRAPH_PARTS | taken)
        meaning = {
            "nodes": nodes,
            "extra": without(object_of(given), EXTRA_LAYOUT),
            "other": {key: value for key, value in other.items() if not is_empty(value)},
        }
        layout: Object = {"nodes": looks, "links": self._looks_of_links() if links else []}
        layout["record"] = only(self._record, GRAPH_LAYOUT) | {
            key: value for key, value in other.items() if key not in meaning["other"]
        }
        if as_object(given) is not None:
            layout["extra"] = only(object_of(given), EXTRA_LAYOUT)
        return meaning, layout

    def returned(self, index: int, port: Mapping[str, Any]) -> list[list[Any]]:
        """The sources of one of a definition's outputs, the one that counts first."""
        found = {
            link.id: source
            for link, _ in self._links.values()
            if (link.target, link.target_slot) == (OUTPUTS, index) and (source := self._source(link))
        }
        named = [link for raw in as_list(port.get("linkIds")) or [] if (link := str(raw)) in found]
        return [found[link] for link in dict.fromkeys([*named, *found])]

    def _node(self, name: str, raw: Mapping[str, Any]) -> tuple[Object, Object]:
        kind, title, mode = str(raw.get("type", "")), raw.get("title"), raw.get("mode")
        node: Object = {"type": kind}
        look = only(raw, NODE_LAYOUT)
        if isinstance(title, str):
            node["title"] = title
        if isinstance(mode, int) and mode:
            node["mode"] = mode
        elif "mode" in raw:
            look["mode"] = mode
        if not is_empty(raw.get("widgets_values")):
            node["values"] = raw["widgets_values"]
        elif "widgets_values" in raw:
            look["widgets_values"] = raw["widgets_values"]
        if raw.get("id") != natural(name):
            look["id"] = raw.get("id")
        node["inputs"] = self._inputs_of(name, raw, look)
        if "outputs" in raw:
            look["outputs"] = raw["outputs"]
        _properties(kind, raw, node, look)
        if other := without(raw, NODE_LAYOUT | NODE_PARTS):
            look |= {key: value for key, value in other.items() if is_empty(value)}
            if full := without(other, look):
                node["other"] = full
        return node, look

    def _inputs_of(self, name: str, raw: Mapping[str, Any], look: Object) -> Object:
        linked: Object = {}
        slots: Object = {}
        for entry in as_list(raw.get("inputs")) or []:
            slot = object_of(entry)
            key = unique(str(slot.get("name", "")), slots)
            number = slot.get("link")
            slots[key] = {**slot, "link": None} if "link" in slot else slot
            found = self._links.get(str(number)) if number is not None else None
            if found is not None and (source := self._source(found[0])):
                linked[key] = source
                self._ends.setdefault(found[0].id, (name, key))
        if "inputs" in raw:
            look["inputs"] = None if raw["inputs"] is None else [[key, slot] for key, slot in slots.items()]
        return linked

    def _source(self, link: Link) -> list[Any] | None:
        """Where a link begins; None if there is nothing."""
        if link.origin in self._nodes:
            return [link.origin, link.origin_slot]
        if link.origin == INPUTS and 0 <= link.origin_slot < len(self._inputs):
            return [INPUTS, self._inputs[link.origin_slot]]
        return None

    def _looks_of_links(self) -> list[Object]:
        bent = self._record.get("reroutes") or object_of(self._record.get("extra")).get("reroutes")
        looks: list[Object] = []
        for link, raw in self._links.values():
            end = self._ends.get(link.id)
            to_output = link.target == OUTPUTS and 0 <= link.target_slot < len(self._outputs)
            if end is None and to_output:
                end = (OUTPUTS, self._outputs[link.target_slot])
            if end is None or (source := self._source(link)) is None:
                continue
            look: Object = {"to": list(end)}
            if bent or to_output:  # points on the way belong to this link, not to another to that input
                look["from"] = source
            if (record := as_object(raw)) is not None:
                drawn = without(record, {"origin_id", "origin_slot", "target_id", "target_slot"})
                looks.append({**look, "object": drawn})
            else:
                parts = as_list(raw) or []
                looks.append({**look, "array": [parts[0], *parts[5:]]})
        return looks


def _properties(kind: str, raw: Mapping[str, Any], node: Object, look: Object) -> None:
    properties = as_object(raw.get("properties"))
    if properties is None:
        if "properties" in raw:
            look["properties"] = raw["properties"]
        return
    usual = {NAME_IN_TEXTS} if properties.get(NAME_IN_TEXTS) == kind else set[str]()
    empty = {key for key, value in properties.items() if is_empty(value)}
    look["properties"] = only(properties, ORIGIN | usual | empty)
    if own := without(properties, look["properties"]):
        node["properties"] = own


def _by_id(entries: Iterable[Any]) -> dict[str, Mapping[str, Any]]:
    """Nodes by id; one without an id of its own gets a free one, in the order of the file."""
    raws = [raw for entry in entries if (raw := as_object(entry)) is not None]
    ids = [id_text(raw.get("id")) for raw in raws]
    known = {name for name in ids if name is not None}
    start = highest(known) + 1
    found: dict[str, Mapping[str, Any]] = {}
    for name, raw in zip(ids, raws, strict=True):
        if name is None or name in found:
            name = fresh(known, start)
            known.add(name)
        found[name] = raw
    return found
