"""/ws: the event stream of a session."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from server.http import Problem
from server.keys import HUB, QUEUE
from server.sockets import Client
from server.table import Route

_CLOSE_SECONDS = 5.0


async def connect(request: web.Request) -> web.WebSocketResponse:
    """Join the stream of the session `clientId`; `status` comes first, then what the session should know."""
    socket = web.WebSocketResponse()
    if not socket.can_prepare(request):
        raise Problem(400, "not_a_websocket", "this route only speaks WebSocket", "Upgrade")
    await socket.prepare(request)
    hub, queue = request.app[HUB], request.app[QUEUE]
    client = hub.join(socket, request.query.get("clientId"))
    hub.greet(client, queue.remaining, queue.joined(client.sid))
    pump = asyncio.create_task(client.pump())
    watch = asyncio.create_task(_close_on_request(client, socket, pump, request))
    try:
        await _listen(client, socket, request)
    finally:
        hub.leave(client)
        pump.cancel()
        watch.cancel()
    return socket


async def _listen(client: Client, socket: web.WebSocketResponse, request: web.Request) -> None:
    """Only the first JSON object counts, and only if it names the client's features."""
    heard = False
    async for message in socket:
        if message.type is not WSMsgType.TEXT or heard:
            continue
        data = _object(message.data)
        if data is not None:
            heard = True
            if data.get("type") == "feature_flags":
                request.app[HUB].negotiate(client, data.get("data"))


def _object(text: str) -> dict[str, Any] | None:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None  # pyright: ignore[reportUnknownVariableType]


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


ROUTES = (Route("GET", "/ws", connect, query=("clientId",)),)
