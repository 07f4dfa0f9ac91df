"""Which inputs of a call are to blame for what nodes refuse: callers know inputs, not nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph import as_link, as_object
from server.jobs.records import Json
from workflows.functions import Bound, Function, InputProblem

REFUSED = "refused"
"""The code of a value that has the right form, and that a node does not take, such as a missing file."""


def blamed(node_errors: Json, function: Function, bound: Bound) -> list[InputProblem] | None:
    """The errors of nodes as problems of the values that were given; None if any is about something else."""
    places = _places(function, bound)
    found: list[InputProblem] = []
    for node, entry in node_errors.items():
        for error in entry["errors"]:
            key = str(error["extra_info"].get("input_name"))
            name = places.get((node, key))
            if name is None:
                return None
            reason = str(error["details"] or error["message"]).removeprefix(f"{key} - ")
            found.append(InputProblem(name, REFUSED, reason))
    return found or None


def _places(function: Function, bound: Bound) -> Mapping[tuple[str, str], str]:
    """The inputs of nodes that hold a value of the call, and whose it is."""
    places: dict[tuple[str, str], str] = {}
    for entry in function.inputs:
        for target in entry.targets if entry.name in bound.values else ():
            places[target.node, target.input] = entry.name
            if entry.takes_file and (loader := _source(bound.prompt, target.node, target.input)):
                places[loader, "image"] = entry.name
    return places


def _source(prompt: Mapping[str, Any], node: str, key: str) -> str | None:
    inputs = as_object((as_object(prompt.get(node)) or {}).get("inputs")) or {}
    link = as_link(inputs.get(key))
    return None if link is None else link.node
