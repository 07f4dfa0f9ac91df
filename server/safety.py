"""Handing out files under the safety policy: only bytes that a worker has looked at and cleared.

The server holds no network, so it asks a worker about each file it does not know, by what is in it: who put
the file there, and how, makes no difference. What nobody can look into is not handed out.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
import uuid
from contextlib import suppress
from pathlib import Path

from engine.inline import holds_picture, without
from server.files.media import MAX_PIXELS, Picture, Snapshot, open_image, sniff
from server.files.storage import write
from server.frames import Frame
from server.http import Problem
from server.settings import Settings
from server.supervision.pool import Pool

log = logging.getLogger("darkroom.safety")

_RULES = b"2"
"""Another number for another way of looking at pictures: what was found before does not count then."""
LARGEST = 512 * 2**20
_PATIENCE = 60.0
_AT_ONCE = 4
_TEXTS = frozenset(
    {".json", ".jsonl", ".txt", ".csv", ".md", ".log", ".yaml", ".yml", ".toml", ".ini", ".srt", ".html",
     ".css", ".js", ".mjs"}
)  # fmt: skip
_PASSABLE = ("text/", "application/json", "application/javascript", "application/x-ndjson", "font/")
_AWAY = (
    "the safety policy lets out checked pictures only, and no worker can check this one now: it is starting, "
    "busy or failed; try again in a moment"
)
_TOO_LARGE = f"the safety policy lets out no file of more than {LARGEST // 2**20} MB"


class Clearance:
    """What the files of a server were found to be. Without the policy every file may leave.

    Findings are remembered in `ledger`, one `DIGEST FINDING` a line, for as long as the checker is the same.
    """

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self.required = settings.safety_checker is not None
        self._replacement = settings.safety_replacement
        self._pool = pool
        self._known: dict[str, str] = {}
        self.identity = _identity(settings.safety_checker) if self.required else ""
        """Tells what is let out by one checker from what is by another."""
        self._ledger = settings.state_dir / "safety" / f"{self.identity}.txt"
        self._asking = asyncio.Semaphore(_AT_ONCE)
        if self.required:
            self._recall()

    def hear(self, frame: Frame) -> None:
        """A worker has looked at a file."""
        if frame.type == "verdict":
            self.learn(frame.message["digest"], frame.message["finding"])

    async def cleared(self, path: Path) -> Picture:
        """The file as it may leave: itself, the bytes that were cleared, or the replacement for a flagged
        picture. Raises Problem 403 for what cannot be looked into, 503 where no worker can look now.
        """
        if not self.required:
            return path
        data = await asyncio.to_thread(_read, path)
        text = await asyncio.to_thread(_text, path, data)
        if text is not None and not holds_picture(text):
            return Snapshot(path.name, data)
        match await self._finding(path, data):
            case "clear":
                return Snapshot(path.name, data)
            case "flagged":
                replaced = await asyncio.to_thread(self._replaced, data)
                return Snapshot(path.name, replaced)
            case _:
                kind = sniff(data[:64])
                said = (
                    f"the safety policy lets out pictures and texts: {path.name} ({kind}) is not one to read"
                )
                raise Problem(403, "not_checkable", said, "filename")

    async def cleared_bytes(self, data: bytes) -> bytes:
        """The same for a picture that lies in no file of its own."""
        if not self.required:
            return data
        path = self._ledger.with_name(f"{uuid.uuid4().hex}.part")  # the worker reads files
        await asyncio.to_thread(write, path, data)
        try:
            found = await self.cleared(path)
        finally:
            path.unlink(missing_ok=True)
        assert isinstance(found, Snapshot)
        return found.data

    async def is_clear(self, path: Path) -> bool:
        """Whether the picture may be shown as it is."""
        if not self.required:
            return True
        try:
            return await self._finding(path, await asyncio.to_thread(_read, path)) == "clear"
        except Problem:
            return False

    def passes(self, content_type: str) -> bool:
        """Whether an answer a pack gives may be passed on: nobody looks into those, so pictures may not."""
        return not self.required or content_type.startswith(_PASSABLE)

    async def _finding(self, path: Path, data: bytes) -> str:
        digest = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
        if digest not in self._known:
            async with self._asking:
                answer = await self._pool.ask({"type": "judge", "path": str(path)}, _PATIENCE)
            # What the worker has read may be another content by now: it has to be this one.
            if answer is None or answer.get("digest") != digest:
                raise Problem(503, "not_checked_yet", _AWAY, "filename", {"Retry-After": "2"})
            self.learn(digest, answer["finding"])
        return self._known[digest]

    def learn(self, digest: str, finding: str) -> None:
        """Remember what was found in bytes of this SHA-256."""
        if self.required and self._known.get(digest) != finding:
            self._known[digest] = finding
            try:
                self._ledger.parent.mkdir(parents=True, exist_ok=True)
                with self._ledger.open("a", encoding="ascii") as file:
                    file.write(f"{digest} {finding}\n")
            except OSError as error:
                log.warning("%s cannot be written, files will be checked again: %s", self._ledger, error)

    def _recall(self) -> None:
        with suppress(FileNotFoundError):
            for line in self._ledger.read_text(encoding="ascii", errors="replace").splitlines():
                digest, _, finding = line.partition(" ")
                if len(digest) == 64 and finding in ("clear", "flagged", "unknown"):
                    self._known[digest] = finding

    def _replaced(self, data: bytes) -> bytes:
        from PIL import Image, UnidentifiedImageError

        try:
            file = Image.open(io.BytesIO(data))
        except UnidentifiedImageError:  # a text with pictures in it
            return without(data.decode("utf-8"), lambda data: False).encode()
        with file as flagged:
            size = flagged.size
        if size[0] * size[1] > MAX_PIXELS:
            size = (64, 64)
        shown = Image.new("RGB", size)
        if self._replacement is not None:
            shown = open_image(self._replacement).convert("RGB").resize(size)
        buffer = io.BytesIO()
        shown.save(buffer, "PNG")
        return buffer.getvalue()


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise Problem(403, "not_checkable", _TOO_LARGE, "filename")
    return path.read_bytes()


def _text(path: Path, data: bytes) -> str | None:
    """What is in a file of text; None if it is none, or draws a picture in numbers as Netpbm's do."""
    if path.suffix.lower() not in _TEXTS or b"\0" in data or data[:2] in (b"P1", b"P2", b"P3"):
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _identity(checker: Path | None) -> str:
    """Tells checkers apart: another one finds other things. By name, size and time of its files."""
    digest = hashlib.sha256(_RULES)
    if checker is not None:
        files = sorted(checker.rglob("*")) if checker.is_dir() else [checker]
        for file in files:
            facts = file.stat()
            digest.update(f"{file}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]
