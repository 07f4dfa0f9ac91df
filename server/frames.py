"""The message protocol between server and worker: a JSON object and a blob, each with its length in front.

    [u32 length of JSON][u32 length of blob][JSON, UTF-8][blob]        integers big-endian

Server to worker: `submit`, `cancel`, `free`, `ping`, `validate`. Worker to server: `hello`,
`events`, `done`, `info`, `answer`, `pong`.
"""

from __future__ import annotations

import json
import struct
from asyncio import IncompleteReadError, StreamReader
from dataclasses import dataclass
from typing import Any, BinaryIO

_LENGTHS = struct.Struct(">II")
MAX_JSON = 256 * 1024 * 1024
MAX_BLOB = 256 * 1024 * 1024


class FrameError(Exception):
    """The other side sent something that is not a frame."""


@dataclass(frozen=True)
class Frame:
    """One message: a JSON object with a `type`, and bytes beside it (a preview picture, usually empty)."""

    message: dict[str, Any]
    blob: bytes = b""

    @property
    def type(self) -> str:
        """What kind of message this is."""
        return str(self.message.get("type", ""))

    def encode(self) -> bytes:
        """The bytes on the wire."""
        text = json.dumps(self.message, separators=(",", ":")).encode()
        return b"".join((_LENGTHS.pack(len(text), len(self.blob)), text, self.blob))


async def read_frame(stream: StreamReader) -> Frame | None:
    """Read one frame; None at the end of the stream. Raises FrameError on anything else."""
    try:
        sizes = _sizes(await stream.readexactly(_LENGTHS.size))
        text = await stream.readexactly(sizes[0])
        blob = await stream.readexactly(sizes[1])
    except (IncompleteReadError, ConnectionError):
        return None
    return _decode(text, blob)


def read_frame_blocking(stream: BinaryIO) -> Frame | None:
    """Read one frame from a blocking stream; None at its end. Raises FrameError on anything else."""
    head = stream.read(_LENGTHS.size)
    if len(head) < _LENGTHS.size:
        return None
    sizes = _sizes(head)
    text, blob = stream.read(sizes[0]), stream.read(sizes[1])
    if len(text) < sizes[0] or len(blob) < sizes[1]:
        return None
    return _decode(text, blob)


def _sizes(head: bytes) -> tuple[int, int]:
    json_size, blob_size = _LENGTHS.unpack(head)
    if json_size > MAX_JSON or blob_size > MAX_BLOB:
        raise FrameError(f"a frame of {json_size} + {blob_size} bytes is larger than allowed")
    return json_size, blob_size


def _decode(text: bytes, blob: bytes) -> Frame:
    try:
        message: Any = json.loads(text)
    except ValueError as error:
        raise FrameError(f"a frame holds no JSON: {error}") from error
    if not isinstance(message, dict):
        raise FrameError("a frame holds JSON that is not an object")
    return Frame(message, blob)  # pyright: ignore[reportUnknownArgumentType]
