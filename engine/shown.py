"""What output nodes show: `ui` data such as `{"images": [{"filename", "subfolder", "type"}]}` names files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.folders import Folders
from engine.graph import as_list, as_object
from engine.paths import UnsafePath


def all_there(ui: Mapping[str, Any] | None, folders: Folders) -> bool:
    """Whether every file the data names still exists: people delete pictures, and `temp` is emptied."""
    return ui is None or all(path.is_file() for path in files_in(ui, folders))


def files_in(ui: Mapping[str, Any], folders: Folders) -> Iterator[Path]:
    """The files the data names, whether or not they exist."""
    for values in ui.values():
        for value in as_list(values) or ():
            item = as_object(value)
            if item is None or not isinstance(item.get("filename"), str):
                continue
            try:
                root = folders.place(str(item.get("type", "output")))
                yield folders.safe(root, f"{item.get('subfolder') or '.'}/{item['filename']}")
            except (UnsafePath, ValueError):
                continue  # a pack's own convention; not ours to judge
