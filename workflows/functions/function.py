"""What a version of a workflow declares: named, typed inputs bound to inputs of nodes, and named outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.graph import as_object
from workflows.functions.parts import Input, Json, Output
from workflows.functions.reading import read


@dataclass(frozen=True)
class Function:
    """The whole declaration."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    title: str = ""
    description: str = ""

    @classmethod
    def of(cls, document_or_json: Any) -> Function | None:
        """The function of a document (canvas workflow or prompt document), or of its declaration alone.

        None if the document declares none. Raises FunctionError with everything that is malformed; whether
        it fits the graph says `declared`.
        """
        declaration = declaration_of(document_or_json)
        if declaration is None:
            return None
        return cls(**read(declaration))

    @cached_property
    def by_name(self) -> Mapping[str, Input]:
        """Its inputs by name."""
        return {entry.name: entry for entry in self.inputs}

    def to_json(self) -> Json:
        """As documents have it under `extra.darkroom.function`."""
        told: Json = {
            "inputs": [entry.to_json() for entry in self.inputs],
            "outputs": [entry.to_json() for entry in self.outputs],
        }
        words = {"title": self.title, "description": self.description}
        return {**{key: text for key, text in words.items() if text}, **told}


def declaration_of(document_or_json: Any) -> Any:
    """The declaration in a document, the value itself if it is no document, None where there is none."""
    found = as_object(document_or_json)
    if found is None or not ("nodes" in found or "prompt" in found):
        return document_or_json
    extra = as_object(found.get("extra")) or {}
    return (as_object(extra.get("darkroom")) or {}).get("function")
