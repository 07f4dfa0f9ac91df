"""/api/v1/runs/events: the beginnings and ends of runs as a stream."""

from __future__ import annotations

import json

from aiohttp import web

from server.runs.following import FOLLOWING, Cursor, Happening, Wanted
from server.stream.sse import MEDIA, stream
from server.table import Route


async def all_runs(request: web.Request) -> web.StreamResponse:
    """`run.started`, `run.finished` and `sweep.finished` as server-sent events, from now on.

    With the id of an event as `Last-Event-ID`, or `after`, everything after it is told; a run that is running
    then may be told a second time. `client_id` and `workflow` choose whose runs.
    """
    text = request.headers.get("Last-Event-ID") or request.query.get("after")
    wanted = Wanted(request.query.get("client_id") or None, request.query.get("workflow") or None)
    after = Cursor.parse(text) if text else None
    return await stream(request, request.app[FOLLOWING].runs(wanted, after), _encode)


def _encode(one: Happening) -> bytes:
    return f"id: {one.cursor}\nevent: {one.type}\ndata: {json.dumps(one.data)}\n\n".encode()


ROUTES = (
    Route(
        "GET",
        "/api/v1/runs/events",
        all_runs,
        alias=False,
        query=("client_id", "workflow", "after"),
        headers=("Last-Event-ID",),
        media=MEDIA,
    ),
)
