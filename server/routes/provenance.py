"""/api/v1/runs/{id}/provenance, /api/v1/workflows/lock and /resolve: what runs were made of, what workflows
need.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable

from aiohttp import web

from server.http import Problem, json_answer, query_int, read_model
from server.jobs.records import Json
from server.jobs.waiting import ENDINGS
from server.provenance.recording import PROVENANCE
from server.provenance.schemas import Lock, ResolveBody, Resolved, RunProvenance
from server.submission import Refused
from server.table import Route
from server.workflows.compare_schemas import Side

_LONGEST_WAIT = 600


async def provenance(request: web.Request) -> web.Response:
    """What a run was made of: version, inputs, seeds, node code, models, environment, hashes of its outputs.

    A run is on record from when it begins, and stays there when its job is forgotten. With `wait` (seconds)
    the answer comes once the hashes are in, or the time is over.
    """
    seconds = query_int(request, "wait") or 0
    if not 0 <= seconds <= _LONGEST_WAIT:
        raise Problem(400, "invalid_query", f"wait must be within 0 and {_LONGEST_WAIT} seconds", "wait")
    run, until = request.match_info["id"], time.monotonic() + seconds
    if seconds:
        await request.app[ENDINGS].wait(run, seconds)
    found = await request.app[PROVENANCE].record(run, max(until - time.monotonic(), 0.0))
    return await json_answer(lambda: {**found, **{name: _milliseconds(found[name]) for name in _TIMES}})


_TIMES = ("created", "started", "finished")


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)


async def lock(request: web.Request) -> web.Response:
    """The models of a workflow by their hashes, and the packs its nodes come from. Models that were not
    hashed before are read, which takes seconds for large ones.
    """
    from server.provenance.requirements import locked  # hashing and packs: nothing a start needs

    side = await read_model(request, Side)
    return web.json_response(await _readable(locked(request.app, side)))


async def resolve(request: web.Request) -> web.Response:
    """Find the models a workflow needs on this machine, by content if it has a lock, and put in the names
    they have here; say what is missing.
    """
    from server.provenance.requirements import resolved

    body = await read_model(request, ResolveBody)
    return web.json_response(await _readable(resolved(request.app, body.document)))


async def _readable(work: Awaitable[Json]) -> Json:
    try:
        return await work
    except Refused as refused:
        raise Problem(400, "invalid_workflow", str(refused), "document") from refused
    except RecursionError as error:
        raise Problem(400, "invalid_workflow", "the document is nested too deeply", "document") from error


ROUTES = (
    Route(
        "GET",
        "/api/v1/runs/{id}/provenance",
        provenance,
        alias=False,
        query=("wait",),
        answer=RunProvenance,
    ),
    Route("POST", "/api/v1/workflows/lock", lock, alias=False, body=Side, answer=Lock),
    Route("POST", "/api/v1/workflows/resolve", resolve, alias=False, body=ResolveBody, answer=Resolved),
)
