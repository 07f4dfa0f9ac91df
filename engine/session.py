"""One run in progress: the state machine, the values in flight and the event stream, behind one lock.

Workers call `take`, run the node, call `settle` and take the next: a chain of nodes of one lane runs on one
thread without a hand-over in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.cache import Cache, Entry
from engine.context import Cancellation, Context, Interrupted, JobExtra, Preview
from engine.events import (
    Event,
    NodeError,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunCached,
    RunFinished,
    RunStarted,
    Source,
    Status,
    Usage,
)
from engine.execution import Execution, Traits
from engine.folders import Folders
from engine.graph import Link, Node
from engine.invoke import Describe, arguments, failure, results
from engine.items import boxed, collected, merged, spread
from engine.lanes import ASYNC
from engine.plan import Plan
from engine.spec import NodeSpec
from engine.types import NodeId


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run lends its nodes."""

    job_id: str
    folders: Folders
    resources: Mapping[type, object]
    extra: JobExtra
    cancel: Cancellation
    describe: Describe


@dataclass(frozen=True, slots=True)
class Task:
    """A node about to be called with `given`."""

    node: Node
    spec: NodeSpec
    given: dict[str, Any]
    calls: list[dict[str, Any]] | None
    """The arguments of each call where one of them is a list; None for the usual single call with `given`."""
    context: Context | None
    started: float

    def each(self) -> Iterator[dict[str, Any]]:
        """The arguments of every call."""
        for given in [self.given] if self.calls is None else self.calls:
            yield given if self.context is None else {**given, "context": self.context}

    def outputs(self, returned: list[Any]) -> tuple[tuple[Any, ...], Mapping[str, list[Any]] | None]:
        """A value per output and the data for the canvas, from what each call returned."""
        is_list = [output.is_list for output in self.spec.outputs]
        if self.calls is None:
            values, ui = results(self.spec, returned[0])
            return (boxed(values, is_list) if any(is_list) else values), ui
        single = [results(self.spec, one) for one in returned]
        return collected([values for values, _ in single], is_list), merged([ui for _, ui in single])


class Session:
    """Safe to use from any thread. Asks `start_worker(lane)` for workers and calls `over` at the end."""

    def __init__(
        self,
        plan: Plan,
        at_hand: Mapping[NodeId, Entry],
        cache: Cache,
        around: Surroundings,
        widths: Mapping[str, int],
        emit: Callable[[Event], None],
        start_worker: Callable[[str], None],
        over: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._cache = cache
        self._around = around
        self._widths = widths
        self._emit = emit
        self._start_worker = start_worker
        self._over = over
        self._lock = threading.Lock()
        self._seq = 0
        self._began = time.perf_counter()
        self._active: dict[str, int] = {}
        self._ended = False
        self._execution = Execution(
            [plan.stand_in.get(t, t) for t in plan.targets],
            plan.sources,
            {node: _traits(spec) for node, spec in plan.specs.items()},
            at_hand,
        )
        self._cached_ui = {node: entry.ui for node, entry in at_hand.items()}
        self.values: dict[NodeId, tuple[Any, ...]] = {node: entry.values for node, entry in at_hand.items()}
        self.ui: dict[NodeId, Mapping[str, list[Any]]] = {}
        self.executed: list[NodeId] = []
        self.errors: list[NodeError] = []
        self.interrupted: NodeId | None = None
        self.broken: BaseException | None = None
        """An error of the engine or of an event's receiver, not of a node."""

    def begin(self) -> None:
        """Announce the run and what the cache gives, and set the first workers going."""
        with self._lock:
            self._send(RunStarted, nodes=self._plan.missing)
            self._send(RunCached, nodes=self._plan.cached)
            for target in self._plan.targets:
                node = self._plan.stand_in.get(target, target)
                if node in self._cached_ui:
                    self._announce(target, self._cached_ui[node], "memory")
            self._wake()
            self._end_if_over()

    def take(self, lane: str) -> Task | None:
        """The next node of a lane, or None: then the worker is to go."""
        with self._lock:
            if self._around.cancel.cancelled or self.broken is not None:
                self._execution.skip_all()
            name = self._execution.next(lane)
            if name is None:
                self._active[lane] -= 1
                self._end_if_over()
                return None
            node, spec = self._plan.graph.nodes[name], self._plan.specs[name]
            self._send(NodeStarted, node_id=name, class_type=spec.name)
            given = arguments(node, spec, self._value)
        context = self._context(name) if spec.takes_context else None
        return Task(node, spec, given, spread(given), context, time.perf_counter())

    def settle(self, task: Task, returned: Any, error: BaseException | None, lane: str) -> None:
        """The node has returned or raised."""
        seconds = time.perf_counter() - task.started
        if error is None:
            try:
                values, ui = task.outputs(returned)
            except TypeError as wrong:
                error = wrong
            else:
                self._finish(task, Entry(values, ui, seconds), lane)
                return
        name = task.node.id
        if isinstance(error, Interrupted):
            self._around.cancel.cancel()
            with self._lock:
                self.interrupted = name
                self._forget(self._execution.skip(name))
                self._wake(lane)
            return
        failed = failure(task.node, task.spec, error, task.given, self._around.describe)
        with self._lock:
            self.errors.append(failed)
            self._send(NodeFailed, error=failed)
            self._forget(self._execution.fail(name))
            self._wake(lane)

    def break_off(self, error: BaseException, lane: str | None = None) -> None:
        """Something other than a node broke: start nothing more, and end. `lane` is the failing worker's."""
        with self._lock:
            self.broken = self.broken or error
            self._execution.skip_all()
            if lane is not None:
                self._active[lane] -= 1
            self._end_if_over()

    def finish(self) -> Status:
        """Announce the end; called by the driver once the run is over."""
        with self._lock:
            complete = all(state == "done" for state in self._execution.states.values())
            status: Status = "success" if complete else "error" if self.errors else "interrupted"
            if self._around.cancel.cancelled and not complete:
                status = "interrupted"
            seconds = time.perf_counter() - self._began
            done = tuple(self.executed)
            self._send(
                RunFinished, status=status, seconds=seconds, executed=done, interrupted=self.interrupted
            )
            return status

    def _finish(self, task: Task, entry: Entry, lane: str) -> None:
        name = task.node.id
        if name not in self._plan.keys.uncacheable:
            self._cache.put(self._plan.keys.of[name], entry)
        with self._lock:
            self.values[name] = entry.values
            self.executed.append(name)
            self._announce(name, entry.ui, "run", Usage(entry.seconds))
            for twin in self._plan.twins.get(name, ()):
                self._announce(twin, entry.ui, "twin")
            self._forget(self._execution.complete(name))
            self._wake(lane)

    def _announce(
        self,
        name: NodeId,
        ui: Mapping[str, list[Any]] | None,
        source: Source,
        usage: Usage | None = None,
    ) -> None:
        if ui is not None:
            self.ui[name] = ui
        self._send(
            NodeFinished,
            node_id=name,
            class_type=self._plan.graph.nodes[name].class_type,
            source=source,
            usage=usage,
            ui=ui,
        )

    def _value(self, link: Link) -> Any:
        return self.values[self._plan.stand_in.get(link.node, link.node)][link.slot]

    def _context(self, name: NodeId) -> Context:
        around = self._around
        return Context(
            node_id=name,
            job_id=around.job_id,
            folders=around.folders,
            prompt=self._plan.graph.prompt,
            extra=around.extra,
            resources=around.resources,
            cancellation=around.cancel,
            report=self._report,
        )

    def _report(self, node: NodeId, value: float, maximum: float, preview: Preview | None) -> None:
        with self._lock:
            self._send(
                NodeProgress,
                node_id=node,
                class_type=self._plan.graph.nodes[node].class_type,
                value=value,
                maximum=maximum,
                preview=preview,
            )

    def _send(self, kind: Callable[..., Event], **fields: Any) -> None:
        self._seq += 1
        self._emit(kind(job_id=self._around.job_id, seq=self._seq, **fields))

    def _forget(self, released: list[NodeId]) -> None:
        for name in released:
            self.values.pop(name, None)

    def _wake(self, own: str | None = None) -> None:
        """Ask for workers for what is ready; the calling worker takes one node of its own lane itself."""
        for lane in self._execution.lanes:
            count = self._execution.ready(lane) - (lane == own)
            if count > 0:
                busy = self._active.get(lane, 0)
                for _ in range(min(count, self._widths.get(lane, count + busy) - busy)):
                    self._active[lane] = self._active.get(lane, 0) + 1
                    self._start_worker(lane)

    def _end_if_over(self) -> None:
        idle = not any(self._active.values())
        if not self._ended and idle and (self.broken is not None or self._execution.finished):
            self._ended = True
            self._over()


def _traits(spec: NodeSpec) -> Traits:
    return Traits(ASYNC if spec.is_async else spec.lane, spec.output_node or spec.is_async)
