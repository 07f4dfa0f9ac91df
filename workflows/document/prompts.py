"""Prompt documents, `{"prompt": {id: {class_type, inputs}}, "extra": …}`, in the words of workflows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import as_link, as_object
from workflows.document.vocabulary import object_of, without

Object = dict[str, Any]
_TAKEN = frozenset({"class_type", "inputs", "_meta", "is_changed"})


def is_prompt_document(root: Mapping[str, Any]) -> bool:
    """Whether it holds a prompt rather than what the canvas saves."""
    prompt = as_object(root.get("prompt"))
    return "nodes" not in root and prompt is not None and all(_is_node(node) for node in prompt.values())


def _is_node(value: Any) -> bool:
    node = as_object(value) or {}
    return isinstance(node.get("class_type"), str) and as_object(node.get("inputs", {})) is not None


def apart_prompt(root: Mapping[str, Any]) -> tuple[Object, Object]:
    """Its meaning and its layout, which is nearly nothing; both share values with it."""
    prompt = root["prompt"]
    nodes: Object = {}
    looks: list[Object] = []
    for name, entry in prompt.items():
        inputs: Mapping[str, Any] = entry.get("inputs", {})
        links = {key: [*link] for key, value in inputs.items() if (link := as_link(value))}
        links = {key: link for key, link in links.items() if link[0] in prompt}
        node: Object = {"type": entry["class_type"], "inputs": links}
        if values := without(inputs, links):
            node["values"] = values
        meta = object_of(entry.get("_meta"))
        if isinstance(meta.get("title"), str):
            node["title"] = meta["title"]
        if other := without(entry, _TAKEN):
            node["other"] = other
        nodes[name] = node
        looks.append({"node": name, **({"is_changed": entry["is_changed"]} if "is_changed" in entry else {})})
    rest = without(root, {"prompt", "extra"})
    layout: Object = {"nodes": looks, **({"extra": {}} if "extra" in root else {})}
    meaning = {"kind": "prompt", "nodes": nodes, "extra": object_of(root.get("extra")), "other": rest}
    return {**meaning, "subgraphs": {}}, layout


def together_prompt(meaning: Mapping[str, Any], layout: Mapping[str, Any]) -> Object:
    """The document, sharing values with both parts."""
    looks = {look["node"]: without(look, {"node"}) for look in layout.get("nodes", [])}
    prompt: Object = {}
    for name, node in meaning["nodes"].items():
        entry: Object = {"class_type": node["type"], "inputs": {**node.get("values", {}), **node["inputs"]}}
        if "title" in node:
            entry["_meta"] = {"title": node["title"]}
        prompt[name] = {**entry, **node.get("other", {}), **looks.get(name, {})}
    document: Object = {**meaning["other"], "prompt": prompt}
    if meaning["extra"] or "extra" in layout:
        document["extra"] = meaning["extra"]
    return document
