"""A canvas workflow with the values of a call in its widgets, to go into the pictures the call makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.graph import as_list, as_object
from workflows.formats.definitions import Definitions
from workflows.formats.widgets import best_layout
from workflows.functions.function import Function
from workflows.functions.parts import Input, Json

_LOADERS = {"LoadImage", "LoadImageMask"}


def filled(document: Json, function: Function, values: Mapping[str, Any], definitions: Definitions) -> Json:
    """The workflow as somebody who typed these values would have it; the document given is not changed.

    What is inside a subgraph, or comes from another node, stays as it is: the definition of a subgraph may
    serve several nodes. The prompt in the picture has all values in any case.
    """
    nodes = {str(node.get("id")): node for node in _objects(document.get("nodes"))}
    changed: dict[str, Json] = {}
    for entry in function.inputs:
        if entry.name in values:
            for node_id, widget in _places(entry, document, nodes):
                node = changed.get(node_id, nodes[node_id])
                changed[node_id] = _with(node, widget, values[entry.name], definitions)
    if not changed:
        return document
    whole = as_list(document["nodes"]) or []
    return {**document, "nodes": [changed.get(str((as_object(one) or {}).get("id")), one) for one in whole]}


def _places(entry: Input, document: Json, nodes: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """The widgets of the workflow that hold the value of an input: node and name."""
    for target in entry.targets:
        if target.node not in nodes:
            continue
        link = _link_into(nodes[target.node], target.input)
        if link is None and entry.is_widget:
            yield target.node, target.input
        elif link is not None and entry.takes_file:
            origin = _origin(document, link)
            if origin in nodes and nodes[origin].get("type") in _LOADERS:
                yield origin, "image"


def _link_into(node: Json, name: str) -> Any:
    sockets = _objects(node.get("inputs"))
    return next((socket.get("link") for socket in sockets if socket.get("name") == name), None)


def _origin(document: Json, link: Any) -> str:
    """The node a link comes from; links are lists in files of version 0.4, objects in later ones."""
    for one in as_list(document.get("links")) or []:
        parts, fields = as_list(one), as_object(one)
        if parts is not None and len(parts) > 1 and parts[0] == link:
            return str(parts[1])
        if fields is not None and fields.get("id") == link:
            return str(fields.get("origin_id"))
    return ""


def _with(node: Json, widget: str, value: Any, definitions: Definitions) -> Json:
    stored = node.get("widgets_values")
    by_name = as_object(stored)
    if by_name is not None:
        return {**node, "widgets_values": {**by_name, widget: value}}
    by_place, definition = as_list(stored), definitions(str(node.get("type")))
    if by_place is None or definition is None:
        return node
    names = [place.input.name if place.input else None for place in best_layout(definition, by_place)]
    index = names.index(widget) if widget in names else len(by_place)
    kept = [value if at == index else other for at, other in enumerate(by_place)]
    return {**node, "widgets_values": kept}


def _objects(found: Any) -> Iterator[Json]:
    for one in as_list(found) or []:
        if (entry := as_object(one)) is not None:
            yield dict(entry)
