"""Paths of files: inside their folder and nowhere else, found in a folder, known by what they hold."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from unicodedata import normalize

_SMALL = 4 * 2**20


class UnsafePath(ValueError):
    """A name that would lead out of the folder it belongs to."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} leads outside its folder")
        self.remedy = "Use a name relative to the folder, without '..' or a leading '/'"


def inside(root: Path, name: str) -> Path:
    """`root / name`, spelled as on the disk. Raises `UnsafePath` for a name that leads elsewhere."""
    parts = name.replace("\\", "/").split("/")
    if not name or "\0" in name or name.startswith(("/", "\\")) or ".." in parts or Path(name).drive:
        raise UnsafePath(name)
    path = root / name
    return path if name.isascii() or path.exists() else _respelled(root, parts)


def _respelled(root: Path, parts: Iterable[str]) -> Path:
    """The path whose names are made of the same characters: some systems store accents apart from letters."""
    path = root
    for part in parts:
        if not (path / part).exists():
            part = next((name for name in _entries(path) if same_text(name, part)), part)
        path /= part
    return path


def _entries(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def same_text(one: str, other: str) -> bool:
    """Whether two names read the same, in whichever of Unicode's spellings."""
    return one == other or normalize("NFC", one) == normalize("NFC", other)


def names_in(folder: Path) -> list[str]:
    """The files of a folder; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_file()]
    except FileNotFoundError:
        return []


def changed(path: Path) -> float:
    """When a file was changed last; 0 for one that is gone by now."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def walk(root: Path, suffixes: frozenset[str], folder_mark: str | None) -> Iterator[str]:
    """The files below `root` whose names end so, and the folders that hold a file `folder_mark`; relative."""
    for folder, subfolders, files in os.walk(root, followlinks=True):
        here = Path(folder)
        if folder_mark is not None and here != root and folder_mark in files:
            subfolders.clear()
            yield here.relative_to(root).as_posix()
            continue
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in files:
            if Path(name).suffix.lower() in suffixes and not name.startswith("."):
                yield (here / name).relative_to(root).as_posix()


def identity(path: Path) -> str:
    """What stands for a file's content in a cache key.

    Files up to 4 MiB are hashed whole. Larger ones (models) are known by size, first MiB, inode and times of
    change: ctime moves whenever a file is rewritten, even by a program that puts the old mtime back.
    """
    if path.is_dir():
        parts = [
            f"{p.relative_to(path).as_posix()}={identity(p)}" for p in sorted(path.rglob("*")) if p.is_file()
        ]
        return "dir:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()
    stat = path.stat()
    with path.open("rb") as file:
        if stat.st_size <= _SMALL:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        head = hashlib.sha256(file.read(2**20)).hexdigest()
    return f"stat:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}:{head}"
