"""Sweeps as the store has them, and as a table."""

from __future__ import annotations

import asyncio

from aiohttp import web

from server.workflows.access import WORKFLOWS
from workflows.store.records import Page
from workflows.sweeps import MOST_RUNS, Item, Sweep
from workflows.sweeps.results import table


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
