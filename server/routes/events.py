"""/api/v1/events: what happens in jobs, as a list or as a stream that can be taken up where it broke off."""

from __future__ import annotations

import json

from aiohttp import web

from server.http import Problem, json_answer, not_found, query_int
from server.keys import QUEUE
from server.schemas import JobEvents
from server.stream.eventlog import Slice
from server.stream.resume import Follower, Positions, Story, story
from server.stream.sse import MEDIA, stream
from server.table import Route


async def of_job(request: web.Request) -> web.StreamResponse:
    """The events of a job after the number `after`.

    With `Accept: text/event-stream` they come as server-sent events, with what is still to happen, until the
    job has ended; a client that comes back with `Last-Event-ID` misses nothing.
    """
    streams = MEDIA in request.headers.get("Accept", "")
    after = _after(request) if streams else query_int(request, "after") or 0
    store, logs = await request.app[QUEUE].store(), request.app[QUEUE].logs
    found = await story(store, logs, request.match_info["id"])
    if found is None:
        raise not_found("Job not found", "id")
    if not streams:
        return await json_answer(lambda: _answer(found, after))
    if found.ended and not found.since(after):
        return web.Response(status=204)  # which tells browsers not to come back
    return await stream(request, Follower(store, logs).job(found, after), _encode)


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
    return await stream(request, follower.client(client_id, positions), _encode)


def _after(request: web.Request) -> int:
    text = request.headers.get("Last-Event-ID", "")
    return int(text) if text.isascii() and text.isdigit() else query_int(request, "after") or 0


def _answer(found: Story, after: int) -> dict[str, object]:
    events = list(found.since(after).json())
    last = events[-1]["seq"] if events else after
    return {"job_id": found.job.prompt_id, "events": events, "last": last, "over": found.ended}


def _encode(found: tuple[str, Slice]) -> bytes:
    """Server-sent events. The text is their id up to the number."""
    position, part = found
    return "".join(
        f"id: {position}{data['seq']}\nevent: {data['type']}\ndata: {json.dumps(data)}\n\n"
        for data in part.json()
    ).encode()


ROUTES = (
    Route("GET", "/api/v1/jobs/{id}/events", of_job, alias=False, answer=JobEvents, query=("after",)),
    Route("GET", "/api/v1/events", of_client, alias=False, query=("clientId", "after"), media=MEDIA),
)
