"""A version as a file that ComfyUI opens."""

from __future__ import annotations

from typing import Any

from engine.graph import as_list, as_object
from workflows.document import formatted
from workflows.formats import FormatError
from workflows.formats.definitions import Definitions
from workflows.functions import is_workflow, prompt_of

Json = dict[str, Any]


def as_workflow(document: Json) -> str:
    """What the canvas saves, line by line. Raises FormatError for a prompt, which has no canvas."""
    if "nodes" not in document:
        raise FormatError("this version is a prompt without a canvas: export it in the format api")
    return formatted(document)


def as_prompt(document: Json, definitions: Definitions) -> Json:
    """The prompt a document stands for, with texts as they were typed.

    Raises FunctionError if the document is damaged.
    """
    return prompt_of(document, definitions)


def released_in(document: Json) -> list[str]:
    """The released workflows among its nodes, which ComfyUI does not know."""
    root = as_object(document) or {}
    inside = as_list((as_object(root.get("definitions")) or {}).get("subgraphs")) or []
    graphs = [root, *(found for one in inside if (found := as_object(one)))]
    nodes = (as_object(node) or {} for graph in graphs for node in as_list(graph.get("nodes")) or [])
    return sorted({str(node["type"]) for node in nodes if is_workflow(node.get("type"))})
