"""Reading a UI workflow of version 0.4 or 1: accept, repair, tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from engine.graph import as_list, as_object
from workflows.formats.definitions import Definitions, type_name
from workflows.formats.graph import (
    INPUTS,
    OUTPUTS,
    PRIMITIVE,
    WORKFLOW,
    Graph,
    Link,
    Node,
    Port,
    Slot,
    Subgraph,
    Workflow,
    link_of,
)
from workflows.formats.group_nodes import PREFIX, ReadNode, group_nodes
from workflows.formats.report import Finding, FormatError
from workflows.formats.sort import kind_of

Tell = Callable[[Finding], None]
_RENAMED = {
    "T2IAdapterLoader": "ControlNetLoader",
    "ConditioningAverage ": "ConditioningAverage",
    "SDV_img2vid_Conditioning": "SVD_img2vid_Conditioning",
}
_STRIPPED = str.maketrans("", "", "&<>\"'`=")
_SAMPLERS = frozenset({"KSampler", "KSamplerAdvanced", PRIMITIVE})
_NUMBER = re.compile(r"\d{1,15}")
_OLD_PREFIX = "sample_"


def read(document: Any, definitions: Definitions, tell: Tell) -> Workflow:
    """The workflow in a parsed file. Raises FormatError if it holds none."""
    root = as_object(document)
    if root is None or as_list(root.get("nodes")) is None:
        if kind_of(document) == "prompt":
            raise FormatError("this is a prompt in API format, not the list of nodes of a workflow")
        raise FormatError("a workflow is an object with a list of nodes")
    groups = as_object((as_object(root.get("extra")) or {}).get("groupNodes")) or {}
    reader: ReadNode = partial(read_node, groups=groups)
    subgraphs: dict[str, Subgraph] = {}
    for entry in as_list((as_object(root.get("definitions")) or {}).get("subgraphs")) or []:
        if (definition := as_object(entry)) is not None:
            found = _subgraph(definition, reader, tell)
            subgraphs[found.id] = found
    subgraphs.update(group_nodes(groups, definitions, tell, reader))
    return Workflow(_graph(root, "", reader, tell), subgraphs)


def _subgraph(definition: Mapping[str, Any], reader: ReadNode, tell: Tell) -> Subgraph:
    name = str(definition.get("name") or definition.get("id"))
    graph = _graph(definition, f" of the subgraph {name!r}", reader, tell)
    return Subgraph(
        str(definition.get("id")),
        name,
        graph,
        _ports(definition.get("inputs"), graph, inputs=True),
        _ports(definition.get("outputs"), graph, inputs=False),
    )


def _ports(entries: Any, graph: Graph, *, inputs: bool) -> tuple[Port, ...]:
    ports: list[Port] = []
    for index, entry in enumerate(as_list(entries) or []):
        port = as_object(entry) or {}
        # Files of third parties leave `linkIds` out or wrong; which links they are, the links say.
        found = [link.id for link in graph.links.values() if _ends_at(link, index, inputs=inputs)]
        named = [link for entry in as_list(port.get("linkIds")) or [] if (link := str(entry)) in found]
        links = dict.fromkeys([*named, *found])
        ports.append(Port(str(port.get("name", "")), type_name(port.get("type")), tuple(links)))
    return tuple(ports)


def _ends_at(link: Link, index: int, *, inputs: bool) -> bool:
    if inputs:
        return (link.origin, link.origin_slot) == (INPUTS, index) and link.target != OUTPUTS
    return (link.target, link.target_slot) == (OUTPUTS, index)


def _graph(record: Mapping[str, Any], where: str, reader: ReadNode, tell: Tell) -> Graph:
    nodes: dict[str, Node] = {}
    raws = [raw for entry in as_list(record.get("nodes")) or [] if (raw := as_object(entry)) is not None]
    fresh = _fresh_ids(raws)
    for raw in raws:
        node_id = _id_of(raw)
        if node_id is None or node_id in nodes:
            number = next(fresh)
            fault = "has no id" if node_id is None else f"has the id {node_id} of another"
            text = f"a node{where}, a {raw.get('type')}, {fault}; it is read as {number}"
            tell(Finding("duplicate_id", text, node_id or number, str(raw.get("type"))))
            node_id = number
        nodes[node_id] = reader(raw, node_id, tell)
    links = {link.id: link for entry in as_list(record.get("links")) or [] if (link := read_link(entry))}
    _link_everywhere(nodes, links, as_object(record.get("extra")) or {})
    return Graph(nodes, links)


def _link_everywhere(nodes: dict[str, Node], links: dict[str, Link], extra: Mapping[str, Any]) -> None:
    """Add the links that "use everywhere" nodes made, which are stored apart, to inputs without one."""
    for number, entry in enumerate(as_list(extra.get("ue_links")) or []):
        stored = as_object(entry) or {}
        keys = ("upstream", "upstream_slot", "downstream", "downstream_slot")
        link = link_of(f"everywhere {number}", *(stored.get(key) for key in keys))
        node = nodes.get(link.target) if link is not None else None
        if link is None or node is None or not 0 <= link.target_slot < len(node.inputs):
            continue
        slot = node.inputs[link.target_slot]
        # Places shift when sockets of widgets come and go: a socket of another type is not the one meant.
        if slot.link not in links and slot.type == type_name(stored.get("type")):
            inputs = list(node.inputs)
            inputs[link.target_slot] = replace(slot, link=link.id)
            nodes[node.id] = replace(node, inputs=tuple(inputs))
            links[link.id] = link


def _id_of(raw: Mapping[str, Any]) -> str | None:
    found = raw.get("id")
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return None if found is None or found == "" else str(found)


def _fresh_ids(raws: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Ids that no node of the file has."""
    ids = [_id_of(raw) or "" for raw in raws]
    return map(str, count(max((int(node) for node in ids if _NUMBER.fullmatch(node)), default=0) + 1))


def read_node(
    raw: Mapping[str, Any], node_id: str, tell: Tell, *, groups: Collection[str] = frozenset()
) -> Node:
    """One node record; `node_id` replaces the id in it. `groups` are the file's group nodes."""
    kind = str(raw.get("type", ""))
    name = _class_name(kind, groups)
    if name != kind:
        tell(Finding("renamed_class", f"{kind!r} is now called {name!r}", node_id, name))
    mode = raw.get("mode")
    title = raw.get("title")
    return Node(
        node_id,
        name,
        mode if isinstance(mode, int) else 0,
        tuple(_slot(slot) for entry in as_list(raw.get("inputs")) or [] if (slot := as_object(entry))),
        tuple(type_name((as_object(slot) or {}).get("type")) for slot in as_list(raw.get("outputs")) or []),
        _values(name, raw.get("widgets_values")),
        title if isinstance(title, str) else None,
        as_object(raw.get("properties")) or {},
    )


def _class_name(kind: str, groups: Collection[str]) -> str:
    if kind.startswith(WORKFLOW):
        # Group nodes were once called so; of any other name it is a released workflow, pinned to a version.
        name = kind.removeprefix(WORKFLOW)
        return PREFIX + name if name in groups else kind
    if kind.startswith(PREFIX):
        return kind
    kind = _RENAMED.get(kind, kind)
    return kind.translate(_STRIPPED)


def _slot(slot: Mapping[str, Any]) -> Slot:
    widget = as_object(slot.get("widget"))
    name = str(slot.get("name", ""))
    link = slot.get("link")
    stands_for = None if widget is None else str(widget.get("name", name))
    return Slot(name, type_name(slot.get("type")), None if link is None else str(link), stands_for)


def _values(kind: str, values: Any) -> list[Any] | Mapping[str, Any] | None:
    if (named := as_object(values)) is not None:
        return {name: _value(kind, value) for name, value in named.items()}
    listed = as_list(values)
    return None if listed is None else [_value(kind, value) for value in listed]


def _value(kind: str, value: Any) -> Any:
    if kind in _SAMPLERS and isinstance(value, str):
        return value.removeprefix(_OLD_PREFIX)
    return None if isinstance(value, float) and value != value else value  # NaN was a number once


def read_link(entry: Any) -> Link | None:
    """A link in either form; None for what is none."""
    if (named := as_object(entry)) is not None:
        parts: list[Any] = [
            named.get(key) for key in ("id", "origin_id", "origin_slot", "target_id", "target_slot")
        ]
    else:
        parts = list(as_list(entry) or [])[:5]
    if len(parts) < 5 or parts[0] is None:
        return None
    return link_of(str(parts[0]), *parts[1:])
