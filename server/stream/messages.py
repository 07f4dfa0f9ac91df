"""What goes over a WebSocket, before it is text or bytes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from struct import pack

from engine.context import Preview
from server.jobs.records import Json

_FORMATS = {"image/jpeg": 1, "image/png": 2}


@dataclass(frozen=True)
class Message:
    """One JSON message. `broadcast` ones go to every socket when the run has no owner."""

    type: str
    data: Json
    broadcast: bool = False
    seq: int | None = None
    """The number of the event it tells of, for clients that resume."""
    ours: bool = False
    """Whether it is of a type that ComfyUI has not: only for clients that announce `darkroom_events`."""


@dataclass(frozen=True)
class Picture:
    """A preview on its way to the owner, with what a socket that negotiated metadata is told about it."""

    preview: Preview
    meta: Json


@dataclass(frozen=True)
class Tick:
    """One progress step: where the picture goes among its messages depends on what the socket negotiated."""

    before: tuple[Message, ...]
    picture: Picture | None
    after: tuple[Message, ...]


Outgoing = Message | Tick


def now_ms() -> int:
    """Milliseconds since the epoch, as the wire has timestamps."""
    return int(time.time() * 1000)


def encode(kind: str, data: Json) -> str:
    """A message as text."""
    return json.dumps({"type": kind, "data": data})


def numbered(message: Message) -> str:
    """A message as text, with the number of its event if it has one."""
    if message.seq is None:
        return encode(message.type, message.data)
    return encode(message.type, {**message.data, "seq": message.seq})


def status(remaining: int) -> Json:
    """The data of a `status` message."""
    return {"status": {"exec_info": {"queue_remaining": remaining}}}


def plain(picture: Picture) -> bytes:
    """A type 1 frame: event, image format, image."""
    return pack(">II", 1, _FORMATS[picture.preview.media_type]) + picture.preview.data


def with_metadata(picture: Picture) -> bytes:
    """A type 4 frame: event, length of the JSON, JSON, image."""
    meta = json.dumps(picture.meta).encode()
    return pack(">II", 4, len(meta)) + meta + picture.preview.data
