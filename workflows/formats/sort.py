"""What kind of JSON file this is."""

from __future__ import annotations

from typing import Any, Literal

from engine.graph import as_object

Kind = Literal["templates", "prompt", "workflow", "nothing"]


def kind_of(loaded: Any) -> Kind:
    """Node templates, an API prompt, a UI workflow, or nothing that could be opened."""
    document = as_object(loaded)
    if not document:
        return "nothing"
    if "templates" in document:
        return "templates"
    if all(_is_prompt_node(node) for node in document.values()):
        return "prompt"
    return "workflow" if isinstance(document.get("nodes"), list) else "nothing"


def _is_prompt_node(value: Any) -> bool:
    node = as_object(value)
    return node is not None and isinstance(node.get("class_type"), str) and bool(node["class_type"])
