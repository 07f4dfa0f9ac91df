"""/api/v1/workflows/{name}/run: a workflow called by its name."""

from __future__ import annotations

import math

from aiohttp import web

from server.http import Problem, query_flag
from server.jobs.records import Json, Submission
from server.jobs.resubmission import HEADER
from server.schemas import PromptRefused
from server.submission import Refused, once
from server.table import Route
from server.workflows.call_schemas import (
    CallAccepted,
    CallBody,
    CallDone,
    CallFailed,
    InvalidInputs,
)
from server.workflows.calls import Options, outcome, reference, resolved, start
from server.workflows.given import given

_LONGEST_WAIT = 600.0
QUERY = ("wait", "front", "priority", "client_id", "preview_method")


async def run(request: web.Request) -> web.Response:
    """Run a workflow with these inputs. `name` is NAME or NAME@REF; without REF its newest release runs.

    The answer is 202 once the run is on disk. With `wait`, in seconds, it is 200 with the outputs if the run
    is over by then. Files come as the parts of a form, named as the inputs. `Idempotency-Key` works as for
    `/prompt`. A client that goes away does not stop the run.
    """
    seconds, options = _seconds(request), _options(request)
    values = await given(request)

    async def carry_out(submission: Submission | None) -> Json:
        called = await resolved(request.app, *reference(request.match_info["name"]))
        return await start(request.app, called, values, options, submission)

    try:
        accepted = await once(request, request.path.encode() + values.identity, carry_out)
    except Refused as refused:
        return web.json_response(refused.body, status=400)
    done = await outcome(request.app, accepted, seconds) if seconds else None
    return web.json_response(accepted, status=202) if done is None else web.json_response(done)


def _options(request: web.Request) -> Options:
    priority = _number(request, "priority") if request.query.get("priority") else None
    return Options(
        request.query.get("client_id") or None,
        query_flag(request, "front"),
        priority,
        preview_method=request.query.get("preview_method") or None,
    )


def _seconds(request: web.Request) -> float:
    seconds = _number(request, "wait") if request.query.get("wait") else 0.0
    if not 0 <= seconds <= _LONGEST_WAIT:
        text = f"wait: {seconds:g} is not within 0 and {_LONGEST_WAIT:g} seconds"
        raise Problem(400, "invalid_query", text, "wait")
    return seconds


def _number(request: web.Request, name: str) -> float:
    text = request.query[name]
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Problem(400, "invalid_query", f"{name}: {text!r} is not a number", name)
    return number


ROUTES = (
    Route(
        "POST",
        "/api/v1/workflows/{name}/run",
        run,
        alias=False,
        body=CallBody,
        answer=CallDone,
        refusal=PromptRefused,
        others=((202, CallAccepted), (409, CallFailed), (422, InvalidInputs), (500, CallFailed)),
        multipart=True,
        query=QUERY,
        headers=(HEADER,),
    ),
)
