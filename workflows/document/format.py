"""A document as text for version control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import as_list, as_object
from workflows.canonical import CanonicalError, Json, canonical, lines
from workflows.document.errors import DocumentError
from workflows.document.parts import parts_of
from workflows.document.vocabulary import id_text, in_order, object_of
from workflows.formats.read import read_link
from workflows.formats.sort import kind_of

_FIRST = ("id", "name", "type", "class_type", "title", "mode")
_SPREAD = frozenset({"widgets_values", "inputs"})
"""One value a line: two people change two values of one node."""


def formatted(document: Json) -> str:
    """The whole document, canonical and line by line: nodes sorted by id, links by target.

    It stays a file that ComfyUI opens. Formatting it again changes nothing. A bare prompt in API format does
    as well. Raises DocumentError.
    """
    try:
        whole = canonical(document)
        bare = kind_of(whole) == "prompt"
        if not bare:
            parts_of(whole)
    except CanonicalError as error:
        raise DocumentError(f"this workflow cannot be written: {error}") from error
    prompt = whole if bare else object_of(whole.get("prompt"))
    return lines(whole if bare else _sorted_root(whole), first=(*_FIRST, *in_order(prompt)), spread=_SPREAD)


def _sorted_root(root: Mapping[str, Any]) -> dict[str, Any]:
    made = _sorted_graph(root)
    definitions = as_object(root.get("definitions"))
    subgraphs = as_list((definitions or {}).get("subgraphs"))
    if definitions is not None and subgraphs is not None:
        graphs = sorted(subgraphs, key=lambda graph: str(object_of(graph).get("id")))
        made["definitions"] = {**definitions, "subgraphs": [_sorted_graph(graph) for graph in graphs]}
    return made


def _sorted_graph(graph: Any) -> Any:
    record = as_object(graph)
    if record is None:
        return graph
    made = {**record}
    nodes = as_list(record.get("nodes"))
    ids = in_order({id_text(object_of(node).get("id")) or "" for node in nodes or []})
    rank = {node: index for index, node in enumerate(ids)}
    if nodes is not None:
        made["nodes"] = sorted(nodes, key=lambda node: rank[id_text(object_of(node).get("id")) or ""])
    if (links := as_list(record.get("links"))) is not None:
        made["links"] = sorted(links, key=lambda link: _by_target(link, rank))
    return made


def _by_target(raw: Any, rank: Mapping[str, int]) -> tuple[int, int, str]:
    link = read_link(raw)
    if link is None:
        return (len(rank), 0, "")
    return (rank.get(link.target, len(rank)), link.target_slot, link.id)
