"""/api/v1/jobs and /api/v1/queue: what people may do to jobs beyond submitting and cancelling them."""

from __future__ import annotations

import uuid

from aiohttp import web

from server.http import Problem, json_answer, not_found, read_model
from server.jobs.records import Job, Json
from server.jobs.schemas import JobItem, JobPage, JobRecord, MoveBody, PriorityBody, QueueFacts
from server.keys import POOL, QUEUE
from server.routes.jobs import QUERY, detail, made_files, page, summary
from server.table import Route

_SHOWN = 1000


async def facts(request: web.Request) -> web.Response:
    """Whether the queue is paused, how long it is, and what runs where."""
    queue, pool = request.app[QUEUE], request.app[POOL]
    await queue.store()
    running = len(queue.running)
    return web.json_response(
        {
            "paused": queue.paused,
            "pending": queue.remaining - running,
            "running": list(queue.running),
            "order": queue.next_ids(_SHOWN),
            "workers": [worker.facts() for worker in pool.workers],
        }
    )


async def pause(request: web.Request) -> web.Response:
    """Let no pending job start, until `resume`; running ones go on. Kept over restarts."""
    await request.app[QUEUE].pause(True)
    return await facts(request)


async def resume(request: web.Request) -> web.Response:
    """Let pending jobs start again."""
    await request.app[QUEUE].pause(False)
    return await facts(request)


async def listing(request: web.Request) -> web.Response:
    """A page of jobs, newest first unless `sort_order` is `asc`; `status` takes several, separated by
    commas.
    """
    found, pagination = await page(request)
    return await json_answer(lambda: {"jobs": [item(job) for job in found], "pagination": pagination})


async def one(request: web.Request) -> web.Response:
    """A job with its graph and outputs."""
    job = await _job(request)
    return await json_answer(lambda: {**item(job), **detail(job)})


async def retry(request: web.Request) -> web.Response:
    """Run the graph of a job that has ended once more, as a new job. Credentials are not kept for it."""
    again = await request.app[QUEUE].retry(request.match_info["id"], str(uuid.uuid4()))
    return web.json_response(item(again), status=201)


async def move(request: web.Request) -> web.Response:
    """Have a pending job run directly before or after another pending one."""
    body = await read_model(request, MoveBody)
    if (body.before is None) == (body.after is None):
        raise Problem(400, "invalid_body", "name one job, in either before or after", "before, after")
    anchor = body.before if body.before is not None else body.after or ""
    await request.app[QUEUE].move(request.match_info["id"], anchor, after=body.before is None)
    return web.json_response(item(await _job(request)))


async def prioritise(request: web.Request) -> web.Response:
    """Give a pending job another priority number; lower runs first."""
    body = await read_model(request, PriorityBody)
    await request.app[QUEUE].prioritise(request.match_info["id"], body.number)
    return web.json_response(item(await _job(request)))


async def delete(request: web.Request) -> web.Response:
    """Remove a job that waits or has ended, with all that is stored of it; its pictures stay."""
    await request.app[QUEUE].delete(request.match_info["id"])
    return web.Response(status=204)


def item(job: Job) -> Json:
    """The job object of ComfyUI's protocol, and what it lacks."""
    more: Json = {"state": job.state, "attempts": job.attempts}
    more.update({"retry_of": job.retry_of} if job.retry_of is not None else {})
    more.update({"client_id": job.client_id} if job.client_id is not None else {})
    more.update({"name": job.workflow_name} if job.workflow_name is not None else {})
    cached = _cached(job)
    ran = {
        node
        for node, usage in job.nodes.items()
        if usage.get("source", "memory" if node in cached else "run") == "run"
    }
    cached = (set(job.nodes) | cached) - ran
    more.update(files=made_files(job), nodes_run=len(ran), nodes_cached=len(cached))
    return {**summary(job), **more}


def _cached(job: Job) -> set[str]:
    """Nodes whose results were there when the run began; those behind a hit are told of here alone."""
    return {node for kind, data in job.messages if kind == "execution_cached" for node in data["nodes"]}


async def _job(request: web.Request) -> Job:
    job = await (await request.app[QUEUE].store()).get(request.match_info["id"])
    if job is None:
        raise not_found("Job not found", "id")
    return job


ROUTES = (
    Route("GET", "/api/v1/queue", facts, alias=False, answer=QueueFacts),
    Route("POST", "/api/v1/queue/pause", pause, alias=False, answer=QueueFacts),
    Route("POST", "/api/v1/queue/resume", resume, alias=False, answer=QueueFacts),
    Route("GET", "/api/v1/jobs", listing, alias=False, query=QUERY, answer=JobPage),
    Route("GET", "/api/v1/jobs/{id}", one, alias=False, answer=JobRecord),
    Route("DELETE", "/api/v1/jobs/{id}", delete, alias=False),
    Route("POST", "/api/v1/jobs/{id}/retry", retry, alias=False, answer=JobItem),
    Route("POST", "/api/v1/jobs/{id}/move", move, alias=False, body=MoveBody, answer=JobItem),
    Route("POST", "/api/v1/jobs/{id}/priority", prioritise, alias=False, body=PriorityBody, answer=JobItem),
)
