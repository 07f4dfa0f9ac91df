"""Server-sent events: a stream that shows it is alive, and ends with the client or the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import TypeVar

from aiohttp import web

from server.keys import STREAMS

MEDIA = "text/event-stream"
HEARTBEAT = 15.0
"""Seconds between comments on a stream without events, which show that it is alive."""
_BEAT = b": still here\n\n"
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
Part = TypeVar("Part")


async def stream(
    request: web.Request, parts: AsyncGenerator[Part], encode: Callable[[Part], bytes]
) -> web.StreamResponse:
    """Send events as they come, encoded in a thread. A client that stopped reading stops its own stream
    alone.
    """
    response = web.StreamResponse(headers=_HEADERS)
    response.content_type = MEDIA
    await response.prepare(request)
    streams, own = request.app[STREAMS], asyncio.current_task()
    assert own is not None
    streams.add(own)  # to be ended when the server stops, which would wait for it
    try:
        with suppress(ConnectionError):
            await response.write(b"retry: 1000\n\n")
            async with aclosing(parts), aclosing(_with_heartbeats(parts)) as beats:
                async for part in beats:
                    await response.write(_BEAT if part is None else await asyncio.to_thread(encode, part))
    finally:
        streams.discard(own)
    return response


async def _with_heartbeats(parts: AsyncGenerator[Part]) -> AsyncGenerator[Part | None]:
    """The parts, and None whenever there was none for a while."""
    pending = asyncio.ensure_future(anext(parts, None))
    try:
        while True:
            done, _ = await asyncio.wait([pending], timeout=HEARTBEAT)
            if not done:
                yield None
                continue
            found = pending.result()
            if found is None:
                return
            yield found
            pending = asyncio.ensure_future(anext(parts, None))
    finally:
        pending.cancel()
        await asyncio.wait([pending])
