"""Calling a workflow by its name: from values to a job in the queue, and to its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from server.http import Problem, not_found
from server.jobs.records import Job, Json, NewJob, State, Submission
from server.jobs.waiting import ENDINGS
from server.keys import QUEUE, SPECS
from server.known import node_specs
from server.schemas import ExtraData, PromptBody
from server.submission import Refused, queue_graph
from server.workflows.blame import blamed
from server.workflows.functions import FUNCTIONS, Called
from server.workflows.given import Given
from server.workflows.results import outputs_of
from workflows.formats.definitions import Definitions, remembered
from workflows.functions import Bound, FunctionError, InvalidInputs
from workflows.functions.filled import filled


@dataclass(frozen=True)
class Options:
    """How a call is to be queued."""

    client_id: str | None = None
    front: bool = False
    priority: float | None = None
    run_id: str | None = None
    more: Json | None = None
    """Beside `workflow` and the like in `extra_data.darkroom`."""
    preview_method: str | None = None
    """How previews are made while it samples, as with `/prompt`."""


def reference(text: str) -> tuple[str, str]:
    """Name and reference of `NAME@REF`; the reference is empty if there is none."""
    name, _, ref = text.partition("@")
    return name, ref


async def resolved(app: web.Application, name: str, ref: str = "") -> Called:
    """The version a call means. Raises Problem 404 if it is not there, 409 if it cannot be called."""
    await node_specs(app)
    try:
        return await app[FUNCTIONS].called(name, ref)
    except FunctionError as error:
        problems = [one.to_json() for one in error.problems]
        raise Problem(409, "not_callable", str(error), "name", more={"problems": problems}) from error


async def start(
    app: web.Application,
    called: Called,
    given: Given,
    options: Options,
    submission: Submission | None = None,
) -> Json:
    """Queue a call; it is on disk when this returns what the caller is told.

    Raises Problem 422 for values that do not fit, Refused for a graph that cannot run whatever the values.
    """
    try:
        bound = await app[FUNCTIONS].bound(
            called, given.values, text=given.text, prefix=f"{called.version.workflow}/"
        )
    except InvalidInputs as error:
        raise _unfit(error) from error
    try:
        return await queue_call(app, called, bound, options, submission)
    except Refused as refused:
        if problems := blamed(refused.body["node_errors"], called.function, bound):
            raise _unfit(InvalidInputs(problems)) from refused
        raise


def _unfit(error: InvalidInputs) -> Problem:
    problems = [one.to_json() for one in error.problems]
    return Problem(422, "invalid_inputs", f"nothing runs: {error}", "body", more={"problems": problems})


async def queue_call(
    app: web.Application,
    called: Called,
    bound: Bound,
    options: Options,
    submission: Submission | None = None,
) -> Json:
    """Queue a call whose values are bound, as `start` does."""
    version = called.version
    told: Json = {"workflow": version.workflow, "version": version.id}
    told |= {"release": called.release, "inputs": bound.values}

    def answer(job: NewJob, _node_errors: Json) -> Json:
        return {"run_id": job.prompt_id, "number": job.shown_number, **told}

    body = body_of(app, called, bound, options)
    return await queue_graph(app, body, answer, submission, whole=True, vouched=True)


def body_of(app: web.Application, called: Called, bound: Bound, options: Options) -> PromptBody:
    """A call as a request to run its graph."""
    version = called.version
    source: Json = {"workflow": version.workflow, "version": version.id, "inputs": bound.values}
    if called.release is not None:
        source["release"] = called.release
    extra: Json = {"darkroom": {**source, **(options.more or {})}, "workflow_name": version.workflow}
    if options.preview_method is not None:
        extra["preview_method"] = options.preview_method
    if "nodes" in called.document:
        shown = filled(called.document, called.function, bound.values, _widgets(app))
        extra["extra_pnginfo"] = {"workflow": shown}
    return PromptBody(
        prompt_id=options.run_id,
        prompt=bound.prompt,
        client_id=options.client_id,
        number=options.priority,
        front=options.front,
        extra_data=ExtraData.model_validate(extra),
        partial_execution_targets=list(bound.targets),
    )


def _widgets(app: web.Application) -> Definitions:
    """The node classes without the files one can choose, which would have to be looked up."""
    known = app[SPECS].registry.get
    return remembered(lambda name: spec.object_info(lambda _: []) if (spec := known(name)) else None)


async def outcome(app: web.Application, accepted: Json, seconds: float) -> Json | None:
    """What became of a run, once it is over; None if it is not within this time.

    Raises Problem 500 if it failed, 409 if it was cancelled.
    """
    run_id: str = accepted["run_id"]
    if not await app[ENDINGS].wait(run_id, seconds):
        return None
    job = await (await app[QUEUE].store()).get(run_id)
    if job is None:
        raise not_found(f"the record of run {run_id} was deleted", "run_id")
    if job.state is State.SUCCESS:
        return {**accepted, "status": "success", "outputs": outputs_of(job)}
    raise _failure(job)


def _failure(job: Job) -> Problem:
    error: Any = next((data for kind, data in job.messages if kind == "execution_error"), None)
    more: Json = {"run_id": job.prompt_id, "status": str(job.state), "details": error}
    if error is None:
        return Problem(409, "run_cancelled", "the run was cancelled", "run_id", more=more)
    text = f"{error.get('node_type') or 'the run'} failed: {error.get('exception_message', '')}".strip()
    return Problem(500, "run_failed", text, str(error.get("node_id") or ""), more=more)
