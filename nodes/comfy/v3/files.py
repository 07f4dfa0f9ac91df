"""A numbered file that never takes the place of another and is whole as soon as it has its name."""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine.context import Context
from nodes.comfy.v3.ui import FolderType, SavedResult
from nodes.numbered import expand_tokens


def save_next(
    context: Context,
    prefix: str,
    kind: FolderType | str,
    suffix: str,
    size: tuple[int, int],
    write: Callable[[Path], None],
) -> SavedResult:
    """Save as `PREFIX_00001_SUFFIX` or with the next free number.

    Args:
        prefix: may name a subfolder and use %width%, %year% and the like.
        kind: the folder: input, output or temp.
        suffix: with its dot.
        size: width and height, for the prefix.
        write: writes the file's content to the path it is given, which ends in the suffix.

    Raises UnsafePath if the prefix leaves the folder.
    """
    kind = FolderType(kind).value
    root = context.folders.place(kind).resolve()
    target = context.folders.safe(root, expand_tokens(prefix, *size) or "ComfyUI")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".saving-") as folder:
        whole = Path(folder) / f"whole{suffix}"
        write(whole)
        path = _claim(target, suffix)
        whole.replace(path)
    subfolder = target.parent.relative_to(root).as_posix()
    return SavedResult(path.name, "" if subfolder == "." else subfolder, kind)


def _claim(target: Path, suffix: str) -> Path:
    for number in itertools.count(_highest(target) + 1):
        path = target.with_name(f"{target.name}_{number:05}_{suffix}")
        try:
            path.open("xb").close()
        except FileExistsError:
            continue
        return path
    raise AssertionError("itertools.count does not end")


def _highest(target: Path) -> int:
    pattern = re.compile(re.escape(target.name) + r"_(\d+)_?\.", re.IGNORECASE)
    found = (pattern.match(entry.name) for entry in target.parent.iterdir())
    return max((int(match[1]) for match in found if match), default=0)
