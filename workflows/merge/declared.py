"""Merging function declarations, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import as_list, as_object
from workflows.document.function import KEY
from workflows.document.vocabulary import object_of, without
from workflows.merge.conflicts import Conflict
from workflows.merge.decisions import Decisions

Object = dict[str, Any]


def merge_extra(base: Object, ours: Object, theirs: Object, decisions: Decisions) -> Object:
    """The extras of the root: key by key, and the project's own one level further down."""
    sides = (base, ours, theirs)
    merged = decisions.keyed(Conflict("/:extra", "extra"), *(without(side, {KEY}) for side in sides))
    own = [object_of(side.get(KEY)) for side in sides]
    rest = decisions.keyed(
        Conflict(f"/:extra/{KEY}", "extra"), *(without(side, {"function"}) for side in own)
    )
    function = _function([as_object(side.get("function")) for side in own], decisions)
    made = {**rest, **({"function": function} if function is not None else {})}
    return {**merged, **({KEY: made} if made else {})}


def _function(sides: list[Mapping[str, Any] | None], decisions: Decisions) -> Object | None:
    base, ours, theirs = sides
    if ours is None or theirs is None:
        return decisions.pick(Conflict("/:function", "function"), base, ours, theirs)
    parts: tuple[Mapping[str, Any], ...] = (base or {}, ours, theirs)
    lists = {"inputs", "outputs"}
    made = decisions.keyed(Conflict("/:function", "function"), *(without(side, lists) for side in parts))
    for side in ("inputs", "outputs"):
        entries = [_entries(part.get(side)) for part in parts]
        merged = decisions.keyed(Conflict(f"/:function/{side}", "function"), *entries)
        if merged or side in ours or side in theirs:
            made[side] = list(merged.values())
    return made


def _entries(entries: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index, entry in enumerate(as_list(entries) or []):
        found[str(object_of(entry).get("name", index))] = entry
    return found


def needed(base: Object, side: Object) -> frozenset[str]:
    """The root's nodes that a side's declaration came to speak of since the base."""
    known = _spoken_of(base)
    return frozenset(node for node, entries in _spoken_of(side).items() if entries != known.get(node))


def _spoken_of(extra: Object) -> dict[str, list[Any]]:
    function = object_of(object_of(extra.get(KEY)).get("function"))
    found: dict[str, list[Any]] = {}
    for side in ("inputs", "outputs"):
        for entry in as_list(function.get(side)) or []:
            record = object_of(entry)
            for slot in [*(as_list(record.get("targets")) or []), record.get("source")]:
                if isinstance(node := object_of(slot).get("node"), str):
                    found.setdefault(node.partition(":")[0], []).append(entry)
    return found
