"""The document in a file, as the store keeps it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.graph import as_object
from workflows.document.prompts import is_prompt_document
from workflows.formats import FormatError
from workflows.formats.embedded import parse, read_file

Json = dict[str, Any]
_NOTED = "is_changed"
"""What a run notes in the nodes of a prompt: it says nothing about the workflow."""
_JSON = frozenset({".json", ""})
"""Endings of files that are read as JSON first; git hands files over without one."""
_DOCUMENT_KEYS = frozenset({"prompt", "extra"})


def document_of(path: Path) -> Json:
    """The workflow in a JSON file or a picture: what the canvas saved if that is there, else the prompt.

    Raises FormatError, also for a file that cannot be read.
    """
    try:
        if path.suffix.lower() in _JSON and (kept := _prompt_document(path)) is not None:
            return kept
        found = read_file(path)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
    if found.workflow is not None:
        return dict(found.workflow)
    return {"prompt": {name: _node(node) for name, node in (found.prompt or {}).items()}}


def _prompt_document(path: Path) -> Json | None:
    """A prompt that was exported with what belongs to it, such as its declaration as a function."""
    try:
        loaded = as_object(parse(path.read_text(encoding="utf-8")))
    except (UnicodeDecodeError, json.JSONDecodeError):
        return None  # told by whoever reads it as a file of any kind
    if loaded is None or _DOCUMENT_KEYS.symmetric_difference(loaded) or not is_prompt_document(loaded):
        return None
    return dict(loaded)


def _node(node: Any) -> Any:
    record = as_object(node)
    return node if record is None else {key: value for key, value in record.items() if key != _NOTED}
