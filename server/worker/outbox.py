"""Events on their way from a worker to the server, several in a frame: a frame costs more than an event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

from engine.events import Event, blob, from_json, to_json
from server.frames import Frame
from server.jobs.records import Json

_MOST = 128
_AT_ONCE = 8
_WINDOW = 0.005


class Outbox:
    """Sends events at once while they are few, so that those before a crash arrive; those of a burst gather
    until the loop is idle. Pictures are not kept waiting.
    """

    def __init__(self, send: Callable[[Json, bytes], None]) -> None:
        self._send = send
        self._waiting: list[Json] = []
        self._since = 0.0
        self._sent = 0

    def add(self, event: Event) -> None:
        """On the loop's thread: send an event, soon."""
        self._waiting.append(to_json(event))
        picture = blob(event)
        if picture or len(self._waiting) >= _MOST or self._few():
            self.flush(picture)
        elif len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self, picture: bytes = b"") -> None:
        """Send what has gathered now; the picture belongs to the last of it."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._send({"type": "events", "events": waiting}, picture)

    def _few(self) -> bool:
        now = time.monotonic()
        if now - self._since > _WINDOW:
            self._since, self._sent = now, 0
        self._sent += 1
        return self._sent <= _AT_ONCE


def unpacked(frame: Frame) -> Iterator[Event]:
    """The events in a frame."""
    *others, last = frame.message["events"]
    for data in others:
        yield from_json(data)
    yield from_json(last, frame.blob)
