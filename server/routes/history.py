"""/history: what finished jobs made and how they ended."""

from __future__ import annotations

from aiohttp import web

from server.answers import History
from server.http import json_answer, query_int, read_model
from server.jobs.records import FINISHED
from server.keys import QUEUE, SETTINGS
from server.schemas import DeleteBody
from server.table import Route


async def listing(request: web.Request) -> web.Response:
    """Finished jobs from oldest to newest; `max_items` and `offset` choose a window."""
    store = await request.app[QUEUE].store()
    limit = request.app[SETTINGS].history_limit
    found = await store.history(query_int(request, "max_items"), query_int(request, "offset"), limit)
    return await json_answer(lambda: {job.prompt_id: job.entry() for job in found})


async def one(request: web.Request) -> web.Response:
    """The entry of one job; an empty object while it waits, runs or is unknown."""
    store = await request.app[QUEUE].store()
    job = await store.get(request.match_info["prompt_id"])
    entry = {job.prompt_id: job.entry()} if job is not None and job.state in FINISHED else {}
    return await json_answer(lambda: entry)


async def change(request: web.Request) -> web.Response:
    """Forget finished jobs: all, or by id."""
    body = await read_model(request, DeleteBody)
    store = await request.app[QUEUE].store()
    if body.clear:
        await store.forget(None)
    elif body.delete:
        await store.forget(body.delete)
    return web.Response()


ROUTES = (
    Route("GET", "/history", listing, query=("max_items", "offset"), answer=History),
    Route("GET", "/history/{prompt_id}", one, answer=History),
    Route("POST", "/history", change, body=DeleteBody),
)
