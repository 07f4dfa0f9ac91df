"""Running a graph: on an event loop with lanes of threads, or in one call without a loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.cache import Cache, Entry, NoCache
from engine.context import Cancellation, Interrupted, JobExtra
from engine.events import Event, NodeError, Status
from engine.folders import Folders
from engine.graph import Graph
from engine.invoke import Describe, describe
from engine.lanes import ASYNC, Lanes
from engine.plan import Plan, plan
from engine.registry import Registry
from engine.relay import Emit, Relay
from engine.session import Session, Surroundings, Task
from engine.types import NodeId

Guard = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `values` and `ui` are by node: those of the targets that have a result."""

    status: Status
    values: Mapping[NodeId, tuple[Any, ...]]
    ui: Mapping[NodeId, Mapping[str, list[Any]]]
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
    targets: Iterable[NodeId] | None = None,
    lanes: Lanes | None = None,
    guard: Guard = nullcontext,
    describe: Describe = describe,
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
        describe: the short form of values in error reports.
    """
    cancel = cancel or Cancellation()
    around = Surroundings(
        job_id, folders or Folders.at(Path()), resources or {}, extra or JobExtra(), cancel, describe
    )
    threads = Lanes() if lanes is None else lanes
    try:
        # Planning reads files for their identity, so it is kept off the loop.
        store = NoCache() if cache is None else cache
        made, at_hand = await asyncio.to_thread(plan, graph, registry, store, around.folders, targets)
        drive = _Drive(made, at_hand, store, around, threads, guard, emit)
        del at_hand
        session, status = await drive.to_the_end()
    finally:
        if lanes is None:
            threads.close()
    ends = {target: made.stand_in.get(target, target) for target in made.targets}
    return Outcome(
        status=status,
        values={target: session.values[node] for target, node in ends.items() if node in session.values},
        ui=session.ui,
        errors=tuple(session.errors),
        executed=tuple(session.executed),
        cached=made.cached,
    )


def run_sync(graph: Graph, registry: Registry, cache: Cache | None = None, **options: Any) -> Outcome:
    """`run` for scripts and notebooks: blocks until the end. Takes the same options."""
    if not _inside_a_loop():
        return asyncio.run(run(graph, registry, cache, **options))
    # A notebook's cell runs inside a loop, which cannot be entered twice: use another thread's.
    found: list[Outcome] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            found.append(asyncio.run(run(graph, registry, cache, **options)))
        except BaseException as error:  # noqa: BLE001 - raised again on the caller's thread
            errors.append(error)

    thread = threading.Thread(target=work, name="run-sync")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return found[0]


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Drive:
    """Workers for one session: threads of the lanes, and tasks of the loop for coroutine nodes."""

    def __init__(
        self,
        made: Plan,
        at_hand: Mapping[NodeId, Entry],
        cache: Cache,
        around: Surroundings,
        lanes: Lanes,
        guard: Guard,
        emit: Emit,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._lanes = lanes
        self._guard = guard
        self._cancel = around.cancel
        self._over = asyncio.Event()
        self._coroutines: set[asyncio.Task[None]] = set()
        self._relay = Relay(self._loop, emit)
        self._session = Session(
            made, at_hand, cache, around, lanes.widths, self._relay.send, self._start, self._end
        )
        self._relay.broken = self._session.break_off

    async def to_the_end(self) -> tuple[Session, Status]:
        """Run everything. Raises what broke the engine or the receiver of events, not what a node raised."""
        self._cancel.on_cancel(self._stop)
        self._session.begin()
        abandoned = False
        try:
            await self._over.wait()
        except asyncio.CancelledError:
            # The nodes in progress hold threads and memory: end them properly before giving up.
            abandoned = True
            self._cancel.cancel()
            await self._over.wait()
        finally:
            self._cancel.forget(self._stop)
        status = self._session.finish()
        self._relay.close()
        if abandoned:
            raise asyncio.CancelledError
        if self._session.broken is not None:
            raise self._session.broken
        return self._session, status

    def _start(self, lane: str) -> None:
        if lane == ASYNC:
            self._loop.call_soon_threadsafe(self._start_coroutine)
        else:
            self._lanes.start(lane, lambda: self._work(lane))

    def _start_coroutine(self) -> None:
        task = self._loop.create_task(self._work_async())
        self._coroutines.add(task)
        task.add_done_callback(self._coroutines.discard)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._cancel_coroutines)

    def _cancel_coroutines(self) -> None:
        for task in self._coroutines:
            task.cancel()

    def _work(self, lane: str) -> None:
        """A lane's thread: run nodes until none is ready."""
        session = self._session
        try:
            while (task := session.take(lane)) is not None:
                returned, error = self._call(task)
                session.settle(task, returned, error, lane)
                # Else the result would stay alive while the next node runs.
                del returned, error
        except BaseException as error:  # noqa: BLE001 - the run has to end, whatever broke
            session.break_off(error, lane)

    async def _work_async(self) -> None:
        """The same for coroutine nodes, as a task of the loop."""
        session = self._session
        try:
            while (task := session.take(ASYNC)) is not None:
                returned, error = await self._await(task)
                session.settle(task, returned, error, ASYNC)
                del returned, error
        except BaseException as error:  # noqa: BLE001 - the run has to end, whatever broke
            session.break_off(error, ASYNC)

    def _call(self, task: Task) -> tuple[Any, BaseException | None]:
        if task.spec.function is None:
            return None, _not_loaded(task)
        try:
            with self._guard():
                return [task.spec.function(**call) for call in self._calls(task)], None
        except BaseException as error:  # noqa: BLE001 - also SystemExit: a node must not end the process
            return None, error

    async def _await(self, task: Task) -> tuple[Any, BaseException | None]:
        if task.spec.function is None:
            return None, _not_loaded(task)
        try:
            return [await task.spec.function(**call) for call in self._calls(task)], None
        except asyncio.CancelledError as error:
            return None, Interrupted("the run was cancelled") if self._cancel.cancelled else error
        except BaseException as error:  # noqa: BLE001 - as above
            return None, error

    def _calls(self, task: Task) -> Iterator[dict[str, Any]]:
        """The arguments of every call, until the run is cancelled."""
        for call in task.each():
            self._cancel.check()
            yield call


def _not_loaded(task: Task) -> RuntimeError:
    return RuntimeError(f"the code of {task.spec.name} is not loaded in this process")
