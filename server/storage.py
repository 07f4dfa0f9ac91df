"""The only place that turns a client's text into a path, and writes what clients send."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from server.http import Problem

MAX_NAME = 240
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}
)


class Outside(ValueError):
    """A client's path that leads out of its folder, or could not name a file at all."""


def resolve(base: Path, text: str) -> Path:
    """The path `text` names below `base`, with links followed. Raises Outside unless it lies inside.

    An empty text is the base itself. Absolute paths, `..`, drive letters, control characters and links that
    lead out are refused; the file need not exist.
    """
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise Outside("a path may not hold control characters")
    if text.startswith(("/", "\\", "~")) or ":" in text.split("/")[0]:
        raise Outside(f"{text!r} is not relative to its folder")
    parts = [part for part in text.replace("\\", "/").split("/") if part not in {"", "."}]
    if ".." in parts:
        raise Outside(f"{text!r} leads out of its folder")
    if any(len(part.encode()) > MAX_NAME for part in parts) or len(text) > 4096:
        raise Outside("a name in this path is too long")
    root = base.resolve()
    try:
        path = root.joinpath(*parts).resolve()
    except (OSError, RuntimeError) as error:
        raise Outside(f"{text!r} cannot be followed: {error}") from error
    if not path.is_relative_to(root):
        raise Outside(f"{text!r} leads out of its folder through a link")
    return path


def writable_name(name: str) -> str:
    """A file name checked for writing: one segment, and no name that systems treat specially. Raises
    Outside.
    """
    if not name or name in {".", ".."} or "/" in name or "\\" in name:
        raise Outside(f"{name!r} is not a file name")
    if name.split(".")[0].lower() in _RESERVED or name.endswith((" ", ".")):
        raise Outside(f"{name!r} is a name some systems reserve")
    return name


@contextmanager
def atomic(path: Path, *, replace: bool = True) -> Generator[BinaryIO]:
    """Write `path` so that it appears complete or not at all; raises FileExistsError if it may not be
    replaced.

    The bytes go to a hidden neighbour, are flushed to disk and then renamed (or linked, which never
    overwrites).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            part.replace(path)
        else:
            path.hardlink_to(part)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def write(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write a whole file atomically."""
    with atomic(path, replace=replace) as file:
        file.write(data)


@dataclass(frozen=True)
class Received:
    """An upload on disk that nobody can see yet."""

    path: Path
    digest: str


async def receive(chunks: AsyncIterator[bytes], folder: Path, limit: int, hashing: str) -> Received:
    """Stream an upload into a hidden file in `folder`. Raises Problem 413 over `limit` bytes; leaves
    nothing then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{secrets.token_hex(8)}.part"
    digest, size = hashlib.new(hashing), 0
    try:
        with part.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise Problem(413, "too_large", f"Maximum request body size {limit} exceeded.", "image")
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Received(part, digest.hexdigest())


def publish(received: Received, target: Path, *, overwrite: bool, hashing: str) -> Path:
    """Give an upload its name. Without `overwrite`, an equal file is reused and a different one is
    numbered.
    """
    try:
        if overwrite:
            received.path.replace(target)
            return target
        for path in _numbered(target):
            if path.exists() and file_digest(path, hashing) == received.digest:
                return path
            with suppress(FileExistsError):
                path.hardlink_to(received.path)  # never overwrites, even in a race
                return path
    finally:
        received.path.unlink(missing_ok=True)
    raise Problem(500, "no_free_name", f"no free name like {target.name!r}", "image")


def _numbered(target: Path) -> Iterator[Path]:
    yield target
    for number in range(1, 100_000):
        yield target.with_name(f"{target.stem} ({number}){target.suffix}")


def file_digest(path: Path, hashing: str) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, hashing).hexdigest()


def read_head(path: Path, size: int = 64) -> bytes:
    """The first bytes of a file; enough to see what it is."""
    with path.open("rb") as file:
        return file.read(size)


def read_bytes(path: Path) -> bytes:
    """A whole file."""
    return path.read_bytes()
