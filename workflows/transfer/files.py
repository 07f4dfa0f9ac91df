"""Workflow files under version control: read whole, written line by line in the form they have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.graph import as_object
from workflows.document import DocumentError, formatted
from workflows.document.prompts import is_prompt_document
from workflows.formats import FormatError, NoWorkflow, kind_of
from workflows.formats.embedded import parse

Json = dict[str, Any]


def read_json(path: Path) -> Json:
    """The object in a workflow file: a canvas workflow, a prompt document or a bare prompt.

    Raises FormatError, OSError.
    """
    try:
        loaded = as_object(parse(path.read_text(encoding="utf-8")))
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: is no JSON, which is text in UTF-8") from error
    except json.JSONDecodeError as error:
        raise FormatError(f"{path}: is not valid JSON: {error}") from error
    found = dict(loaded or {})
    if kind_of(found) in ("workflow", "prompt") or is_prompt_document(found):
        return found
    raise NoWorkflow(f"{path}: is no workflow: that is an object with a list of nodes, or a prompt")


def document_in(found: Json) -> Json:
    """What the store and merges take: a bare prompt within a document."""
    return {"prompt": found} if kind_of(found) == "prompt" else found


def in_form_of(document: Json, like: Json) -> str:
    """The text of a document, as a bare prompt if `like` is one. Raises DocumentError."""
    return formatted(document["prompt"] if kind_of(like) == "prompt" else document)


def as_line_form(path: Path) -> str:
    """The text of a workflow file in canonical form. Raises FormatError, DocumentError, OSError."""
    try:
        return formatted(read_json(path))
    except DocumentError as error:
        raise DocumentError(f"{path}: {error}") from error
