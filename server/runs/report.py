"""A run in the words that webhooks and streams use."""

from __future__ import annotations

from typing import Any, cast

from engine.graph import as_list, as_object
from server.jobs.records import Job, Json, State
from server.workflows.results import OUTPUT_CLASS, outputs_of, with_url


def reported(job: Job) -> Json:
    """What a run is, and what came of it if it is over."""
    source = origin(job)
    seconds = None
    if job.started is not None and job.finished is not None:
        seconds = round(job.finished - job.started, 3)
    told: Json = {
        "run_id": job.prompt_id,
        "status": str(job.state),
        "workflow": source.get("workflow"),
        "version": source.get("version"),
        "release": source.get("release"),
        "inputs": source.get("inputs", {}),
        "client_id": job.client_id,
        "created": _milliseconds(job.created),
        "started": _milliseconds(job.started),
        "finished": _milliseconds(job.finished),
        "seconds": seconds,
        "outputs": outputs(job),
    }
    if (error := failure(job)) is not None:
        told["error"] = error
    if "sweep" in source:
        told["sweep"] = source["sweep"]
    return told


def origin(job: Job) -> Json:
    """Where the graph of a run came from, as far as it was told."""
    return dict(as_object(job.extra_data.get("darkroom")) or {})


def outputs(job: Job) -> Json:
    """By name what a function returned; of any other graph, by node the files it wrote and the texts it
    showed.
    """
    classes = ((as_object(node) or {}).get("class_type") for node in job.graph.values())
    if OUTPUT_CLASS in classes:
        return outputs_of(job)
    found: Json = {}
    for node, shown in job.outputs.items():
        lists = as_object(shown) or {}
        items = [_item(item) for one in lists.values() for item in as_list(one) or ()]
        if items:
            found[node] = items
    return found


def _item(item: Any) -> Any:
    file = as_object(item)
    return item if file is None or "filename" not in file else with_url(cast(Json, file))


def failure(job: Job) -> Json | None:
    """Why a run did not succeed; None if it did, or was cancelled."""
    if job.state in (State.SUCCESS, State.CANCELLED, State.PENDING, State.RUNNING):
        return None
    error: Any = next((data for kind, data in job.messages if kind == "execution_error"), None)
    if error is None:
        return None
    return {
        "message": str(error.get("exception_message", "")).strip(),
        "type": error.get("exception_type"),
        "node": error.get("node_id"),
        "class_type": error.get("node_type"),
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)
