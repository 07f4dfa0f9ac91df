"""Merging looks: what only theirs changed is taken, and where both did ours wins without a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import as_list, as_object
from workflows.document.vocabulary import object_of, unique, without
from workflows.merge.decisions import same
from workflows.merge.sides import Look


def merge_looks(base: Look, ours: Look, theirs: Look, nodes: Mapping[str, Any]) -> Look:
    """The look of a merged graph with these nodes."""
    befores, mine, others = (_by_node(look) for look in (base, ours, theirs))
    looks: list[Look] = []
    for name in [*mine, *(name for name in others if name not in mine)]:
        if name not in nodes:
            continue
        if name in mine and name in others:
            looks.append(_node(befores.get(name, {}), mine[name], others[name], nodes[name]["inputs"]))
        else:
            looks.append(mine[name] if name in mine else _unlinked(others[name]))
    made: Look = {**ours, "nodes": looks}
    for part in ("record", "extra"):
        if part in ours or part in theirs:
            made[part] = _keyed(*(object_of(look.get(part)) for look in (base, ours, theirs)))
    if any(groups := [_groups(look) for look in (base, ours, theirs)]):
        made["record"] = {**made["record"], "groups": list(_keyed(*groups).values())}
    for side in ("inputs", "outputs"):  # looks of a definition's own
        if side in ours:
            known = {key for key, _ in ours[side]}
            new = [
                [key, without(look, {"linkIds"})] for key, look in theirs.get(side, []) if key not in known
            ]
            made[side] = [*ours[side], *([key, {**look, "linkIds": []}] for key, look in new)]
    return made


def _by_node(look: Look) -> dict[str, Look]:
    nodes: list[Look] = look.get("nodes", [])
    return {node["node"]: node for node in nodes}


def _node(base: Look, ours: Look, theirs: Look, linked: Mapping[str, Any]) -> Look:
    slots = {"inputs", "outputs"}
    made: Look = _keyed(without(base, slots), without(ours, slots), without(theirs, slots))
    made |= {key: ours[key] for key in slots if key in ours}
    mine: list[Any] = list(ours.get("inputs") or [])
    if same(base.get("inputs"), ours.get("inputs")) and "inputs" in theirs:
        made["inputs"] = theirs["inputs"]
    else:
        known = {slot[0] for slot in mine}
        others: list[Any] = theirs.get("inputs") or []
        lacking = [slot for slot in others if slot[0] in linked and slot[0] not in known]
        if lacking:
            made["inputs"] = [*mine, *lacking]
    before, mine_out, other = (_bare(look) for look in (base, ours, theirs))
    if same(before, mine_out) and not same(before, other):
        made["outputs"] = _unlinked(theirs)["outputs"]
    return made


def _bare(look: Look) -> list[Any]:
    """Outputs without the ids of their links."""
    outputs = as_list(look.get("outputs")) or []
    return [slot if as_object(slot) is None else without(slot, {"links"}) for slot in outputs]


def _unlinked(look: Look) -> Look:
    """A look from the other side, whose links have other ids here."""
    outputs = as_list(look.get("outputs"))
    if outputs is None:
        return look
    made: list[Any] = [slot if as_object(slot) is None else {**slot, "links": []} for slot in outputs]
    return {**look, "outputs": made}


def _keyed(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key in dict.fromkeys([*ours, *theirs]):
        kept = same(base.get(key), ours.get(key)) and (key in base) == (key in ours)
        side = theirs if kept else ours
        if key in side:
            made[key] = side[key]
    return made


def _groups(look: Look) -> dict[str, Any]:
    """Frames around nodes, told apart by id or title."""
    found: dict[str, Any] = {}
    for index, group in enumerate(as_list(object_of(look.get("record")).get("groups")) or []):
        record = object_of(group)
        found[unique(str(record.get("id") or record.get("title") or index), found)] = group
    return found
