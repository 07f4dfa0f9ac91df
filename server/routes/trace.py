"""/api/v1/jobs/{id}/trace: where the time of a run went."""

from __future__ import annotations

from aiohttp import web

from server.http import json_answer, not_found
from server.keys import QUEUE, SPECS
from server.observe.trace import Trace, lanes_of
from server.stream.resume import story
from server.table import Route


async def of_job(request: web.Request) -> web.Response:
    """The run as a Chrome trace, for chrome://tracing or ui.perfetto.dev: a row for each lane, with what each
    node took and why it ran.
    """
    queue = request.app[QUEUE]
    found = await story(await queue.store(), queue.logs, request.match_info["id"])
    if found is None:
        raise not_found("Job not found", "id")
    part, lane_of = found.since(0), lanes_of(request.app[SPECS].registry)
    return await json_answer(lambda: Trace(lane_of).to_json(part.events()))


ROUTES = (Route("GET", "/api/v1/jobs/{id}/trace", of_job, alias=False),)
