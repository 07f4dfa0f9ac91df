"""/queue, /interrupt, /free: what waits, what runs, and stopping it."""

from __future__ import annotations

import asyncio

from aiohttp import web

from server.http import as_model, json_answer, parse_json, read_body, read_model
from server.keys import POOL, QUEUE
from server.schemas import DeleteBody, FreeBody, InterruptBody, QueueState
from server.sweeps.feeder import FEEDER
from server.table import Route


async def show(request: web.Request) -> web.Response:
    """Running and pending jobs."""
    queue = request.app[QUEUE]
    running = [running.job.item() for running in queue.running.values()]
    pending = await queue.pending()
    return await json_answer(
        lambda: {"queue_running": running, "queue_pending": [job.item() for job in pending]}
    )


async def change(request: web.Request) -> web.Response:
    """Remove pending jobs: all, with the sweeps they are of, or by id. Running ones go on."""
    body = await read_model(request, DeleteBody)
    queue = request.app[QUEUE]
    if body.clear:
        await request.app[FEEDER].clear()
        await queue.remove(None)
    if body.delete:
        await queue.remove(body.delete)
    return web.Response()


async def interrupt(request: web.Request) -> web.Response:
    """Stop the running job, or exactly the one named if it is running."""
    body = await _lenient(request)
    request.app[QUEUE].interrupt(body.prompt_id)
    return web.Response()


async def _lenient(request: web.Request) -> InterruptBody:
    # Clients send this with no body, with `{}`, and with text that is not JSON; all of them mean "stop".
    body = (await read_body(request)).strip()
    return as_model(parse_json(body), InterruptBody) if body.startswith((b"{", b"[")) else InterruptBody()


async def free(request: web.Request) -> web.Response:
    """Give memory back as soon as the worker is idle."""
    body = await read_model(request, FreeBody, empty={})
    if body.free_memory or body.unload_models:
        await asyncio.shield(request.app[POOL].free())
    return web.Response()


ROUTES = (
    Route("GET", "/queue", show, answer=QueueState),
    Route("POST", "/queue", change, body=DeleteBody),
    Route("POST", "/interrupt", interrupt, body=InterruptBody),
    Route("POST", "/free", free, body=FreeBody),
)
