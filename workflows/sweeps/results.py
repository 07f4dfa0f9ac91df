"""The results of a sweep as a table."""

from __future__ import annotations

from collections.abc import Sequence

from engine.graph import as_list, as_object
from workflows.sweeps.records import Item, Json, Sweep
from workflows.sweeps.tables import write_table


def table(sweep: Sweep, items: Sequence[Item]) -> str:
    """All runs as CSV: index, inputs, status, seconds, and a column for each output, which holds the paths of
    its files or its value.
    """
    inputs = list(dict.fromkeys(name for item in items for name in item.inputs))
    outputs = list(sweep.outputs)
    rows = (
        [
            item.index,
            *(item.inputs.get(name) for name in inputs),
            item.status or "pending",
            item.result.seconds,
            *(_shown(item.result.outputs, name) for name in outputs),
        ]
        for item in items
    )
    named = [f"{name} (output)" if name in inputs else name for name in outputs]
    return write_table(["index", *inputs, "status", "seconds", *named], rows)


def _shown(outputs: Json, name: str) -> object:
    value = outputs.get(name)
    files = [_path(one) for one in as_list(value) or ()]
    return " ".join(files) if files and all(files) else value


def _path(one: object) -> str:
    """Where a file of a run lies, as `subfolder/name`; empty if it is no file."""
    file = as_object(one)
    if file is None or not isinstance(file.get("filename"), str):
        return ""
    subfolder = file.get("subfolder")
    return f"{subfolder}/{file['filename']}" if subfolder else str(file["filename"])
