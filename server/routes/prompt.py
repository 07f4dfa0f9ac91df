"""POST /prompt: check a graph, store it, answer. GET /prompt: how long the queue is."""

from __future__ import annotations

from aiohttp import web

from server.http import Problem, as_model, parse_json, read_body
from server.jobs.records import Json, NewJob, Submission
from server.jobs.resubmission import HEADER
from server.keys import QUEUE
from server.schemas import PromptAccepted, PromptBody, PromptRefused, QueueInfo
from server.submission import Refused, once, queue_graph, refusal
from server.table import Route


async def queue_info(request: web.Request) -> web.Response:
    """How many jobs wait or run."""
    return web.json_response({"exec_info": {"queue_remaining": request.app[QUEUE].remaining}})


async def submit(request: web.Request) -> web.Response:
    """Queue a graph. It is on disk before the answer goes out.

    A request that is sent again with the same `Idempotency-Key` within a day gets the same answer and makes
    no second job; the same key with another body is refused with 409.
    """
    try:
        raw = await read_body(request)
        body = as_model(parse_json(raw), PromptBody)

        async def carry_out(submission: Submission | None) -> Json:
            return await queue_graph(request.app, body, _answer, submission)

        return web.json_response(await once(request, raw, carry_out))
    except Refused as refused:
        return web.json_response(refused.body, status=400)
    except Problem as problem:
        if problem.status != 400:
            raise
        refused = Refused(refusal("invalid_prompt", problem.message, problem.where))
        return web.json_response(refused.body, status=400)


def _answer(job: NewJob, node_errors: Json) -> Json:
    return {"prompt_id": job.prompt_id, "number": job.shown_number, "node_errors": node_errors}


ROUTES = (
    Route("GET", "/prompt", queue_info, answer=QueueInfo),
    Route(
        "POST",
        "/prompt",
        submit,
        body=PromptBody,
        answer=PromptAccepted,
        refusal=PromptRefused,
        headers=(HEADER,),
    ),
)
