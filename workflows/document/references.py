"""Ids of nodes that stand outside of links: in the function declaration, in packs' extras, in promotions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.graph import as_list, as_object
from workflows.document.function import KEY
from workflows.document.vocabulary import natural, object_of

Renamed = Mapping[str, str]
"""Old id to new id of the nodes of one graph; one that is missing keeps its own."""
Paths = Callable[[str], str]
"""Old path id to new path id, as `12:7`."""


def paths(
    meaning: Mapping[str, Any], root: Renamed, subgraphs: Mapping[str, Renamed]
) -> Callable[[str], str]:
    """The function that renames path ids of a document with this meaning."""

    def renamed(path: str) -> str:
        ids, names, made = meaning["nodes"], root, list[str]()
        for part in path.split(":"):
            made.append(names.get(part, part))
            kind = object_of(ids.get(part)).get("type", "")
            ids = object_of(object_of(meaning["subgraphs"].get(kind)).get("nodes"))
            names = subgraphs.get(kind, {})
        return ":".join(made)

    return renamed


def renamed_extra(extra: Mapping[str, Any], root: Renamed, rename: Paths) -> dict[str, Any]:
    """A document's extras with the ids in them renamed."""
    made = {**extra}
    everywhere = as_list(extra.get("ue_links"))
    if everywhere is not None:
        made["ue_links"] = [_everywhere(entry, root) for entry in everywhere]
    own = as_object(extra.get(KEY))
    function = as_object((own or {}).get("function"))
    if own is not None and function is not None:
        made[KEY] = {**own, "function": renamed_function(function, rename)}
    return made


def renamed_function(function: Mapping[str, Any], rename: Paths) -> dict[str, Any]:
    """A function declaration with the ids in it renamed."""
    made = {**function}
    for side in ("inputs", "outputs"):
        entries = as_list(function.get(side))
        if entries is not None:
            made[side] = [_entry(entry, rename) for entry in entries]
    return made


def _entry(entry: Any, rename: Paths) -> Any:
    record = as_object(entry)
    if record is None:
        return entry
    made = {**record}
    if (targets := as_list(record.get("targets"))) is not None:
        made["targets"] = [_slot(target, rename) for target in targets]
    if "source" in record:
        made["source"] = _slot(record["source"], rename)
    return made


def _slot(slot: Any, rename: Paths) -> Any:
    record = as_object(slot)
    if record is None or not isinstance(record.get("node"), str):
        return slot
    return {**record, "node": rename(record["node"])}


def _everywhere(entry: Any, root: Renamed) -> Any:
    record = as_object(entry)
    if record is None:
        return entry
    made = {**record}
    for key in ("upstream", "downstream", "controller"):
        name = str(record.get(key))
        if name in root:
            made[key] = natural(root[name]) if isinstance(record[key], int) else root[name]
    return made


def renamed_properties(properties: Mapping[str, Any], inner: Renamed) -> Mapping[str, Any]:
    """An instance's properties with the ids of inner nodes renamed."""
    shown = as_list(properties.get("proxyWidgets"))
    if not shown or not inner:
        return properties
    pairs = [list(as_list(entry) or [entry]) for entry in shown]
    return {**properties, "proxyWidgets": [[inner.get(str(pair[0]), pair[0]), *pair[1:]] for pair in pairs]}
