"""What came out of a run, and the hashes that say so later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.file_kinds import PLACE_KINDS
from engine.folders import Folders
from engine.graph import as_list, as_object
from engine.paths import UnsafePath
from workflows.canonical import CanonicalError, digest
from workflows.provenance.hashes import FileHashes
from workflows.provenance.pictures import pixel_hash
from workflows.provenance.record import FileUsed, Output, RunRecord

_PLACES = frozenset({"input", "output", "temp"})
_NO_OUTPUT = frozenset({"animated"})
"""Lists in which nodes tell the canvas how to show the others."""
_LONGEST_VALUE = 4096


def outputs_of(shown: Mapping[str, Any]) -> tuple[Output, ...]:
    """The files and values of output nodes, from what they gave the canvas: `{node: {name: [...]}}`."""
    return tuple(
        _output(node, name, index, item)
        for node, lists in shown.items()
        for name, items in (as_object(lists) or {}).items()
        if name not in _NO_OUTPUT
        for index, item in enumerate(as_list(items) or ())
    )


def _output(node: str, name: str, index: int, item: Any) -> Output:
    file = as_object(item)
    if file is not None and isinstance(file.get("filename"), str) and file.get("type") in _PLACES:
        asked = {"filename": file["filename"], "subfolder": file.get("subfolder") or "", "type": file["type"]}
        return Output(node, name, index, file={key: str(value) for key, value in asked.items()})
    try:
        short = len(json.dumps(item)) <= _LONGEST_VALUE
        return Output(node, name, index, value=item if short else None, sha256=digest(item))
    except (CanonicalError, TypeError, ValueError):  # what JSON cannot hold cannot be compared either
        return Output(node, name, index)


def path_of(output: Output, folders: Folders) -> Path | None:
    """Where an output's file lies, or lay; None for a value."""
    if output.file is None:
        return None
    subfolder, filename = output.file["subfolder"], output.file["filename"]
    name = f"{subfolder}/{filename}" if subfolder else filename
    try:
        return folders.safe(folders.place(output.file["type"]), name)
    except UnsafePath:
        return None


def completed(record: RunRecord, folders: Folders, hashes: FileHashes) -> RunRecord:
    """The record of a run that is over with the hashes of its files. Takes as long as reading them does."""
    return replace(
        record,
        files=tuple(_hashed(file, folders, hashes, record.started) for file in record.files),
        outputs=tuple(_made(output, folders, hashes) for output in record.outputs),
        complete=True,
    )


def _hashed(file: FileUsed, folders: Folders, hashes: FileHashes, started: float | None) -> FileUsed:
    if file.sha256 is not None:
        return file
    path = locate(folders, file.kind, file.name)
    found = None if path is None else hashes.of(path)
    if found is None or (started is not None and found.modified > started):
        return file  # what is there now need not be what the run read
    return replace(file, sha256=found.sha256, size=found.size)


def _made(output: Output, folders: Folders, hashes: FileHashes) -> Output:
    path = path_of(output, folders)
    if path is None or output.sha256 is not None:
        return output
    found = hashes.of(path)
    if found is None:
        return output
    return replace(output, sha256=found.sha256, size=found.size, pixels=pixel_hash(path))


def locate(folders: Folders, kind: str, name: str) -> Path | None:
    """The file a graph names, None if it is not there."""
    try:
        if kind in PLACE_KINDS:
            path = folders.annotated(name, PLACE_KINDS[kind][0])
            return path if path.is_file() else None
        return folders.locate(kind, name)
    except (UnsafePath, OSError, ValueError):
        return None
