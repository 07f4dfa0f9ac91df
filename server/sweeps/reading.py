"""Sweeps as the store has them, and as a table."""

from __future__ import annotations

import asyncio

from aiohttp import web

from engine.graph import as_list, as_object
from server.jobs.records import Json
from server.workflows.access import WORKFLOWS
from workflows.store.records import Page
from workflows.sweeps import MOST_RUNS, Item, Sweep
from workflows.sweeps.tables import write_table


async def sweep_of(app: web.Application, sweep: str, offset: int, limit: int) -> tuple[Sweep, list[Item]]:
    """A sweep and some of its runs. Raises Problem 404."""
    from workflows.sweeps.store import Sweeps

    return await app[WORKFLOWS].call(
        lambda store: (Sweeps(store).get(sweep), Sweeps(store).items(sweep, offset=offset, limit=limit))
    )


async def page(app: web.Application, workflow: str | None, offset: int, limit: int) -> Page[Sweep]:
    """Some sweeps, the newest first; of a workflow that there is no more, none."""
    from workflows.sweeps.store import Sweeps

    return await app[WORKFLOWS].call(
        lambda store: Sweeps(store).page(workflow=workflow, offset=offset, limit=limit)
    )


async def table_of(app: web.Application, sweep_id: str) -> tuple[Sweep, str]:
    """A sweep, and all its runs as CSV. Raises Problem 404."""
    sweep, items = await sweep_of(app, sweep_id, 0, MOST_RUNS)
    return sweep, await asyncio.to_thread(table, sweep, items)


def table(sweep: Sweep, items: list[Item]) -> str:
    """All runs as CSV."""
    inputs = list(dict.fromkeys(name for item in items for name in item.inputs))
    outputs = list(sweep.outputs)
    rows = (
        [
            item.index,
            *(item.inputs.get(name) for name in inputs),
            item.status or "pending",
            item.result.seconds,
            *(_shown(item.result.outputs, name) for name in outputs),
        ]
        for item in items
    )
    named = [f"{name} (output)" if name in inputs else name for name in outputs]
    return write_table(["index", *inputs, "status", "seconds", *named], rows)


def _shown(outputs: Json, name: str) -> object:
    """An output in a cell: the paths of its files, or its value."""
    value = outputs.get(name)
    files = [_path(one) for one in as_list(value) or ()]
    return " ".join(files) if files and all(files) else value


def _path(one: object) -> str:
    """Where a file of a run lies, as `subfolder/name`; empty if it is no file."""
    file = as_object(one)
    if file is None or not isinstance(file.get("filename"), str):
        return ""
    subfolder = file.get("subfolder")
    return f"{subfolder}/{file['filename']}" if subfolder else str(file["filename"])
