"""/api/v1/events: what happens in jobs, as a list or as a stream that can be taken up where it broke off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from aiohttp import web

from server.http import Problem, json_answer, not_found, query_int
from server.keys import QUEUE, STREAMS
from server.schemas import JobEvents
from server.stream.eventlog import Slice
from server.stream.resume import Follower, Positions, Story, story
from server.table import Route

HEARTBEAT = 15.0
"""Seconds between comments on a stream without events, which show that it is alive."""
_BEAT = b": still here\n\n"
_STREAM = "text/event-stream"
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


async def of_job(request: web.Request) -> web.StreamResponse:
    """The events of a job after the number `after`.

    With `Accept: text/event-stream` they come as server-sent events, with what is still to happen, until the
    job has ended; a client that comes back with `Last-Event-ID` misses nothing.
    """
    streams = _STREAM in request.headers.get("Accept", "")
    after = _after(request) if streams else query_int(request, "after") or 0
    store, logs = await request.app[QUEUE].store(), request.app[QUEUE].logs
    found = await story(store, logs, request.match_info["id"])
    if found is None:
        raise not_found("Job not found", "id")
    if not streams:
        return await json_answer(lambda: _answer(found, after))
    if found.ended and not found.since(after):
        return web.Response(status=204)  # which tells browsers not to come back
    return await _stream(request, Follower(store, logs).job(found, after))


async def of_client(request: web.Request) -> web.StreamResponse:
    """The events of all jobs of the session `clientId` as server-sent events, from now on or from `after` or
    `Last-Event-ID` on.
    """
    client_id = request.query.get("clientId")
    if not client_id:
        raise Problem(400, "invalid_query", "clientId is missing", "clientId")
    text = request.headers.get("Last-Event-ID") or request.query.get("after")
    positions = None if text is None else Positions.parse(text)
    store = await request.app[QUEUE].store()
    follower = Follower(store, request.app[QUEUE].logs)
    return await _stream(request, follower.client(client_id, positions))


def _after(request: web.Request) -> int:
    text = request.headers.get("Last-Event-ID", "")
    return int(text) if text.isascii() and text.isdigit() else query_int(request, "after") or 0


def _answer(found: Story, after: int) -> dict[str, object]:
    events = list(found.since(after).json())
    last = events[-1]["seq"] if events else after
    return {"job_id": found.job.prompt_id, "events": events, "last": last, "over": found.ended}


async def _stream(request: web.Request, parts: AsyncGenerator[tuple[str, Slice]]) -> web.StreamResponse:
    """Send events as they come. A client that stopped reading stops its own stream alone."""
    response = web.StreamResponse(headers=_HEADERS)
    response.content_type = _STREAM
    await response.prepare(request)
    streams, own = request.app[STREAMS], asyncio.current_task()
    assert own is not None
    streams.add(own)  # to be ended when the server stops, which would wait for it
    try:
        with suppress(ConnectionError):
            await response.write(b"retry: 1000\n\n")
            async with aclosing(parts), aclosing(_with_heartbeats(parts)) as beats:
                async for position, part in beats:
                    await response.write(
                        _BEAT if part is None else await asyncio.to_thread(_encode, position, part)
                    )
    finally:
        streams.discard(own)
    return response


async def _with_heartbeats(
    parts: AsyncGenerator[tuple[str, Slice]],
) -> AsyncGenerator[tuple[str, Slice | None]]:
    """The parts, and None whenever there was none for a while."""
    pending = asyncio.ensure_future(anext(parts, None))
    try:
        while True:
            done, _ = await asyncio.wait([pending], timeout=HEARTBEAT)
            if not done:
                yield "", None
                continue
            found = pending.result()
            if found is None:
                return
            yield found
            pending = asyncio.ensure_future(anext(parts, None))
    finally:
        pending.cancel()
        await asyncio.wait([pending])


def _encode(position: str, part: Slice) -> bytes:
    """Server-sent events. `position` is their id up to the number."""
    return "".join(
        f"id: {position}{data['seq']}\nevent: {data['type']}\ndata: {json.dumps(data)}\n\n"
        for data in part.json()
    ).encode()


ROUTES = (
    Route("GET", "/api/v1/jobs/{id}/events", of_job, alias=False, answer=JobEvents, query=("after",)),
    Route("GET", "/api/v1/events", of_client, alias=False, query=("clientId", "after"), media=_STREAM),
)
