"""/api/jobs: every job in one list, whatever its state, and cancelling any of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from aiohttp import web

from server.answers import JobDetail, JobSummaries
from server.http import Problem, json_answer, not_found, query_int, read_model
from server.jobs.queue import Queue
from server.jobs.records import Filter, Job, Json, State
from server.keys import QUEUE
from server.schemas import CancelBody, Cancelled
from server.table import Route

_NAMES = {
    State.PENDING: "pending",
    State.RUNNING: "in_progress",
    State.SUCCESS: "completed",
    State.ERROR: "failed",
    State.INTERRUPTED: "cancelled",
    State.CANCELLED: "cancelled",
    State.QUARANTINED: "failed",
}
QUERY = ("status", "workflow_id", "sort_by", "sort_order", "limit", "offset")
_MEDIA = ("images", "animated", "audio", "video", "3d")


async def listing(request: web.Request) -> web.Response:
    """A page of jobs, newest first unless `sort_order` is `asc`; `status` takes several, separated by
    commas.
    """
    found, pagination = await page(request)
    return await json_answer(lambda: {"jobs": [summary(job) for job in found], "pagination": pagination})


async def one(request: web.Request) -> web.Response:
    """A job with its graph and outputs."""
    job = await (await request.app[QUEUE].store()).get(request.match_info["id"])
    if job is None:
        raise not_found("Job not found", "id")
    return await json_answer(lambda: {**summary(job), **detail(job)})


async def cancel(request: web.Request) -> web.Response:
    """Cancel one job, waiting or running."""
    return web.json_response({"cancelled": await _cancel(request.app[QUEUE], [request.match_info["id"]])})


async def cancel_many(request: web.Request) -> web.Response:
    """Cancel several jobs."""
    body = await read_model(request, CancelBody)
    return web.json_response({"cancelled": await _cancel(request.app[QUEUE], body.job_ids)})


async def _cancel(queue: Queue, ids: list[str]) -> bool:
    stopped = [queue.interrupt(prompt_id) for prompt_id in ids]
    return await queue.remove(ids) > 0 or any(stopped)


async def page(request: web.Request) -> tuple[list[Job], Json]:
    """The jobs a query asks for, and where they are in the whole list. Raises Problem 400."""
    offset, limit = query_int(request, "offset") or 0, query_int(request, "limit")
    limit = 100 if limit is None else limit
    if offset < 0 or not 0 < limit <= 1000:
        raise Problem(400, "invalid_query", "offset must not be negative, limit in 1..1000", "offset, limit")
    store = await request.app[QUEUE].store()
    found, total = await store.page(_filter(request.query), offset, limit)
    more = offset + len(found) < total
    return found, {"offset": offset, "limit": limit, "total": total, "has_more": more}


def _filter(query: Mapping[str, str]) -> Filter:
    wanted = [name for name in query.get("status", "").split(",") if name]
    if unknown := set(wanted) - set(_NAMES.values()):
        raise Problem(400, "invalid_query", f"unknown status: {', '.join(sorted(unknown))}", "status")
    order, sort_by = query.get("sort_order", "desc"), query.get("sort_by", "created_at")
    if order not in {"asc", "desc"}:
        raise Problem(400, "invalid_query", "sort_order must be asc or desc", "sort_order")
    if sort_by not in {"created_at", "execution_duration"}:
        raise Problem(400, "invalid_query", "sort_by must be created_at or execution_duration", "sort_by")
    states = [state for state, name in _NAMES.items() if not wanted or name in wanted]
    by_creation = sort_by == "created_at"
    return Filter(states, query.get("workflow_id") or None, by_creation, order == "desc")


def detail(job: Job) -> Json:
    """What a job has besides its `summary`."""
    workflow = {"prompt": job.graph, "extra_data": job.extra_data}
    status = job.entry()["status"]
    return {"outputs": job.outputs, "execution_status": status, "workflow": workflow, "nodes": job.nodes}


def summary(job: Job) -> Json:
    """The job object of the wire protocol; fields without a value are left out."""
    items = [(node, kind, item) for node, ui in job.outputs.items() for kind, item in _items(ui)]
    preview = {**items[0][2], "nodeId": items[0][0], "mediaType": items[0][1]} if items else None
    error = next((data for kind, data in job.messages if kind == "execution_error"), None)
    values: Json = {
        "id": job.prompt_id,
        "status": _NAMES[job.state],
        "priority": job.shown_number,
        "create_time": int(job.created * 1000),
        "execution_start_time": int(job.started * 1000) if job.started else None,
        "execution_end_time": int(job.finished * 1000) if job.finished else None,
        "execution_error": error,
        "outputs_count": sum(len(items) for ui in job.outputs.values() for items in ui.values()),
        "previewable_outputs_count": len(items),
        "preview_output": preview,
        "workflow_id": job.workflow_id,
    }
    return {name: value for name, value in values.items() if value is not None}


def made_files(job: Job) -> list[Json]:
    """Every file of its output nodes that a client can show."""
    found: list[Json] = []
    for node, ui in job.outputs.items():
        items = _items(ui)
        replaced = _replaced(ui, len(items))
        found += [
            {
                "filename": item["filename"],
                "subfolder": item.get("subfolder", ""),
                "type": item.get("type", "output"),
                "node": node,
                "media": kind,
                **({"replaced": True} if place in replaced else {}),
            }
            for place, (kind, item) in enumerate(items)
            if isinstance(item.get("filename"), str)
        ]
    return found


def _replaced(ui: Json, files: int) -> Collection[int]:
    """Which files the safety policy changed: all of a node's, where one of them holds many pictures."""
    places: list[int] = []
    pictures = 0
    for facts in ui.get("safety", []):  # one of each call
        places += [pictures + place for place in facts["replaced"]]
        pictures += facts["pictures"]
    return places if pictures == files or not places else range(files)


def _items(ui: Json) -> list[tuple[str, Json]]:
    found: list[tuple[str, Any]] = [(kind, item) for kind in _MEDIA for item in ui.get(kind, [])]
    return [(kind, item) for kind, item in found if isinstance(item, dict)]


ROUTES = (
    Route("GET", "/api/jobs", listing, alias=False, query=QUERY, answer=JobSummaries),
    Route("GET", "/api/jobs/{id}", one, alias=False, answer=JobDetail),
    Route("POST", "/api/jobs/{id}/cancel", cancel, alias=False, answer=Cancelled),
    Route("POST", "/api/jobs/cancel", cancel_many, alias=False, body=CancelBody, answer=Cancelled),
)
