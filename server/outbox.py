"""Events on their way from a worker to the server, several in a frame: a frame costs more than an event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from engine.events import Event, blob, from_json, to_json
from server.frames import Frame
from server.records import Json

_MOST = 128


class Outbox:
    """Sends what has gathered as soon as the loop is idle. Pictures are not kept waiting."""

    def __init__(self, send: Callable[[Json, bytes], None]) -> None:
        self._send = send
        self._waiting: list[Json] = []

    def add(self, event: Event) -> None:
        """On the loop's thread: send an event, soon."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append(to_json(event))
        picture = blob(event)
        if picture or len(self._waiting) >= _MOST:
            self.flush(picture)

    def flush(self, picture: bytes = b"") -> None:
        """Send what has gathered now; the picture belongs to the last of it."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._send({"type": "events", "events": waiting}, picture)


def unpacked(frame: Frame) -> Iterator[Event]:
    """The events in a frame."""
    *others, last = frame.message["events"]
    for data in others:
        yield from_json(data)
    yield from_json(last, frame.blob)
