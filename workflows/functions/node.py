"""A released function as a node class: `workflow/NAME@1.2.0`."""

from __future__ import annotations

import re
from typing import Any

from workflows.formats.graph import WORKFLOW
from workflows.functions.function import Function
from workflows.functions.parts import Input, Json
from workflows.functions.values import RANDOM

_RELEASE = re.compile(r"\d+\.\d+\.\d+", re.ASCII)


def class_name(name: str, release: str) -> str:
    """The class that a release is as a node."""
    return f"{WORKFLOW}{name}@{release}"


def parse_class(class_type: str) -> tuple[str, str]:
    """Name and release of such a class; the release is empty if it names none."""
    name, _, release = class_type.removeprefix(WORKFLOW).partition("@")
    return name, release


def is_workflow(class_type: Any) -> bool:
    """Whether a class is a workflow."""
    return isinstance(class_type, str) and class_type.startswith(WORKFLOW)


def is_pinned(release: str) -> bool:
    """Whether the release a class names is one, rather than the newest of several."""
    return _RELEASE.fullmatch(release) is not None


def object_info(function: Function, *, name: str, release: str) -> Json:
    """The `/object_info` entry of a function that `declared` made."""
    groups: dict[str, Json] = {"required": {}, "optional": {}}
    for entry in function.inputs:
        # A widget always has a value on the canvas; only a link may be absent.
        optional = not entry.required and (not entry.is_widget or entry.default is None)
        groups["optional" if optional else "required"][entry.name] = wire(entry)
    return {
        "input": groups,
        "input_order": {group: list(members) for group, members in groups.items()},
        "output": [entry.type for entry in function.outputs],
        "output_is_list": [False] * len(function.outputs),
        "output_name": [entry.name for entry in function.outputs],
        "output_tooltips": [entry.description or None for entry in function.outputs],
        "name": class_name(name, release),
        "display_name": function.title or name,
        "description": function.description,
        "python_module": "workflows",
        "category": "workflows",
        "output_node": False,
        "darkroom": {"workflow": name, "release": release},
    }


def wire(entry: Input) -> list[Any]:
    """`[type, options]` of one input, as in `/object_info`."""
    options: Json = {
        key: value
        for key in ("default", "min", "max", "step")
        if (value := getattr(entry, key)) is not None and not (entry.seed and value == RANDOM)
    }
    if entry.description:
        options["tooltip"] = entry.description
    if entry.multiline:
        options["multiline"] = True
    if entry.dynamic:
        options["dynamicPrompts"] = True
    if entry.seed:
        options["control_after_generate"] = True
    if entry.several:
        options["multi_select"] = True
    if entry.is_widget and entry.default is None and not entry.required:
        options["forceInput"] = (
            True  # without a link the graph's own computes it; a widget would replace that
        )
    kind = list(entry.options or ()) if entry.type == "COMBO" else entry.type
    return [kind, options] if options else [kind]
