"""Content hashes of files, each worked out once: a model of several gigabytes takes seconds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_CHUNK = 2**20


class Stopped(Exception):
    """Hashing was asked to stop."""


@dataclass(frozen=True)
class FileHash:
    """What a file holds. `modified` is in seconds since the epoch; for a directory, of its newest file."""

    sha256: str
    size: int
    modified: float


class Known(Protocol):
    """Hashes that outlive the process."""

    def get(self, path: str, size: int, modified: int) -> str | None:
        """The sha256 of a file of that size and time of change (in ns), if it was hashed before."""
        ...

    def put(self, path: str, size: int, modified: int, sha256: str) -> None:
        """Remember it."""
        ...


class FileHashes:
    """sha256 of files and directories.

    Args:
        known: where hashes are kept; none are without it.
        stopped: asked now and then; once it says so, hashing ends with `Stopped`.
    """

    def __init__(self, known: Known | None = None, stopped: Callable[[], bool] = lambda: False) -> None:
        self._known = known
        self._stopped = stopped
        self._here: dict[tuple[str, int, int], str] = {}

    def of(self, path: Path) -> FileHash | None:
        """The hash of a file, or of a directory's names and contents; None if it cannot be read."""
        try:
            return self._directory(path) if path.is_dir() else self._file(path)
        except OSError:
            return None

    def _file(self, path: Path) -> FileHash:
        before = path.stat()
        key = (os.path.realpath(path), before.st_size, before.st_mtime_ns)
        found = self._here.get(key) or (self._known.get(*key) if self._known else None)
        if found is None:
            found = self._read(path)
            after = path.stat()
            if (after.st_size, after.st_mtime_ns) != key[1:]:
                raise OSError(f"{path} changed while it was read")
            if self._known is not None:
                self._known.put(*key, found)
        self._here[key] = found
        return FileHash(found, before.st_size, before.st_mtime)

    def _read(self, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                if self._stopped():
                    raise Stopped
                digest.update(chunk)
        return digest.hexdigest()

    def _directory(self, path: Path) -> FileHash:
        files = sorted((one.relative_to(path).as_posix(), one) for one in path.rglob("*") if one.is_file())
        digest, size, modified = hashlib.sha256(), 0, 0.0
        for name, one in files:
            found = self._file(one)
            digest.update(f"{name}\0{found.sha256}\n".encode())
            size, modified = size + found.size, max(modified, found.modified)
        return FileHash(digest.hexdigest(), size, modified)


def size_of(path: Path) -> int | None:
    """Bytes of a file, or of all files in a directory; None if it cannot be read."""
    try:
        if not path.is_dir():
            return path.stat().st_size
        return sum(_sizes(path.rglob("*")))
    except OSError:
        return None


def _sizes(paths: Iterable[Path]) -> Iterable[int]:
    return (path.stat().st_size for path in paths if path.is_file())
