"""One run in progress: the state machine, the values in flight and the event stream, behind one lock.

Workers call `take`, run the node, call `settle` and take the next: a chain of nodes of one lane runs on one
thread without a hand-over in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.cache import Cache, Entry
from engine.endings import Endings
from engine.events import Reason, Status, Usage
from engine.execution import Execution
from engine.graph import Node
from engine.growth import Growth
from engine.held import Held
from engine.invoke import arguments, results
from engine.items import as_lists, spread
from engine.keys import Key
from engine.plan import Plan
from engine.reports import Reports
from engine.returns import Blocker, Expand
from engine.sharing import Sharing
from engine.shown import all_there
from engine.spec import NodeSpec
from engine.surroundings import Surroundings
from engine.task import Called, Task, Ui, read, settle
from engine.types import NodeId
from engine.workforce import Hands, Workforce

_SPECIAL = frozenset({Expand, Blocker})


class Session:
    """Safe to use from any thread."""

    def __init__(
        self, plan: Plan, cache: Cache, around: Surroundings, reports: Reports, hands: Hands
    ) -> None:
        self._plan = plan
        self._cache = cache
        self._around = around
        self._report = reports
        self._lock = threading.Lock()
        self._began = time.perf_counter()
        self._ended = False
        self._held = Held(plan)
        self._execution = Execution(plan.sources, plan.traits, plan.later)
        self._workers = Workforce(self._execution, hands)
        self._sharing = Sharing(around.flights, self._landed)
        self.endings = Endings(plan, cache, around, reports, self._held, self._execution, self._sharing)
        self._growth = Growth(plan, self._held, self._execution, reports, self.endings, around.describe)
        self.broken: BaseException | None = None
        """An error of the engine or of an event's receiver, not of a node."""

    @property
    def values(self) -> Mapping[NodeId, tuple[Any, ...]]:
        """The outputs of nodes that are still needed, at the end those of the targets."""
        return self._held.values

    @property
    def ui(self) -> Mapping[NodeId, Ui]:
        """What output nodes gave the canvas."""
        return self._report.ui

    def begin(self) -> None:
        """Announce the run and what the cache gives, and set the first workers going."""
        plan = self._plan
        with self._lock:
            self._report.started(plan.missing, plan.cached)
            for node in plan.cached:
                self.endings.warn_again(node)
            for target in plan.targets:
                entry = plan.supply.at_hand.get(plan.actual(target))
                if entry is not None:
                    self._report.finished(target, entry.ui, plan.supply.tiers[plan.actual(target)])
            self._held.take(plan.supply)
            self._execution.demand(map(plan.actual, plan.targets), plan.supply.at_hand)
            plan.supply.at_hand.clear()  # so that each can be let go as soon as its consumers are done
            self._workers.wake()
            self._end_if_over()

    def take(self, lane: str) -> Task | None:
        """The next node of a lane, or None: then the worker is to go."""
        with self._lock:
            task = self._take(lane)
            landings = self._sharing.landings()
        self._sharing.land(landings)
        return task

    def settle(self, task: Task, called: Called, lane: str) -> None:
        """The node has returned or raised, or asks for lazy inputs."""
        with self._lock:
            self._workers.busy(lane, -1)
            try:
                outputs = self._outputs(task, called)
            except Exception as error:  # noqa: BLE001 - what the node returned cannot be used: its fault
                self.endings.fail(task, error)
            else:
                if outputs is not None:
                    self.endings.finish(task, *outputs)
            self._workers.wake()
            landings = self._sharing.landings()
        self._sharing.land(landings)

    def warned(self, name: NodeId, message: str) -> None:
        """A node that runs has something to say. On any of its threads."""
        with self._lock:
            if not self._ended:  # a thread that it has left behind is not heard any more
                self._report.warned(name, message)

    def break_off(self, error: BaseException, lane: str | None = None) -> None:
        """Something other than a node broke: start nothing more, and end. `lane` is the failing worker's."""
        with self._lock:
            self.broken = self.broken or error
            self._execution.skip_all()
            if lane is not None:
                self._workers.left(lane)
            self._end_if_over()

    def stop(self) -> None:
        """The run was cancelled: what has not started does not start."""
        with self._lock:
            self._execution.skip_all()
            self.endings.forget([])
            self._end_if_over()
            landings = self._sharing.landings()
        self._sharing.land(landings)

    def finish(self) -> Status:
        """Announce the end; called by the driver once the run is over."""
        with self._lock:
            complete = all(state == "done" for state in self._execution.states.values())
            status: Status = "success" if complete else "error" if self.endings.errors else "interrupted"
            if self._around.cancel.cancelled and not complete:
                status = "interrupted"
            seconds = time.perf_counter() - self._began
            self._sharing.end()
            self._report.over(status, seconds, tuple(self.endings.executed), self.endings.interrupted)
            landings = self._sharing.landings()
        self._sharing.land(landings)
        return status

    def _take(self, lane: str) -> Task | None:
        execution = self._execution
        while True:
            if self._around.cancel.cancelled or self.broken is not None:
                execution.skip_all()
            name = execution.next(lane)
            if name is None:
                self._workers.left(lane)
                self._end_if_over()
                return None
            node, spec = self._plan.graph[name], self._plan.specs[name]
            if name in self._held.expansions:
                self._growth.close(name)
                self._workers.wake()
                continue
            if name not in self._held.asked:
                key = self._held.identities.settle(node, spec)
                if key is not None and self._is_elsewhere(name, key):
                    continue
            self._report.begins(name, spec.name, self._reason(node, spec))
            try:
                task = self._task(node, spec)
            except IndexError:  # validation finds this in what is submitted, but not in expansions
                wrong = IndexError(f"{spec.name} is linked to an output that does not exist")
                self.endings.fail(Task(node, spec, {}, None, None, 0.0), wrong)
                self._workers.wake()
                continue
            self._workers.busy(lane, 1)
            return task

    def _task(self, node: Node, spec: NodeSpec) -> Task:
        asked = self._held.asked.get(node.id, ())
        given = arguments(node, spec, self._held.value, asked)
        calls = as_lists(given) if spec.takes_lists else spread(given)
        lazy = tuple(n for n in node.links if n in spec.lazy and n not in asked) if spec.lazy else ()
        # The code of packs is not handed a context: it asks for the current one (`current_call`).
        wanted = spec.takes_context or spec.lenient
        context = self._around.context(node.id, self._plan.graph, self._progress) if wanted else None
        return Task(node, spec, given, calls, context, time.perf_counter(), lazy)

    def _is_elsewhere(self, name: NodeId, key: Key) -> bool:
        """Whether another run is making the result now, or it came into the cache after the plan was made."""
        if not self._sharing.take(name, key):
            self._execution.defer(name)
            return True
        static = self._plan.keys.of[name]
        if key == static and not self._sharing.on:
            return False
        # Looked up only now that nobody else can be about to put it there.
        tier = self._cache.tier(key)
        entry = None if tier is None else self._cache.get(key)
        if tier is None or entry is None or not all_there(entry.ui, self._around.folders):
            return False
        if key != static and name not in self._plan.keys.uncacheable:
            self._cache.put(key, entry, static)  # found at once the next time
        self.endings.arrive(name, entry, tier)
        self._workers.wake()
        return True

    def _landed(self, name: NodeId, entry: Entry | None) -> None:
        """Another run has made a result this one waits for, or has not. On that run's thread."""
        with self._lock:
            if self._execution.states.get(name) != "deferred":
                return
            self._sharing.waiting -= 1
            if entry is None:
                self._execution.wake(name)
            else:
                self.endings.arrive(name, entry, "shared")
            self._workers.wake()
            self._end_if_over()

    def _outputs(self, task: Task, called: Called) -> tuple[tuple[Any, ...], Ui | None, Usage] | None:
        """What the node gave and took; None while it has yet to get there. Raises what made it fail."""
        if called.error is not None:
            self.endings.fail(task, called.error)
            return None
        if called.asked:
            self._growth.ask(task, called.asked)
            return None
        usage = Usage(time.perf_counter() - task.started)
        if called.reading is not None:
            usage = replace(
                usage, device_seconds=called.reading.device_seconds, peak_bytes=called.reading.peak_bytes
            )
        for one in task.calls or ():
            if isinstance(one, Blocker) and one.message is not None:
                self._report.blocked(task.node.id, task.spec.name, one.message)
        returned = called.returned
        if task.calls is None and not task.spec.has_list_output and type(returned[0]) not in _SPECIAL:
            values, ui = results(task.spec, returned[0])
            return values, ui, usage
        found = read(task, returned)
        if any(isinstance(one, Expand) for one in returned):
            self._growth.expand(task, returned, found)
            return None
        return *settle(task, found, self._held.value), usage

    def _reason(self, node: Node, spec: NodeSpec) -> Reason | None:
        journal = self._around.journal
        return None if journal is None else journal.reason(self._plan.keys, node, spec)

    def _progress(self, node: NodeId, value: float, maximum: float, preview: Any) -> None:
        with self._lock:
            self._report.progress(node, value, maximum, preview)

    def _end_if_over(self) -> None:
        if self._ended or not self._workers.idle:
            return
        if self.broken is None and not self._execution.finished:
            if self._sharing.waiting or any(map(self._execution.ready, self._execution.lanes)):
                return
            self._growth.untie()
        if self.broken is not None or self._execution.finished:
            self._ended = True
            self._workers.over()
