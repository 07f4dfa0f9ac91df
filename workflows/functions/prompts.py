"""The prompt a version stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from engine.graph import as_link, as_object
from workflows.formats import FormatError, convert
from workflows.formats.definitions import Definitions
from workflows.functions.function import Function
from workflows.functions.parts import FunctionError, Trouble

Prompt = dict[str, Any]
"""Nodes by id, in API format."""
Replaced = dict[str, dict[str, Any]]
"""Values and links that stand in for what nodes have: by node, then by input."""


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


def ancestors(
    prompt: Prompt, roots: Iterable[str], replaced: Mapping[str, Any] = MappingProxyType({})
) -> set[str]:
    """The roots and all they depend on, if the inputs named in `replaced` come from elsewhere."""
    seen: set[str] = set()
    stack = list(roots)
    while stack:
        name = stack.pop()
        node = as_object(prompt.get(name))
        if name in seen or node is None:
            continue
        seen.add(name)
        for key, value in (as_object(node.get("inputs")) or {}).items():
            link = as_link(value) if isinstance(value, list) else None
            if link is not None and key not in replaced.get(name, ()):
                stack.append(link.node)
    return seen


def installed(prompt: Prompt, function: Function, definitions: Definitions) -> Prompt:
    """The prompt without nodes of unknown classes, as far as the function does not need them."""
    needed = ancestors(prompt, [output.source.node for output in function.outputs])
    return {
        name: node
        for name, node in prompt.items()
        if name in needed or definitions(str((as_object(node) or {}).get("class_type"))) is not None
    }
