"""Sweeps in the words of the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from server.jobs.records import Json
from workflows.sweeps import Item, Sweep

PATH = "/api/v1/sweeps/"


def summary(sweep: Sweep) -> Json:
    """A sweep without its runs."""
    counts = sweep.counts
    return {
        "id": sweep.id,
        "title": sweep.title,
        "workflow": sweep.workflow,
        "version": sweep.version,
        "release": sweep.release,
        "author": sweep.author,
        "created": int(sweep.created * 1000),
        "finished": None if sweep.finished is None else int(sweep.finished * 1000),
        "status": sweep.status,
        "total": sweep.total,
        "done": counts.done,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
        "axes": [axis.to_json() for axis in sweep.axes],
        "varied": list(sweep.varied),
        "grid": f"{PATH}{sweep.id}/grid.png" if counts.done and sweep.outputs else None,
        "table": f"{PATH}{sweep.id}/table.csv",
    }


def record(sweep: Sweep, items: Sequence[Item], status: Callable[[Item], str], *, more: bool) -> Json:
    """A sweep with some of its runs; `status` says where a run is that is not over."""
    return {**summary(sweep), "items": [item_record(item, status) for item in items], "more": more}


def item_record(item: Item, status: Callable[[Item], str]) -> Json:
    """One run."""
    result = item.result
    return {
        "index": item.index,
        "inputs": item.inputs,
        "run_id": item.run,
        "status": item.status or status(item),
        "outputs": result.outputs,
        "seconds": result.seconds,
        "error": result.error,
    }
