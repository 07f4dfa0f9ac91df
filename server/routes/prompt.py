"""POST /prompt: check a graph, store it, answer. GET /prompt: how long the queue is."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

from aiohttp import web

from engine.validate import Validation, validate
from server.http import Problem, read_model
from server.keys import POOL, QUEUE, SETTINGS, SPECS
from server.known import node_specs
from server.queue import DuplicateJob
from server.records import Json, NewJob, without_secrets
from server.schemas import PromptAccepted, PromptBody, PromptRefused, QueueInfo
from server.table import Route

_ANSWER_SECONDS = 2.0


class Refused(Exception):
    """The graph cannot run; holds the body of the 400."""

    def __init__(self, error: Json, node_errors: Json | None = None) -> None:
        super().__init__(error["message"])
        self.body = {"error": error, "node_errors": node_errors or {}}


async def queue_info(request: web.Request) -> web.Response:
    """How many jobs wait or run."""
    return web.json_response({"exec_info": {"queue_remaining": request.app[QUEUE].remaining}})


async def submit(request: web.Request) -> web.Response:
    """Queue a graph. It is on disk before the answer goes out."""
    try:
        body = await read_model(request, PromptBody)
        return web.json_response(await _queue(request.app, body))
    except Refused as refused:
        return web.json_response(refused.body, status=400)
    except Problem as problem:
        if problem.status != 400:
            raise
        body = Refused(_error("invalid_prompt", problem.message, problem.where)).body
        return web.json_response(body, status=400)


async def _queue(app: web.Application, body: PromptBody) -> Json:
    queue = app[QUEUE]
    counted = None if body.number is not None else queue.next_number()
    if body.prompt is None:
        raise Refused(_error("no_prompt", "No prompt provided", "No prompt provided"))
    graph = _graph(body.prompt)
    await node_specs(app)
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
    try:
        accepted = await queue.submit(job, secrets)
    except DuplicateJob as duplicate:
        text = f"a job with the id {duplicate} and another graph is waiting or running"
        raise Refused(_error("duplicate_prompt_id", text, "prompt_id")) from duplicate
    return {"prompt_id": accepted.prompt_id, "number": accepted.shown_number, "node_errors": node_errors}


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
    registry, folders = app[SPECS].registry, app[SETTINGS].folders
    return await asyncio.to_thread(validate, graph, registry, folders, targets=targets)


async def _check_in_worker(
    app: web.Application, graph: Json, targets: list[str], node_errors: Json
) -> tuple[list[str], Json]:
    """Nodes with checks of their own are asked where their code is. If the worker is away, the run will
    tell.
    """
    specs = [app[SPECS].registry.get(node["class_type"]) for node in graph.values()]
    if not any(spec is not None and spec.check_inputs for spec in specs):
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
    Route("POST", "/prompt", submit, body=PromptBody, answer=PromptAccepted, refusal=PromptRefused),
)
