"""Running a graph: on an event loop with lanes of threads, or in one call without a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.blocking import waited_for
from engine.cache import Cache, NoCache
from engine.context import Cancellation, JobExtra
from engine.drive import Drive, Guard
from engine.events import Event, NodeError, Status
from engine.flights import Flights
from engine.folders import Folders
from engine.graph import Graph
from engine.invoke import Describe, describe
from engine.journal import Journal
from engine.lanes import Lanes
from engine.plan import Plan
from engine.registry import Registry
from engine.relay import Emit
from engine.surroundings import Surroundings
from engine.task import Meter
from engine.types import NodeId


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `values` and `ui` are by node: those of the targets that have a result."""

    status: Status
    values: Mapping[str, tuple[Any, ...]]
    ui: Mapping[str, Mapping[str, list[Any]]]
    errors: tuple[NodeError, ...]
    executed: tuple[NodeId, ...]
    """The nodes that ran, in the order they finished."""
    cached: tuple[NodeId, ...] = field(default=())
    """The nodes whose results were in the cache at the start."""


def _nothing(event: Event) -> None:
    """Events of a run nobody watches."""


async def run(
    graph: Graph,
    registry: Registry,
    cache: Cache | None = None,
    *,
    job_id: str = "",
    emit: Emit = _nothing,
    cancel: Cancellation | None = None,
    resources: Mapping[type, object] | None = None,
    folders: Folders | None = None,
    extra: JobExtra | None = None,
    targets: Iterable[str] | None = None,
    lanes: Lanes | None = None,
    guard: Guard = nullcontext,
    meter: Meter | None = None,
    describe: Describe = describe,
    flights: Flights | None = None,
    journal: Journal | None = None,
    handed_over: Callable[[], None] = lambda: None,
) -> Outcome:
    """Run a graph and what its targets need; failures of nodes are in the outcome, not raised.

    Args:
        graph: from `Validation.graph`, or parsed and known to be sound.
        registry: the classes, with their functions.
        cache: results of earlier runs; none are kept when left out.
        job_id: put into every event.
        emit: receives the events in order, on the loop's thread. If it raises, the run stops and raises it.
        cancel: stops the run from any thread. Cancelling the awaiting task does the same.
        resources: shared objects by type, for `Context.resource`.
        folders: for file inputs and `Context.folders`; the current directory's when left out.
        extra: what came with the job.
        targets: nodes to run; all output nodes when None.
        lanes: threads to share with other runs; own ones are made when left out.
        guard: entered around every call of a node on its thread, for `torch.inference_mode` and the like.
        meter: entered around every node on the device lane, to measure what it takes.
        describe: the short form of values in error reports.
        flights: shared by runs that go on at the same time, so that equal nodes run in one of them only.
        journal: remembers what ran, so that the next run can say why a node has to run again.
        handed_over: called once on the loop's thread when no node of the device lane is left to run.
    """
    cancel = cancel or Cancellation()
    around = Surroundings(
        job_id=job_id,
        folders=folders or Folders.at(Path()),
        resources=resources or {},
        extra=extra or JobExtra(),
        cancel=cancel,
        describe=describe,
        meter=meter,
        flights=flights,
        journal=journal,
    )
    threads = Lanes() if lanes is None else lanes
    try:
        # Planning reads files for their identity, so it is kept off the loop.
        store = NoCache() if cache is None else cache
        ids = None if targets is None else [NodeId(target) for target in targets]
        made = await asyncio.to_thread(Plan, graph, registry, store, around.folders, ids)
        drive = Drive(made, store, around, threads, guard, emit, handed_over)
        session, status = await drive.to_the_end()
    finally:
        if lanes is None:
            threads.close()
    ends = {target: made.actual(target) for target in made.targets}
    return Outcome(
        status=status,
        values={target: session.values[node] for target, node in ends.items() if node in session.values},
        ui={**session.ui},
        errors=tuple(session.endings.errors),
        executed=tuple(session.endings.executed),
        cached=made.cached,
    )


def run_sync(graph: Graph, registry: Registry, cache: Cache | None = None, **options: Any) -> Outcome:
    """`run` for scripts and notebooks: blocks until the end. Takes the same options."""
    return waited_for(run(graph, registry, cache, **options))
