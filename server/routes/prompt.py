"""POST /prompt: check a graph, store it, answer. GET /prompt: how long the queue is."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import replace
from typing import Any

from aiohttp import web

from engine.validate import Validation, validate
from server.http import Problem, as_model, parse_json, read_body
from server.jobs.queue import DuplicateJob
from server.jobs.records import Json, NewJob, Submission, without_secrets
from server.jobs.resubmission import HEADER
from server.keys import PACKS, POOL, QUEUE, RESUBMISSIONS, SETTINGS, SPECS
from server.known import fresh_specs, node_specs
from server.schemas import PromptAccepted, PromptBody, PromptRefused, QueueInfo
from server.table import Route

_ANSWER_SECONDS = 2.0
_REWRITE_SECONDS = 10.0


class Refused(Exception):
    """The graph cannot run; holds the body of the 400."""

    def __init__(self, error: Json, node_errors: Json | None = None) -> None:
        super().__init__(error["message"])
        self.body = {"error": error, "node_errors": node_errors or {}}


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
        if (key := request.headers.get(HEADER)) is None:
            return web.json_response(await _queue(request.app, body))
        store, again = await request.app[QUEUE].store(), request.app[RESUBMISSIONS]

        async def carry_out(submission: Submission) -> Json:
            return await _queue(request.app, body, submission)

        return web.json_response(await again.once(store, key, raw, carry_out))
    except Refused as refused:
        return web.json_response(refused.body, status=400)
    except Problem as problem:
        if problem.status != 400:
            raise
        refused = Refused(_error("invalid_prompt", problem.message, problem.where))
        return web.json_response(refused.body, status=400)


async def _queue(app: web.Application, body: PromptBody, submission: Submission | None = None) -> Json:
    queue = app[QUEUE]
    counted = None if body.number is not None else queue.next_number()
    if body.prompt is None:
        raise Refused(_error("no_prompt", "No prompt provided", "No prompt provided"))
    await node_specs(app)
    body = await _rewritten(app, body)
    graph = _graph(body.prompt or {})
    checked = await _validate(app, graph, body.partial_execution_targets)
    error, node_errors = checked.response()
    if error is not None or checked.graph is None:
        raise Refused(error or {}, node_errors)
    accepted_graph = dict(checked.graph.prompt)
    targets, node_errors = await _check_in_worker(
        app, accepted_graph, list(checked.good_targets), node_errors
    )
    extra_data, secrets = without_secrets(_extra_data(body))
    job = NewJob(
        prompt_id=body.prompt_id or str(uuid.uuid4()),
        number=body.number if body.number is not None else _automatic(counted or 0, bool(body.front)),
        explicit_number=body.number is not None,
        client_id=extra_data.get("client_id"),
        graph=accepted_graph,
        extra_data=extra_data,
        targets=tuple(targets),
        created=time.time(),
    )
    if submission is not None:
        submission = replace(submission, answer=json.dumps(_answer(job, node_errors)))
    try:
        accepted = await queue.submit(job, secrets, submission)
    except DuplicateJob as duplicate:
        text = f"a job with the id {duplicate} and another graph is waiting or running"
        raise Refused(_error("duplicate_prompt_id", text, "prompt_id")) from duplicate
    return _answer(accepted, node_errors)


def _answer(job: NewJob, node_errors: Json) -> Json:
    return {"prompt_id": job.prompt_id, "number": job.shown_number, "node_errors": node_errors}


def _graph(prompt: dict[str, Any] | list[Any]) -> dict[str, Any]:
    if isinstance(prompt, dict):
        return prompt
    if prompt:
        raise Refused(
            _error("invalid_prompt", "the prompt must be an object of nodes by id, not a list", "prompt")
        )
    return {}


async def _validate(app: web.Application, graph: dict[str, Any], targets: list[str] | None) -> Validation:
    # It looks file names up in folders that may be large or far away.
    folders = app[SETTINGS].folders
    checked = await asyncio.to_thread(validate, graph, app[SPECS].registry, folders, targets=targets)
    classes = {checked.classes.get(p.node) for p in checked.problems if p.node is not None}
    specs = [app[SPECS].registry.get(name) for name in classes if name]
    if not any(spec is not None and spec.dynamic for spec in specs):
        return checked
    registry = (await fresh_specs(app)).registry  # what a pack's node declared a while ago may be outdated
    return await asyncio.to_thread(validate, graph, registry, folders, targets=targets)


async def _rewritten(app: web.Application, body: PromptBody) -> PromptBody:
    """The request as packs want it, if one of them has a say. Raises Problem 503 if they cannot be asked."""
    if not app[PACKS].rewrites:
        return body
    request = body.model_dump(exclude_unset=True, exclude={"extra_data"})
    request["extra_data"] = {} if body.extra_data is None else body.extra_data.as_json()
    answer = await app[POOL].ask({"type": "rewrite", "request": request}, _REWRITE_SECONDS)
    if answer is None or "request" not in answer:
        text = "a pack changes requests before they are queued, and packs run in the worker, which is away"
        raise Problem(503, "worker_away", text, "worker", {"Retry-After": "2"})
    return PromptBody.model_validate(answer["request"])


async def _check_in_worker(
    app: web.Application, graph: Json, targets: list[str], node_errors: Json
) -> tuple[list[str], Json]:
    """Nodes with checks of their own are asked where their code is. If the worker is away, the run will
    tell.
    """
    specs = [app[SPECS].registry.get(node["class_type"]) for node in graph.values()]
    if not any(spec is not None and spec.has_check for spec in specs):
        return targets, node_errors
    question = {"type": "validate", "graph": graph, "targets": targets}
    answer = await app[POOL].ask(question, _ANSWER_SECONDS)
    if answer is None:
        return targets, node_errors
    if answer["error"] is not None:
        raise Refused(answer["error"], {**node_errors, **answer["node_errors"]})
    return answer["targets"], {**node_errors, **answer["node_errors"]}


def _extra_data(body: PromptBody) -> Json:
    extra_data = {} if body.extra_data is None else body.extra_data.as_json()
    if body.client_id is not None:
        extra_data["client_id"] = body.client_id
    return extra_data


def _automatic(counted: int, front: bool) -> float:
    return -counted if front else counted


def _error(kind: str, message: str, details: str) -> Json:
    return {"type": kind, "message": message, "details": details, "extra_info": {}}


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
