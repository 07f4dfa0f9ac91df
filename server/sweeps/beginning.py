"""Accepting a sweep: all its inputs checked, all its runs on disk, before anything runs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
import uuid
from collections.abc import Sequence

from aiohttp import web

from server.http import Problem
from server.jobs.records import Json
from server.runs.ledger import LEDGER
from server.submission import checked_graph
from server.sweeps.schemas import SweepBody
from server.workflows.access import WORKFLOWS
from server.workflows.calls import Options, body_of, resolved
from server.workflows.functions import FUNCTIONS, Called
from workflows.sweeps import Plan, Seeds, Spec, Sweep, SweepError, planned, run_id_of
from workflows.sweeps.plan import InvalidRows

_BY_KEY = uuid.UUID("6a1f2c0e-6f0b-5a0f-9f37-2f5a6f1f7c11")
"""Names sweeps that were asked for with an `Idempotency-Key`."""


async def begin(
    app: web.Application, name: str, ref: str, body: SweepBody, *, author: str, key: str | None
) -> Sweep:
    """Keep a sweep with all its runs; on disk once this returns, and one of the same key is the same sweep.

    Raises Problem 409, 422; Refused if the first of its graphs cannot run.
    """
    request = hashlib.sha256(json.dumps([name, ref, body.model_dump()], sort_keys=True).encode()).hexdigest()
    called = await resolved(app, name, ref)  # which says so if the store cannot be used
    await app[LEDGER].caught_up.wait()
    plan, calls = await _resolved(app, called, body)
    first = called.bound(calls[0], prefix=f"{called.version.workflow}/")
    await checked_graph(app, body_of(app, called, first, Options()), whole=True)
    version = called.version
    made = Sweep(
        id=str(uuid.uuid4() if key is None else uuid.uuid5(_BY_KEY, key)),
        workflow=version.workflow,
        version=version.id,
        release=called.release,
        queue=app[LEDGER].identity,
        title=body.title,
        axes=plan.axes,
        varied=plan.varied,
        outputs={output.name: output.type for output in called.function.outputs},
        total=len(calls),
        created=time.time(),
        author=author,
        client_id=body.client_id,
        request=request,
    )
    kept = await _kept(app, made, calls)
    if kept.request != request:
        text = f"Idempotency-Key {key!r} was used for another request; choose a new key for a new sweep"
        raise Problem(409, "idempotency_key_reused", text, "Idempotency-Key")
    return kept


async def _kept(app: web.Application, sweep: Sweep, calls: Sequence[Json]) -> Sweep:
    from workflows.sweeps.store import Sweeps

    items = [(values, run_id_of(sweep.id, index)) for index, values in enumerate(calls)]
    return await app[WORKFLOWS].call(lambda store: Sweeps(store).add(sweep, items))


async def _resolved(app: web.Application, called: Called, body: SweepBody) -> tuple[Plan, list[Json]]:
    """The runs, each with all its inputs. Raises Problem 422."""
    seeds = None if body.seed is None else Seeds(body.seed.mode, body.seed.count, body.seed.input)
    spec = Spec(body.inputs, body.grid, body.rows, body.csv, seeds)
    try:
        plan = await asyncio.to_thread(planned, spec, called.function)
    except SweepError as error:
        raise Problem(422, "invalid_sweep", str(error), error.where) from error
    try:
        try:
            return plan, await asyncio.to_thread(plan.resolved, called)
        except InvalidRows as error:
            if all(one.problem.code != "not_an_option" for one in error.problems):
                raise
            version = called.version  # a file may have come since the choices were looked up
            fresh = await app[FUNCTIONS].called(version.workflow, version.id, fresh=True)
            return plan, await asyncio.to_thread(plan.resolved, fresh)
    except InvalidRows as error:
        problems = [one.to_json() for one in error.problems]
        text = f"nothing runs: {error}"
        raise Problem(422, "invalid_inputs", text, "body", more={"problems": problems}) from error
