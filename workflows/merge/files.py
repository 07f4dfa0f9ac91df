"""Merging workflow files for git, which gives three versions of a file and takes one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.graph import as_object
from engine.spec import NodeSpec
from workflows.canonical import Json
from workflows.document import DocumentError, formatted
from workflows.document.function import KEY
from workflows.document.vocabulary import object_of, without
from workflows.formats import FormatError, kind_of
from workflows.formats.definitions import Definitions, definitions_of
from workflows.formats.embedded import parse
from workflows.merge.three_way import merge

CONFLICTS = "conflicts"
"""Key in `extra.darkroom` under which a file keeps what is left to decide."""


def merge_files(base: str, ours: str, theirs: str, definitions: Definitions) -> tuple[str, bool]:
    """The merged file, formatted, and whether nothing is left to decide.

    Where both changed the same the file has ours, and `extra.darkroom.conflicts` lists what each has, by the
    ids that `workflows merge` resolves them by. A bare prompt in API format has no place for that list: it
    has ours, and the answer is False. An empty base stands for a file that both added. Raises DocumentError
    if one of the texts is no workflow.
    """
    sides = [_read(text, name) for text, name in ((ours, "ours"), (theirs, "theirs"))]
    first = _read(base, "the base") if base.strip() else _nothing(sides[0])
    bare = kind_of(sides[0]) == "prompt"
    documents = [_settled(_document(side)) for side in (first, *sides)]
    merged = merge(documents[0], documents[1], documents[2], definitions)
    document: Json = merged.document
    if bare:
        return formatted(document["prompt"]), merged.clean
    if not merged.clean:
        listed = [conflict.to_json() for conflict in merged.conflicts]
        extra = object_of(document.get("extra"))
        own = {**object_of(extra.get(KEY)), CONFLICTS: listed}
        document = {**document, "extra": {**extra, KEY: own}}
    return formatted(document), merged.clean


def remembered_definitions(path: Path) -> Definitions:
    """The node classes a server wrote down at its last start (`.darkroom/specs.json` among the user's files):
    for work without one. Files it could choose from are not among them. Without that file nothing is known.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        specs = [NodeSpec.from_json(entry) for entry in stored["specs"]]
    except (OSError, ValueError, KeyError, TypeError):
        specs = []
    return definitions_of({spec.name: spec.object_info(lambda kind: []) for spec in specs})


def _read(text: str, name: str) -> Any:
    try:
        return parse(text)
    except (FormatError, ValueError) as error:
        raise DocumentError(f"{name} is no JSON: {error}") from error


def _nothing(like: Any) -> Any:
    return (
        {} if kind_of(like) == "prompt" else {"prompt": {}} if "prompt" in object_of(like) else {"nodes": []}
    )


def _document(loaded: Any) -> Json:
    return {"prompt": loaded} if kind_of(loaded) == "prompt" or loaded == {} else loaded


def _settled(document: Json) -> Json:
    """The document without the list of an earlier merge: what it says now is what was decided."""
    root = as_object(document)
    extra: Mapping[str, Any] | None = as_object((root or {}).get("extra"))
    if root is None or extra is None or CONFLICTS not in object_of(extra.get(KEY)):
        return document
    own = without(object_of(extra[KEY]), {CONFLICTS})
    return {**root, "extra": {**without(extra, {KEY}), **({KEY: own} if own else {})}}
