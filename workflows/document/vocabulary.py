"""Which keys of a workflow file are looks or bookkeeping, and how nodes and slots are told apart."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

from engine.graph import as_object
from workflows.canonical import Json

NODE_LAYOUT = frozenset(
    {"pos", "size", "flags", "order", "color", "bgcolor", "boxcolor", "shape", "showAdvanced",
     "localized_name"}
)  # fmt: skip
NODE_PARTS = frozenset(
    {"id", "type", "title", "mode", "widgets_values", "inputs", "outputs", "properties"}
)  # fmt: skip
"""Keys of a node that are taken apart, each in its own way."""
ORIGIN = frozenset({"cnr_id", "aux_id", "ver"})
"""Properties that say which release of which pack last saved the node."""
NAME_IN_TEXTS = "Node name for S&R"
"""The property that texts call a node by: its class, unless somebody changed it."""
GRAPH_LAYOUT = frozenset(
    {"id", "revision", "version", "last_node_id", "last_link_id", "state", "groups", "config",
     "floatingLinks", "reroutes", "inputNode", "outputNode"}
)  # fmt: skip
GRAPH_PARTS = frozenset({"nodes", "links", "extra", "definitions"})
SUBGRAPH_PARTS = frozenset({"name", "inputs", "outputs"})
EXTRA_LAYOUT = frozenset(
    {"ds", "frontendVersion", "workflowRendererVersion", "reroutes", "linkExtensions", "node_versions",
     "workspace_info", "links_added_by_ue", "VHS_latentpreview", "VHS_latentpreviewrate"}
)  # fmt: skip
PORT_LAYOUT = frozenset(
    {"linkIds", "pos", "localized_name", "shape", "color_on", "color_off", "dir", "boundingRect",
     "slot_index"}
)  # fmt: skip

_NUMBER = re.compile(r"0|-?[1-9]\d{0,14}")


def id_text(raw: Any) -> str | None:
    """A node's or link's id as text; None for what is no id."""
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    return None if raw is None or raw == "" or isinstance(raw, bool | list | dict) else str(raw)


def natural(node: str) -> int | str:
    """An id as files have it: a number if it reads as one."""
    return int(node) if _NUMBER.fullmatch(node) else node


def in_order(ids: Iterable[str]) -> list[str]:
    """Ids as people sort them: numbers by size, then texts."""

    def key(node: str) -> tuple[bool, int, str]:
        number = natural(node)
        return (False, number, "") if isinstance(number, int) else (True, 0, node)

    return sorted(ids, key=key)


def fresh(taken: Container[str], start: int) -> str:
    """The first free number from there on."""
    while str(start) in taken:
        start += 1
    return str(start)


def highest(ids: Iterable[str]) -> int:
    """The greatest number among ids, 0 if there is none."""
    numbers = (natural(node) for node in ids)
    return max((number for number in numbers if isinstance(number, int)), default=0)


def unique(name: str, taken: Container[str]) -> str:
    """The name, numbered if it is taken: files of third parties have slots of the same name."""
    if name not in taken:
        return name
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def is_empty(value: Any) -> bool:
    """Whether it says nothing: such keys come and go with the version of the client."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def without(record: Mapping[str, Any], keys: Container[str]) -> dict[str, Any]:
    """An object without some of its keys."""
    return {key: value for key, value in record.items() if key not in keys}


def only(record: Mapping[str, Any], keys: Container[str]) -> dict[str, Any]:
    """An object with only some of its keys."""
    return {key: value for key, value in record.items() if key in keys}


def object_of(value: Any) -> Mapping[str, Json]:
    """The value if it is an object, else an empty one."""
    return as_object(value) or {}
