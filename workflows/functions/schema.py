"""The JSON Schema (2020-12) of what a function takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workflows.functions.function import Function
from workflows.functions.parts import Input, Json
from workflows.functions.values import RANDOM

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(function: Function, *, name: str, version: str) -> Json:
    """The schema of the inputs of a function that `declared` made.

    Inputs that only a link can feed (a model, say) are left out. `x-multiline`, `x-step`, `x-seed` and
    `x-file` say how a form shows an input.
    """
    entries = [entry for entry in function.inputs if entry.callable]
    told: Json = {
        "$schema": DIALECT,
        "title": f"{name}@{version}",
        "type": "object",
        "properties": {entry.name: _property(entry) for entry in entries},
        "required": [entry.name for entry in entries if entry.required],
        "additionalProperties": False,
    }
    return {**told, "description": function.description} if function.description else told


def _property(entry: Input) -> Json:
    told = (_file if entry.takes_file else _KINDS[entry.type])(entry)
    if entry.description:
        told["description"] = entry.description
    if entry.default is not None:
        told["default"] = entry.default
    return told


def _number(kind: str) -> Callable[[Input], Json]:
    def told(entry: Input) -> Json:
        limits = {"minimum": entry.min, "maximum": entry.max}
        number = {"type": kind, **{key: value for key, value in limits.items() if value is not None}}
        found: Json = {"anyOf": [number, {"const": RANDOM}], "x-seed": True} if entry.seed else number
        return found if entry.step is None else {**found, "x-step": entry.step}

    return told


def _text(entry: Input) -> Json:
    return {"type": "string", "x-multiline": True} if entry.multiline else {"type": "string"}


def _combo(entry: Input) -> Json:
    one: Json = {"type": ["string", "number"]} if entry.options is None else {"enum": list(entry.options)}
    return {"type": "array", "items": one} if entry.several else one


def _file(entry: Input) -> Json:
    text = "a file of the input folder; `name [output]` takes one of the output folder"
    names = {part: {"type": "string"} for part in ("filename", "subfolder", "type", "url")}
    picture: Json = {"type": "object", "properties": names, "required": ["filename"]}
    return {"anyOf": [{"type": "string", "minLength": 1, "description": text}, picture], "x-file": entry.type}


_KINDS: Mapping[str, Callable[[Input], Json]] = {
    "STRING": _text,
    "INT": _number("integer"),
    "FLOAT": _number("number"),
    "BOOLEAN": lambda entry: {"type": "boolean"},
    "COMBO": _combo,
}
