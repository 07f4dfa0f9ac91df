"""/api/v1/sweeps: a workflow run over many inputs, and what came of it."""

from __future__ import annotations

import uuid

from aiohttp import web

from server.http import Problem, json_answer, not_found, query_int, read_model
from server.jobs.resubmission import HEADER
from server.keys import CLEARANCE
from server.routes.view import whole
from server.schemas import PromptRefused
from server.submission import Refused
from server.sweeps.answers import record, summary
from server.sweeps.beginning import begin
from server.sweeps.feeder import FEEDER
from server.sweeps.pictures import grid_picture
from server.sweeps.reading import page, sweep_of, table_of
from server.sweeps.schemas import InvalidRows, SweepBody, SweepRecord, SweepsAnswer, SweepSummary
from server.table import Route
from server.workflows.authors import author_of
from server.workflows.calls import reference

_MOST = 10_000
_USUAL = 1_000


async def create(request: web.Request) -> web.Response:
    """Run a workflow over many inputs. `name` is NAME or NAME@REF; without REF it is its newest release.

    All inputs are checked before anything runs, and all runs are on disk before the answer. They enter the
    queue a few at a time, so that others are not kept waiting by all of them. With an `Idempotency-Key`, a
    request that is sent again answers with the sweep there is.
    """
    name, ref = reference(request.match_info["name"])
    body = await read_model(request, SweepBody, empty={})
    key = request.headers.get(HEADER)
    try:
        sweep = await begin(request.app, name, ref, body, author=author_of(request), key=key)
    except Refused as refused:
        return web.json_response(refused.body, status=400)
    request.app[FEEDER].take(sweep)
    return web.json_response(summary(sweep), status=202)


async def listing(request: web.Request) -> web.Response:
    """Sweeps, the newest first; of one workflow with `workflow`."""
    offset, limit = _window(request, 50)
    found = await page(request.app, request.query.get("workflow"), offset, limit)
    return web.json_response({"sweeps": [summary(sweep) for sweep in found.items], "total": found.total})


async def one(request: web.Request) -> web.Response:
    """A sweep with its runs, from `offset` on, at most `limit` of them (1,000)."""
    offset, limit = _window(request, _USUAL)
    sweep, items = await sweep_of(request.app, _id(request), offset, limit)
    more = offset + len(items) < sweep.total
    return await json_answer(lambda: record(sweep, items, request.app[FEEDER].status, more=more))


async def cancel(request: web.Request) -> web.Response:
    """Let no more runs of a sweep begin. One that runs goes on, and what was made stays."""
    return web.json_response(summary(await request.app[FEEDER].cancel(_id(request))))


async def grid(request: web.Request) -> web.StreamResponse:
    """The results as one labelled picture: the first input that varies across, the second down.

    Runs that are not over, or failed, are marked. `output` names which output is shown; the first picture by
    default.
    """
    path = await grid_picture(request.app, _id(request), request.query.get("output"))
    answer = await whole(await request.app[CLEARANCE].cleared(path))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


async def table(request: web.Request) -> web.Response:
    """The results as CSV: index, inputs, status, seconds, and a column for each output."""
    sweep, text = await table_of(request.app, _id(request))
    disposition = f'attachment; filename="sweep-{sweep.id[:8]}.csv"'
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


def _id(request: web.Request) -> str:
    try:
        return str(uuid.UUID(request.match_info["id"]))
    except ValueError as error:
        raise not_found(f"there is no sweep {request.match_info['id']!r}", "id") from error


def _window(request: web.Request, usual: int) -> tuple[int, int]:
    offset, limit = query_int(request, "offset") or 0, query_int(request, "limit")
    limit = usual if limit is None else limit
    if offset < 0 or not 0 < limit <= _MOST:
        raise Problem(400, "invalid_query", f"offset is at least 0, limit from 1 to {_MOST}", "offset, limit")
    return offset, limit


ROUTES = (
    Route(
        "POST",
        "/api/v1/workflows/{name}/sweeps",
        create,
        alias=False,
        body=SweepBody,
        answer=SweepSummary,
        refusal=PromptRefused,
        others=((202, SweepSummary), (422, InvalidRows)),
        headers=(HEADER,),
    ),
    Route(
        "GET",
        "/api/v1/sweeps",
        listing,
        alias=False,
        answer=SweepsAnswer,
        query=("workflow", "offset", "limit"),
    ),
    Route("GET", "/api/v1/sweeps/{id}", one, alias=False, answer=SweepRecord, query=("offset", "limit")),
    Route("DELETE", "/api/v1/sweeps/{id}", cancel, alias=False, answer=SweepSummary),
    Route("GET", "/api/v1/sweeps/{id}/grid.png", grid, alias=False, query=("output",), media="image/png"),
    Route("GET", "/api/v1/sweeps/{id}/table.csv", table, alias=False, media="text/csv"),
)
