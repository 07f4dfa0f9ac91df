"""Files in the output folders: numbered, whole from the first moment, never written over one another."""

import errno
import itertools
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

DEFAULT_STEM = "ComfyUI"


class SaveError(ValueError):
    """Something cannot be saved under the prefix given; the message says which and what to do."""


def expand_tokens(prefix: str, width: int, height: int) -> str:
    """Replace `%width%`, `%height%` and the local time's `%year%` ... `%second%`; unknown tokens stay."""
    now = time.localtime()
    values = {
        "width": str(width),
        "height": str(height),
        "year": str(now.tm_year),
        "month": f"{now.tm_mon:02}",
        "day": f"{now.tm_mday:02}",
        "hour": f"{now.tm_hour:02}",
        "minute": f"{now.tm_min:02}",
        "second": f"{now.tm_sec:02}",
    }
    for name, value in values.items():
        prefix = prefix.replace(f"%{name}%", value)
    return prefix


def write_numbered(folder: Path, prefix: str, ending: str, write: Callable[[IO[bytes]], None]) -> Path:
    """Have `write` fill a new file below `folder`, `sub/fox_00001_.png` for the prefix `sub/fox`.

    The number continues after the highest present, whatever the ending of that one.

    Args:
        folder: what the file must lie in; folders of the prefix are made.
        prefix: the beginning of the name, tokens already replaced (`expand_tokens`).
        ending: what follows the number, such as `.png`.
        write: given the open file.

    Raises:
        SaveError: the prefix leads out of the folder, or the disk refuses.
    """
    target = _target(folder, prefix)
    try:
        return _written(target, ending, write)
    except OSError as error:
        raise SaveError(f"cannot save {target.name} in {target.parent}: {error.strerror or error}") from error


def _target(folder: Path, prefix: str) -> Path:
    base = folder.resolve()
    target = Path(os.path.normpath(base / prefix))
    if target == base:
        target = base / DEFAULT_STEM
    if "\0" in prefix or not target.is_relative_to(base):
        raise SaveError(
            f"filename_prefix {prefix!r} leaves the output folder; "
            "use a name such as 'portraits/fox' without '..'"
        )
    return target


def _written(target: Path, ending: str, write: Callable[[IO[bytes]], None]) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        return _publish(Path(partial), target, ending)
    finally:
        Path(partial).unlink(missing_ok=True)


def _publish(partial: Path, target: Path, ending: str) -> Path:
    """Give the finished file the next free number, whole from the first moment, never over another."""
    partial.chmod(0o644)
    for number in itertools.count(_highest(target) + 1):
        path = target.with_name(f"{target.name}_{number:05}_{ending}")
        try:
            _link(partial, path)
        except FileExistsError:
            continue
        return path
    raise AssertionError("itertools.count does not end")


def _link(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        # File systems without hard links (exFAT, some network shares): claim the name, then replace it.
        path.open("xb").close()
        partial.replace(path)


def _highest(target: Path) -> int:
    pattern = re.compile(re.escape(target.name) + r"_(\d+)_?\.", re.IGNORECASE)
    found = (pattern.match(entry.name) for entry in target.parent.iterdir())
    return max((int(match[1]) for match in found if match), default=0)
