"""Merging on the command line: conflicts as text, and decisions as `ID=ours`, `ID=theirs` or `ID=VALUE`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.workflows.telling import Refused
from engine.graph import as_list, as_object
from workflows.diff import Diff
from workflows.formats.definitions import Definitions
from workflows.merge import Conflict, Merge, ResolutionError, merge

Json = dict[str, Any]
_SIDES = ("ours", "theirs")
_LONGEST = 60


def add_decisions(command: argparse.ArgumentParser) -> None:
    """The options that settle conflicts."""
    add = command.add_argument
    add("--take", choices=_SIDES, help="settle all conflicts that are left by taking this side")
    add(
        "--resolve",
        action="append",
        default=[],
        metavar="ID=SIDE|VALUE",
        help="settle one conflict: ours, theirs, or a value of its own. Repeatable",
    )


def decisions_of(options: argparse.Namespace) -> dict[str, Any]:
    """What the options settle, by id of the conflict. Raises Refused."""
    found: dict[str, Any] = {}
    for given in options.resolve:
        name, equals, text = given.partition("=")
        if not equals or not name:
            raise Refused(f"--resolve {given!r}: write ID=ours, ID=theirs or ID=VALUE")
        found[name] = text if text in _SIDES else {"value": _value(text)}
    return found


def merged(
    base: Json,
    ours: Json,
    theirs: Json,
    definitions: Definitions,
    decisions: Mapping[str, Any],
    take: str | None,
) -> Merge:
    """The merge with all decisions carried out. Raises Refused, DocumentError."""
    made = dict(decisions)
    try:
        found = merge(base, ours, theirs, definitions, made)
        # Taking a side may bring back nodes that the other one rewired: these conflicts come up only then.
        while take is not None and (new := {one.id: take for one in found.conflicts if one.id not in made}):
            made |= new
            found = merge(base, ours, theirs, definitions, made)
    except ResolutionError as error:
        raise Refused(f"--resolve: {error}") from error
    return found


def empty_like(document: Mapping[str, Any]) -> Json:
    """The base of two documents that have nothing in common."""
    if "nodes" not in document:
        return {"prompt": {}}
    return {"nodes": [], "links": [], "version": document.get("version", 0.4)}


def conflict_lines(conflicts: Sequence[Conflict]) -> Iterator[str]:
    """Each conflict as a few lines: its id, where it is, and what each side has."""
    for one in conflicts:
        title = f' "{one.title}"' if one.title and one.title != one.class_type else ""
        node = f"{one.class_type or one.kind}{title} (#{one.node})" if one.node else one.kind
        yield f"{one.id}   {node}{f', {one.input}' if one.input else ''}"
        for side, value in (("base", one.base), ("ours", one.ours), ("theirs", one.theirs)):
            yield f"    {side + ':':8}{_short(value)}"


def summary(difference: Diff) -> str:
    """How much a merge changes, in a few words."""
    count = sum(change.kind not in ("moved", "group") for change in difference.changes)
    return f"{count} change{'' if count == 1 else 's'}" if count else "nothing but the layout"


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    link = as_list((as_object(value) or {}).get("link"))
    text = json.dumps(value, ensure_ascii=False) if link is None else f"from #{link[0]}, output {link[1]}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _value(text: str) -> Any:
    """JSON where it is valid JSON, else text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
