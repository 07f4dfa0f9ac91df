"""What the server must know before it can answer for nodes, waited for but not for ever."""

from __future__ import annotations

import asyncio

from aiohttp import web

from server.http import Problem
from server.keys import POOL, SPECS
from server.specs import Specs

_ANSWER_SECONDS = 2.0


async def node_specs(app: web.Application) -> Specs:
    """The node specs, as soon as they are known. Raises Problem 503 if the worker that has them cannot
    start.
    """
    specs, pool = app[SPECS], app[POOL]
    waits = [asyncio.create_task(event.wait()) for event in (specs.ready, pool.failed)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    if not specs.ready.is_set():
        text = f"the nodes are not known, for the worker cannot start: {pool.last_error}"
        raise Problem(503, "worker_failed", text, "worker", {"Retry-After": "10"})
    return specs


async def fresh_specs(app: web.Application) -> Specs:
    """The same, with the inputs of packs' nodes as these declare them now, if a worker says so in time."""
    specs = await node_specs(app)
    if any(spec.dynamic for spec in specs.registry):
        answer = await app[POOL].ask({"type": "specs"}, _ANSWER_SECONDS)
        if answer is not None and "specs" in answer:
            specs.update(answer["specs"])
    return specs
