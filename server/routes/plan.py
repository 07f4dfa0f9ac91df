"""POST /api/v1/plan: what running a graph now would do, and why, without running it."""

from __future__ import annotations

from aiohttp import web

from server.conversion import prompt_of
from server.http import Problem, read_model
from server.keys import POOL
from server.known import node_specs
from server.schemas import PlanAnswer, PlanBody, PromptRefused
from server.submission import Refused, inlined
from server.table import Route

_ANSWER_SECONDS = 10.0


async def plan(request: web.Request) -> web.Response:
    """Ask the worker that has the cache. 503 while none can answer."""
    body = await read_model(request, PlanBody)
    await node_specs(request.app)
    prompt = body.prompt
    try:
        if prompt is None:
            if body.workflow is None:
                raise Problem(400, "invalid_body", "give a prompt or a workflow", "prompt, workflow")
            prompt = (await prompt_of(request.app, body.workflow)).prompt
        prompt = await inlined(request.app, prompt)
    except Refused as refused:
        return web.json_response(refused.body, status=400)
    question = {"type": "plan", "graph": prompt, "targets": body.partial_execution_targets}
    answer = await request.app[POOL].ask(question, _ANSWER_SECONDS)
    if answer is None:
        text = "no worker can say now what would run; ask again soon"
        raise Problem(503, "worker_away", text, "worker", {"Retry-After": "2"})
    if "plan" not in answer:
        refused = {"error": answer["error"], "node_errors": answer["node_errors"]}
        return web.json_response(refused, status=400)
    return web.json_response({**answer["plan"], "node_errors": answer["node_errors"]})


ROUTES = (
    Route("POST", "/api/v1/plan", plan, alias=False, body=PlanBody, answer=PlanAnswer, refusal=PromptRefused),
)
