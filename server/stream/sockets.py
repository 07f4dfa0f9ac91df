"""The clients on `/ws`: who they are, and a bounded queue in front of each, so that a slow one harms nobody
else.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any, Protocol

from server.jobs.records import Json
from server.stream.messages import Message, Outgoing, Tick, encode, numbered, plain, status, with_metadata

MAX_WAITING_BYTES = 16 * 1024 * 1024
PREVIEW_BACKLOG = 8
_MUCH = 256 * 1024
_TRY_AGAIN_LATER = 1013
_MISSED_SECONDS = 30.0
_MISSED_CLIENTS = 256
_WORTH_KEEPING = frozenset({"executed", "execution_error", "execution_success", "execution_interrupted"})


class Sink(Protocol):
    """The part of a WebSocket that sending needs."""

    async def send_str(self, data: str) -> None: ...
    async def send_bytes(self, data: bytes) -> None: ...


class Client:
    """One open socket. Its identity is this object: two sockets may carry the same session id."""

    def __init__(self, sink: Sink, sid: str) -> None:
        self.sid = sid
        self.preview_metadata = False
        self.numbered = False
        """Whether messages carry the numbers of their events, for coming back to where one left off."""
        self.dropped_previews = 0
        self.closing = asyncio.Event()
        self.close_code = 1000
        self._sink = sink
        self._waiting: deque[str | bytes] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._held: list[str] | None = None
        self._gone = False

    def hold(self) -> None:
        """Keep messages back until `release`, while what came before them is being told."""
        self._held = []

    def release(self) -> None:
        """Send what was kept back."""
        held, self._held = self._held or [], None
        for text in held:
            self._bytes -= len(text)
            self.send(text)

    async def tell(self, text: str) -> None:
        """Queue something ahead of what is held back, at the client's pace."""
        while self._waiting and self._bytes > _MUCH and not (self._gone or self.closing.is_set()):
            self._drained.clear()
            await self._drained.wait()
        self._enqueue(text)

    def send(self, text: str) -> None:
        """Queue a JSON message. A client too far behind gets no more and must come back."""
        if self.closing.is_set():
            return
        if self._held is None:
            self._enqueue(text)
        else:
            self._bytes += len(text)
            self._held.append(text)
        if self._bytes > MAX_WAITING_BYTES:
            self._waiting.clear()
            self.close(_TRY_AGAIN_LATER)

    def close(self, code: int) -> None:
        """Have the socket closed with this code."""
        self.close_code = code
        self.closing.set()
        self._drained.set()

    def send_preview(self, data: bytes) -> None:
        """Queue a picture, unless the client is behind: previews are the first to go."""
        if len(self._waiting) < PREVIEW_BACKLOG and self._held is None:
            self._enqueue(data)
        else:
            self.dropped_previews += 1

    def _enqueue(self, data: str | bytes) -> None:
        self._bytes += len(data)
        self._waiting.append(data)
        self._wake.set()

    async def pump(self) -> None:
        """Send what is queued until cancelled or the socket is gone."""
        try:
            with suppress(ConnectionError, RuntimeError):
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    await self._send_waiting()
        finally:
            self._gone = True
            self._drained.set()

    async def _send_waiting(self) -> None:
        while self._waiting:
            self._drained.set()
            data = self._waiting.popleft()
            self._bytes -= len(data)
            if isinstance(data, str):
                await self._sink.send_str(data)
            else:
                await self._sink.send_bytes(data)


class Hub:
    """All open sockets, by session id. Messages keep one order for every socket."""

    def __init__(self, features: Json) -> None:
        self.features = features
        self._clients: dict[str, list[Client]] = {}
        self._missed: OrderedDict[str, deque[tuple[float, Message]]] = OrderedDict()
        self._dropped_before = 0

    @property
    def clients(self) -> list[Client]:
        """Every open socket."""
        return [client for group in self._clients.values() for client in group]

    @property
    def dropped_previews(self) -> int:
        """How many pictures clients were too slow for."""
        return self._dropped_before + sum(client.dropped_previews for client in self.clients)

    def join(self, sink: Sink, sid: str | None) -> Client:
        """Add a socket; without a session id it gets a new one."""
        client = Client(sink, sid or uuid.uuid4().hex)
        self._clients.setdefault(client.sid, []).append(client)
        return client

    def leave(self, client: Client) -> None:
        """Remove exactly this socket; others of the same session stay."""
        group = self._clients.get(client.sid, [])
        if client in group:
            group.remove(client)
            self._dropped_before += client.dropped_previews
        if not group:
            self._clients.pop(client.sid, None)

    def missed(self, sid: str) -> list[Message]:
        """What the session missed in the last moments without a socket. Given out once."""
        since = time.monotonic() - _MISSED_SECONDS
        return [message for at, message in self._missed.pop(sid, ()) if at >= since]

    def greet(
        self, client: Client, remaining: int, running: Iterable[Message], told: Collection[str] = ()
    ) -> None:
        """The first messages on a socket: status, the run in progress if it is theirs, what they missed. Jobs
        in `told` are left out.
        """
        client.send(encode("status", {**status(remaining), "sid": client.sid}))
        for message in (*running, *self.missed(client.sid)):
            if message.data["prompt_id"] not in told:
                client.send(_text(client, message))

    def negotiate(self, client: Client, data: Any) -> None:
        """Note what the client understands, and answer with what the server does."""
        flags: Json = data if isinstance(data, dict) else {}  # pyright: ignore[reportUnknownVariableType]
        client.preview_metadata = flags.get("supports_preview_metadata") is True
        client.numbered = client.numbered or flags.get("darkroom_events") is True
        client.send(encode("feature_flags", self.features))

    def broadcast_status(self, remaining: int) -> None:
        """Tell everyone how long the queue is."""
        text = encode("status", status(remaining))
        for client in self.clients:
            client.send(text)

    def publish(self, owner: str | None, outgoing: Outgoing) -> None:
        """Send one step of a run to its owner; without one, to everybody what is meant for everybody."""
        if isinstance(outgoing, Message):
            self._publish(owner, outgoing)
            return
        for message in outgoing.before:
            self._publish(owner, message)
        self._publish_picture(owner, outgoing, metadata=True)
        for message in outgoing.after:
            self._publish(owner, message)
        self._publish_picture(owner, outgoing, metadata=False)

    def _publish(self, owner: str | None, message: Message) -> None:
        if owner is None:
            targets = self.clients if message.broadcast else []
        else:
            targets = self._clients.get(owner, [])
            if not targets:
                self._keep(owner, message)
        texts: dict[bool, str] = {}
        for client in targets:
            if message.ours and not client.numbered:
                continue
            if client.numbered not in texts:
                texts[client.numbered] = _text(client, message)
            client.send(texts[client.numbered])

    def _publish_picture(self, owner: str | None, tick: Tick, *, metadata: bool) -> None:
        # A run without an owner shows its previews to nobody: they may be private, and nobody asked.
        if tick.picture is None or owner is None:
            return
        targets = [c for c in self._clients.get(owner, []) if c.preview_metadata is metadata]
        if targets:
            data = with_metadata(tick.picture) if metadata else plain(tick.picture)
            for client in targets:
                client.send_preview(data)

    def _keep(self, owner: str, message: Message) -> None:
        ends = message.type == "executing" and message.data.get("node") is None
        if message.type in _WORTH_KEEPING or ends:
            self._missed.setdefault(owner, deque(maxlen=256)).append((time.monotonic(), message))
            self._missed.move_to_end(owner)
            while len(self._missed) > _MISSED_CLIENTS:
                self._missed.popitem(last=False)


def _text(client: Client, message: Message) -> str:
    return numbered(message) if client.numbered else encode(message.type, message.data)
