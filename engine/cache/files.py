"""Files that appear whole or not at all, in a folder that several processes use and that has a limit.

Nothing here waits for the disk: what a power failure damages is found by its checksum when it is read, and a
process that is killed leaves at most a temporary file, which goes after an hour.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

_TEMPORARY = ".part"
_ABANDONED = 3600.0
"""Seconds after which a temporary file belongs to nobody."""
_LOW_WATER = 0.9
"""Share of the limit that trimming leaves, so that it does not happen at every write."""
_BLOCK = 4096
"""What a file occupies at least."""


class FileStore:
    """Files by name, spread over 256 subfolders. Those unused for longest go when there are too many bytes.

    The time of a file's last use is its mtime, so all processes see it. Safe to use from any thread.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._root = str(folder)
        # Other processes write, too: look at the folder again each time this one has written a part of it.
        self._unseen = limit

    def path(self, name: str) -> Path:
        """Where the file is, if it is."""
        return self.folder / name[:2] / name

    def exists(self, name: str) -> bool:
        """Whether there is such a file; does not count as a use."""
        return os.path.exists(self._path(name))  # noqa: PTH110 - asked for every node of a run, see _path

    def read(self, name: str) -> bytes | None:
        """All of a file, or None. Counts as a use. Raises OSError only for a disk that cannot be read."""
        path = self._path(name)
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - likewise
                data = file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        _touch(path)
        return data

    def use(self, name: str) -> bool:
        """Count a use; whether the file is there."""
        _touch(self._path(name))
        return self.exists(name)

    def write(self, name: str, parts: Iterable[bytes | memoryview]) -> None:
        """Make or replace a file. Raises OSError; then nothing has changed."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{uuid.uuid4().hex}{_TEMPORARY}")
        try:
            with temporary.open("xb") as file:
                for part in parts:
                    file.write(part)
                size = file.tell()
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        self._unseen += max(_BLOCK, size)
        if self._unseen > self.limit // 16:
            self.trim()

    def remove(self, name: str) -> None:
        """Take a file away if it is there and may be taken away."""
        _remove(self.path(name))

    def trim(self) -> None:
        """Bring the folder back within its limit, and take away what killed processes left."""
        self._unseen = 0
        files = sorted(self._scan())
        held = sum(size for _, size, _ in files)
        if held <= self.limit:
            return
        for _, size, path in files:
            _remove(path)
            held -= size
            if held <= self.limit * _LOW_WATER:
                return

    @property
    def bytes(self) -> int:
        """What the files occupy now."""
        return sum(size for _, size, _ in self._scan())

    def _scan(self) -> Iterable[tuple[float, int, Path]]:
        """Time of last use, bytes and path of every file."""
        for shard in _entries(self.folder):
            for entry in _entries(Path(shard.path)):
                try:
                    stat = entry.stat()
                except OSError:  # another process has just removed it
                    continue
                if not entry.name.endswith(_TEMPORARY):
                    yield stat.st_mtime, max(_BLOCK, stat.st_size), Path(entry.path)
                elif time.time() - stat.st_mtime > _ABANDONED:
                    _remove(Path(entry.path))

    def _path(self, name: str) -> str:
        # Making a Path takes several times as long as asking the system about a file.
        return f"{self._root}/{name[:2]}/{name}"


def _touch(path: str) -> None:
    with contextlib.suppress(OSError):
        os.utime(path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # not there, or no folder
        return []


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
