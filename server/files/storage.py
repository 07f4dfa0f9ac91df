"""The only place that turns a client's text into a path, and writes what clients send."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from server.http import Problem

Result = TypeVar("Result")
MAX_NAME = 240
_PART = re.compile(r"\.[0-9a-f]{16}\.part")
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}
)


class Hash(Protocol):
    """The part of a hash that takes data."""

    def update(self, data: bytes, /) -> None: ...


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
    part = _hidden(path.parent)
    try:
        with part.open("xb") as file:
            yield file
            _flush(file)
        if replace:
            part.replace(path)
        else:
            _link(part, path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _hidden(folder: Path) -> Path:
    return folder / f".{secrets.token_hex(8)}.part"


def sweep(folder: Path) -> None:
    """Remove what writes that never ended left in a folder more than a day ago: others may share it."""
    for path in folder.iterdir():
        if _PART.fullmatch(path.name) and path.stat().st_mtime < time.time() - 86_400:
            path.unlink(missing_ok=True)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _link(part: Path, path: Path) -> None:
    """Give a file a second name that nothing has. Raises FileExistsError."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(part, path)


def _copy(source: Path, path: Path) -> None:
    """For file systems without hard links: never overwrites either, but is seen while it grows."""
    with path.open("xb") as target:
        try:
            with source.open("rb") as file:
                shutil.copyfileobj(file, target, 1 << 20)
            _flush(target)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def write(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write a whole file atomically."""
    with atomic(path, replace=replace) as file:
        file.write(data)


@dataclass(frozen=True)
class Received:
    """An upload on disk, under a hidden name."""

    path: Path
    digest: str


async def receive(chunks: AsyncIterator[bytes], folder: Path, limit: int, hashing: str) -> Received:
    """Stream an upload into a hidden file in `folder`, hashing and writing off the event loop.

    Raises Problem 413 over `limit` bytes and 507 if the disk is full; leaves nothing then.
    """
    part = _hidden(folder)
    digest, size = hashlib.new(hashing), 0
    file: BinaryIO = await _on_disk(_begin, part)
    try:
        with file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise Problem(413, "too_large", f"Maximum request body size {limit} exceeded.", "image")
                await _on_disk(_append, file, digest, chunk)
            await _on_disk(_flush, file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Received(part, digest.hexdigest())


def _begin(part: Path) -> BinaryIO:
    part.parent.mkdir(parents=True, exist_ok=True)
    return part.open("xb", buffering=0)  # closing it writes nothing, so it cannot fail late


def _append(file: BinaryIO, digest: Hash, chunk: bytes) -> None:
    digest.update(chunk)
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]


async def _on_disk(work: Callable[..., Result], *arguments: Any) -> Result:
    try:
        return await asyncio.to_thread(work, *arguments)
    except OSError as error:
        raise unstorable(error, "image") from error


def unstorable(error: OSError, where: str) -> Problem:
    """What a client is told of a file that cannot be written: 507 if space lacks, 400 if its path is at
    fault.
    """
    text = f"the file cannot be stored: {error.strerror or type(error).__name__}"
    path_at_fault = isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError)
    if path_at_fault or error.errno == errno.ENAMETOOLONG:
        return Problem(400, "storage", text, where)
    return Problem(507 if error.errno in _FULL else 500, "storage", text, where)


def publish(received: Received, target: Path, *, overwrite: bool, hashing: str) -> Path:
    """Give an upload its name. Without `overwrite`, an equal file is reused and a different one is
    numbered.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _hidden(target.parent)
    try:
        _move(received.path, part)
        if overwrite:
            part.replace(target)
            return target
        for path in _numbered(target):
            if path.exists() and file_digest(path, hashing) == received.digest:
                return path
            with suppress(FileExistsError):
                _link(part, path)
                return path
    finally:
        received.path.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    raise Problem(500, "no_free_name", f"no free name like {target.name!r}", "image")


def _move(source: Path, path: Path) -> None:
    """Rename a file, or copy it where that leads to another file system."""
    try:
        source.rename(path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, path)


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
