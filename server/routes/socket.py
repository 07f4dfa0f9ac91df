"""/ws: the event stream of a session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from aiohttp import WSMsgType, web

from engine.graph import as_object
from server.http import Problem
from server.keys import HUB, QUEUE
from server.stream.messages import encode, numbered
from server.stream.resume import Positions, Story, retold, story
from server.stream.sockets import Client
from server.table import Route

_CLOSE_SECONDS = 5.0
_TOLD_AT_ONCE = 500


async def connect(request: web.Request) -> web.WebSocketResponse:
    """Join the stream of the session `clientId`; `status` comes first, then what the session should know.

    With `after`, a list of JOB:NUMBER separated by commas, the messages of those jobs after those numbers
    come first, and each message carries the number of its event as `seq`.
    """
    socket = web.WebSocketResponse()
    if not socket.can_prepare(request):
        raise Problem(400, "not_a_websocket", "this route only speaks WebSocket", "Upgrade")
    positions = Positions.parse(request.query.get("after", ""))
    sid = request.query.get("clientId")
    stories = await _stories(request.app, sid, positions)
    await socket.prepare(request)
    hub, queue = request.app[HUB], request.app[QUEUE]
    client = hub.join(socket, sid)
    client.numbered = bool(positions.of)
    hub.greet(client, queue.remaining, queue.joined(client.sid), told=positions.of)
    pump = asyncio.create_task(client.pump())
    watch = asyncio.create_task(_close_on_request(client, socket, pump, request))
    try:
        await _resume(client, stories, positions)
        await _listen(client, socket, request)
    finally:
        hub.leave(client)
        pump.cancel()
        watch.cancel()
    return socket


async def _listen(client: Client, socket: web.WebSocketResponse, request: web.Request) -> None:
    """Besides `resume` only the first JSON object counts, and only if it names the client's features."""
    heard = False
    async for message in socket:
        data = _object(message.data) if message.type is WSMsgType.TEXT else None
        if data is None:
            continue
        if data.get("type") == "resume":
            await _resume_asked(client, data.get("data"), request.app)
        elif not heard:
            heard = True
            if data.get("type") == "feature_flags":
                request.app[HUB].negotiate(client, data.get("data"))


async def _resume_asked(client: Client, data: Any, app: web.Application) -> None:
    """A socket that is open already asks for what it missed. Junk is ignored, as on all of this stream."""
    wanted = as_object(data) or {}
    job, after = wanted.get("job"), wanted.get("after")
    if isinstance(job, str) and type(after) is int:
        client.numbered = True
        positions = Positions({job: after})
        await _resume(client, await _stories(app, client.sid, positions), positions)


async def _stories(app: web.Application, sid: str | None, positions: Positions) -> list[Story]:
    """The jobs meant, as far as they exist and belong to the session."""
    if not positions.of:
        return []
    store, logs = await app[QUEUE].store(), app[QUEUE].logs
    found = [await story(store, logs, job) for job in positions.of]
    return [one for one in found if one is not None and one.job.client_id == sid]


async def _resume(client: Client, stories: Iterable[Story], positions: Positions) -> None:
    """Tell what was missed; what happens meanwhile waits its turn."""
    client.hold()
    # All at one moment: what is not in these will be held back, and nothing is in both.
    parts = [(one.job, one.since(0), one.ended, positions.of[one.job.prompt_id]) for one in stories]
    for job, part, ended, after in parts:
        messages = map(numbered, retold(job, part.events(), after, ended=ended))
        while texts := await asyncio.to_thread(_some, messages):
            for text in texts:
                await client.tell(text)
        await client.tell(encode("resumed", {"prompt_id": job.prompt_id, "seq": max(part.last, after)}))
    client.release()


def _some(messages: Iterator[str]) -> list[str]:
    return list(islice(messages, _TOLD_AT_ONCE))


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return as_object(data)


async def _close_on_request(
    client: Client, socket: web.WebSocketResponse, pump: asyncio.Task[None], request: web.Request
) -> None:
    await client.closing.wait()
    request.app[HUB].leave(client)
    pump.cancel()
    with suppress(TimeoutError, ConnectionError):
        await asyncio.wait_for(socket.close(code=client.close_code), _CLOSE_SECONDS)
    if request.transport is not None:
        request.transport.abort()


ROUTES = (Route("GET", "/ws", connect, query=("clientId", "after")),)
