"""Queueing a graph, for every route that does: check it, store it, answer."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from engine.validate import Validation, validate
from server.http import Problem
from server.jobs.queue import DuplicateJob
from server.jobs.records import Json, NewJob, Submission, without_secrets
from server.jobs.resubmission import HEADER
from server.keys import PACKS, POOL, QUEUE, RESUBMISSIONS, SETTINGS, SPECS
from server.known import fresh_specs, node_specs
from server.provenance.verification import verified
from server.schemas import PromptBody
from server.workflows.functions import FUNCTIONS, ExpansionError

_ANSWER_SECONDS = 2.0
_REWRITE_SECONDS = 10.0


class Refused(Exception):
    """The graph cannot run; holds the body of the 400."""

    def __init__(self, error: Json, node_errors: Json | None = None) -> None:
        super().__init__(error["message"])
        self.body: Json = {"error": error, "node_errors": node_errors or {}}


async def once(
    request: web.Request, raw: bytes, carry_out: Callable[[Submission | None], Awaitable[Json]]
) -> Json:
    """What `carry_out` answers; for a request sent again with its `Idempotency-Key`, what it answered."""
    if (key := request.headers.get(HEADER)) is None:
        return await carry_out(None)
    store = await request.app[QUEUE].store()
    return await request.app[RESUBMISSIONS].once(store, key, raw, carry_out)


async def queue_graph(
    app: web.Application,
    body: PromptBody,
    answer: Callable[[NewJob, Json], Json],
    submission: Submission | None = None,
    *,
    whole: bool = False,
    vouched: bool = False,
) -> Json:
    """Queue a graph; it is on disk when this returns what `answer` makes of the job and the errors of its
    nodes. Raises Refused, or Problem; if it is to run as a `whole`, also when only some outputs can.

    `vouched`: the server itself says where the graph comes from, so that this needs no verification.
    """
    queue = app[QUEUE]
    counted = None if body.number is not None else queue.next_number()
    checked = await checked_graph(app, body, whole=whole)
    body, node_errors = checked.body, checked.node_errors
    extra_data = _extra_data(body)
    extra_data, secrets = without_secrets(extra_data if vouched else await verified(app, extra_data))
    job = NewJob(
        prompt_id=body.prompt_id or str(uuid.uuid4()),
        number=body.number if body.number is not None else _automatic(counted or 0, bool(body.front)),
        explicit_number=body.number is not None,
        client_id=extra_data.get("client_id"),
        graph=checked.graph,
        extra_data=extra_data,
        targets=checked.targets,
        created=time.time(),
    )
    if submission is not None:
        submission = replace(submission, answer=json.dumps(answer(job, node_errors)))
    try:
        accepted = await queue.submit(job, secrets, submission)
    except DuplicateJob as duplicate:
        text = f"a job with the id {duplicate} and another graph is waiting or running"
        raise Refused(refusal("duplicate_prompt_id", text, "prompt_id")) from duplicate
    return answer(accepted, node_errors)


@dataclass(frozen=True)
class Checked:
    """A graph that can run; `node_errors` are those of outputs that are left out."""

    body: PromptBody
    graph: Json
    targets: tuple[str, ...]
    node_errors: Json


async def checked_graph(app: web.Application, body: PromptBody, *, whole: bool = False) -> Checked:
    """A graph as it would be queued. Raises Refused, Problem as `queue_graph` does."""
    if body.prompt is None:
        raise Refused(refusal("no_prompt", "No prompt provided", "No prompt provided"))
    await node_specs(app)
    if isinstance(body.prompt, dict):  # packs know nothing of workflows, so these are replaced first
        body = body.model_copy(update={"prompt": await inlined(app, body.prompt)})
    body = await _rewritten(app, body)
    graph = _graph(body.prompt or {})
    checked = await _validate(app, graph, body.partial_execution_targets)
    error, node_errors = checked.response()
    if error is not None or checked.graph is None:
        raise Refused(error or {}, node_errors)
    accepted = dict(checked.graph.prompt)
    targets, node_errors = await _check_in_worker(app, accepted, list(checked.good_targets), node_errors)
    if whole and node_errors:
        text = f"outputs of node {', '.join(node_errors)} cannot be made"
        raise Refused(
            refusal("prompt_outputs_failed_validation", "Prompt outputs failed validation", text), node_errors
        )
    return Checked(body, accepted, tuple(targets), node_errors)


async def inlined(app: web.Application, graph: dict[str, Any]) -> dict[str, Any]:
    """A prompt in which every workflow that stands as a node is replaced by its nodes. Raises Refused."""
    try:
        return await app[FUNCTIONS].expanded(graph)
    except ExpansionError as error:
        raise Refused(*error.response()) from error


def _graph(prompt: dict[str, Any] | list[Any]) -> dict[str, Any]:
    if isinstance(prompt, dict):
        return prompt
    if prompt:
        raise Refused(
            refusal("invalid_prompt", "the prompt must be an object of nodes by id, not a list", "prompt")
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


def refusal(kind: str, message: str, details: str) -> Json:
    """The error of a request as a whole, in the words of ComfyUI's protocol."""
    return {"type": kind, "message": message, "details": details, "extra_info": {}}
