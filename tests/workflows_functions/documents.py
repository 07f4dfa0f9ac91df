"""Documents that declare functions: a text-to-image workflow of the canvas, and small ones of toy nodes."""

import copy
import json
from pathlib import Path
from typing import Any

from tests.toys import NOWHERE, REGISTRY
from workflows.formats.definitions import definitions_of
from workflows.functions import Function, FunctionPrompt, declared

FILES = Path(__file__).parents[1] / "workflows"
OBJECT_INFO: dict[str, Any] = json.loads((FILES / "object_info.json").read_text(encoding="utf-8"))
REAL = definitions_of(OBJECT_INFO)
TOYS = definitions_of({spec.name: spec.object_info(NOWHERE.list) for spec in REGISTRY})


def takes(name: str, kind: str, *targets: str, **said: Any) -> dict[str, Any]:
    """An input of a declaration; targets are written `NODE.INPUT`."""
    bound = [dict(zip(("node", "input"), target.rsplit(".", 1), strict=True)) for target in targets]
    return {"name": name, "type": kind, "targets": bound, **said}


def gives(name: str, kind: str, node: str, slot: int = 0) -> dict[str, Any]:
    """An output of a declaration."""
    return {"name": name, "type": kind, "source": {"node": node, "slot": slot}}


def function(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], **words: str) -> dict[str, Any]:
    """A declaration."""
    return {"inputs": inputs, "outputs": outputs, **words}


def portrait(*inputs: dict[str, Any], outputs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The canvas's text-to-image workflow as a function."""
    document = json.loads((FILES / "text_to_image.json").read_text(encoding="utf-8"))
    returned = [gives("image", "IMAGE", "8")] if outputs is None else outputs
    document.setdefault("extra", {})["darkroom"] = {"function": function(list(inputs), returned)}
    return document


def toy(
    nodes: dict[str, Any], inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], **words: str
) -> dict[str, Any]:
    """A prompt document that is a function."""
    return {
        "prompt": copy.deepcopy(nodes),
        "extra": {"darkroom": {"function": function(inputs, outputs, **words)}},
    }


def double() -> dict[str, Any]:
    """Twice a number: `Add` fed twice by one `Number`; shows it, too."""
    nodes = {
        "1": {"class_type": "Number", "inputs": {"value": 5}, "_meta": {"title": "Start"}},
        "2": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["1", 0]}},
        "3": {"class_type": "Show", "inputs": {"value": ["2", 0], "label": "double"}},
    }
    inputs = [takes("value", "INT", "1.value"), takes("more", "INT", "2.c", max=9)]
    return toy(nodes, inputs, [gives("sum", "INT", "2")], title="Double")


def ready(document: dict[str, Any]) -> FunctionPrompt:
    """A toy function as `expand` wants it."""
    return FunctionPrompt.of(document, TOYS)


def complete(*inputs: dict[str, Any]) -> Function:
    """The text-to-image function with these inputs, completed."""
    return declared(portrait(*inputs), REAL)
