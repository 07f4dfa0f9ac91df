"""The prompt a version stands for."""

from __future__ import annotations

from typing import Any

from engine.graph import as_object
from workflows.formats import FormatError, convert
from workflows.formats.definitions import Definitions
from workflows.functions.parts import FunctionError, Trouble

Prompt = dict[str, Any]
"""Nodes by id, in API format."""


def prompt_of(document: Any, definitions: Definitions) -> Prompt:
    """The prompt of a canvas workflow or of a prompt document, texts as they were typed.

    Raises FunctionError if it has none.
    """
    held = as_object((as_object(document) or {}).get("prompt"))
    if held is not None:
        return dict(held)
    try:
        found = convert(document, definitions, substitute=False)
    except FormatError as error:
        raise FunctionError([Trouble("document", str(error))]) from error
    if found.errors:
        raise FunctionError([Trouble(f"nodes.{one.node}", one.message) for one in found.errors])
    return found.prompt
