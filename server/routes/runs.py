"""/api/v1/runs: run a workflow as the canvas has it, and see again what was run."""

from __future__ import annotations

from aiohttp import web

from engine.graph import as_object
from server.conversion import Prepared, prompt_of
from server.http import Problem, as_model, json_answer, not_found, parse_json, read_body
from server.jobs.records import Job, Json, NewJob, Submission
from server.jobs.resubmission import HEADER
from server.jobs.schemas import RunAccepted, RunBody, RunRecord, RunRefused
from server.keys import QUEUE
from server.routes.controls import item
from server.schemas import ExtraData, PromptBody
from server.submission import Refused, once, queue_graph
from server.table import Route


async def submit(request: web.Request) -> web.Response:
    """Run a workflow of the canvas, or a prompt. It is on disk before the answer goes out.

    A workflow is converted here and kept with the run, so that it can be opened again and goes into the
    pictures. With both, the prompt is run and the workflow kept. `Idempotency-Key` works as for `/prompt`.
    """
    raw = await read_body(request)
    body = as_model(parse_json(raw), RunBody)

    async def carry_out(submission: Submission | None) -> Json:
        return await _run(request.app, body, submission)

    try:
        return web.json_response(await once(request, raw, carry_out))
    except Refused as refused:
        return web.json_response({"report": [], **refused.body}, status=400)


async def _run(app: web.Application, body: RunBody, submission: Submission | None) -> Json:
    if body.prompt is not None:
        made = Prepared(body.prompt, [], {})
    elif body.workflow is not None:
        made = await prompt_of(app, body.workflow)
    else:
        raise Problem(400, "invalid_body", "give a workflow or a prompt", "workflow, prompt")

    def answer(job: NewJob, node_errors: Json) -> Json:
        told = {"node_errors": {**made.node_errors, **node_errors}, "report": made.report}
        return {"run_id": job.prompt_id, "number": job.shown_number, **told}

    request = PromptBody(
        prompt=made.prompt,
        client_id=body.client_id,
        prompt_id=body.run_id,
        number=body.priority,
        front=body.front,
        extra_data=_with_workflow(body),
        partial_execution_targets=body.targets,
    )
    try:
        return await queue_graph(app, request, answer, submission)
    except Refused as refused:
        refused.body["report"] = made.report
        refused.body["node_errors"] = {**made.node_errors, **refused.body["node_errors"]}
        raise


def _with_workflow(body: RunBody) -> ExtraData:
    """What travels with the job: the workflow is written into pictures, unless the client put one there."""
    extra = {} if body.extra_data is None else body.extra_data.as_json()
    if body.workflow is not None:
        png = as_object(extra.get("extra_pnginfo")) or {}
        extra["extra_pnginfo"] = {"workflow": body.workflow, **png}
    return ExtraData.model_validate(extra)


async def one(request: web.Request) -> web.Response:
    """A run as it was: its prompt, its workflow if one was sent, what came of each node, and when."""
    job = await (await request.app[QUEUE].store()).get(request.match_info["id"])
    if job is None:
        raise not_found("there is no such run; its record may have been deleted", "id")
    return await json_answer(lambda: record(job))


def record(job: Job) -> Json:
    """Everything kept of a run."""
    png = as_object(job.extra_data.get("extra_pnginfo")) or {}
    return {
        **item(job),
        "prompt": job.graph,
        "workflow": as_object(png.get("workflow")),
        "targets": list(job.targets),
        "outputs": job.outputs,
        "nodes": job.nodes,
    }


ROUTES = (
    Route(
        "POST",
        "/api/v1/runs",
        submit,
        alias=False,
        body=RunBody,
        answer=RunAccepted,
        refusal=RunRefused,
        headers=(HEADER,),
    ),
    Route("GET", "/api/v1/runs/{id}", one, alias=False, answer=RunRecord),
)
