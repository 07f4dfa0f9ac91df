"""One server per user folder: a lock the system releases when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class FolderInUse(Exception):
    """Another server works in this folder."""


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Hold the lock file at `path`. Raises FolderInUse naming the process that holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            text = f"{path.parent.parent} is in use by another server (process {holder})"
            raise FolderInUse(f"{text}: stop it, or choose another --user-directory") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
