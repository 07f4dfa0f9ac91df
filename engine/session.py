"""One run in progress: the state machine, the values in flight and the event stream, behind one lock.

Workers call `take`, run the node, call `settle` and take the next: a chain of nodes of one lane runs on one
thread without a hand-over in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.cache import Cache, Entry
from engine.context import Interrupted
from engine.events import NodeError, Reason, Source, Status, Usage
from engine.execution import Execution
from engine.graph import CycleError, Node
from engine.held import Held
from engine.invoke import arguments, failure, results
from engine.items import as_lists, spread
from engine.keys import Key
from engine.plan import Plan, Supply
from engine.reports import Reports
from engine.returns import Blocker, Expand
from engine.sharing import Sharing
from engine.shown import all_there
from engine.spec import NodeSpec
from engine.surroundings import Surroundings
from engine.task import Called, Result, Task, Ui, links, read, settle
from engine.types import NodeId
from engine.workforce import Hands, Workforce

_SPECIAL = frozenset({Expand, Blocker})


@dataclass(frozen=True, slots=True)
class _Grown:
    """A node that has expanded and waits for what its outputs are linked to."""

    task: Task
    results: list[Result]


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
        self._asked: dict[NodeId, set[str]] = {}
        self._grown: dict[NodeId, _Grown] = {}
        self._held = Held(plan)
        self._execution = Execution(plan.sources, plan.traits, plan.later)
        self._workers = Workforce(self._execution, hands)
        self._sharing = Sharing(around.flights, self._landed)
        self.executed: list[NodeId] = []
        self.errors: list[NodeError] = []
        self.interrupted: NodeId | None = None
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
                self._warn_again(node)
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
                self._fail(task, error)
            else:
                if outputs is not None:
                    self._finish(task, *outputs)
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

    def finish(self) -> Status:
        """Announce the end; called by the driver once the run is over."""
        with self._lock:
            complete = all(state == "done" for state in self._execution.states.values())
            status: Status = "success" if complete else "error" if self.errors else "interrupted"
            if self._around.cancel.cancelled and not complete:
                status = "interrupted"
            seconds = time.perf_counter() - self._began
            self._sharing.end()
            self._report.over(status, seconds, tuple(self.executed), self.interrupted)
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
            if name in self._grown:
                self._close_expansion(name)
                continue
            if name not in self._asked:
                key = self._held.identities.settle(node, spec)
                if key is not None and self._is_elsewhere(name, key):
                    continue
            self._report.begins(name, spec.name, self._reason(node, spec))
            try:
                task = self._task(node, spec)
            except IndexError:  # validation finds this in what is submitted, but not in expansions
                wrong = IndexError(f"{spec.name} is linked to an output that does not exist")
                self._fail(Task(node, spec, {}, None, None, 0.0), wrong)
                self._workers.wake()
                continue
            self._workers.busy(lane, 1)
            return task

    def _task(self, node: Node, spec: NodeSpec) -> Task:
        asked = self._asked.get(node.id, ())
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
        self._arrive(name, entry, tier, None)
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
                self._arrive(name, entry, "shared", None)
            self._workers.wake()
            self._end_if_over()

    def _outputs(self, task: Task, called: Called) -> tuple[tuple[Any, ...], Ui | None, Usage] | None:
        """What the node gave and took; None while it has yet to get there. Raises what made it fail."""
        if called.error is not None:
            self._fail(task, called.error)
            return None
        if called.asked:
            self._ask(task, called.asked)
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
            self._expand(task, returned, found)
            return None
        return *settle(task, found, self._held.value), usage

    def _finish(self, task: Task, values: tuple[Any, ...], ui: Ui | None, usage: Usage) -> None:
        name, keys = task.node.id, self._plan.keys
        key = self._held.identities.of(name)
        entry = Entry(values, ui, usage.seconds, key, usage.peak_bytes)
        if key is not None:
            static = keys.of[name]
            stable = static != key and name not in keys.uncacheable
            self._cache.put(key, entry, static if stable else None)
        if self._around.journal is not None:
            self._around.journal.note(keys, task.node, task.spec, usage, self._report.warnings(name), key)
        self.executed.append(name)
        self._arrive(name, entry, "run", usage)

    def _arrive(self, name: NodeId, entry: Entry, source: Source, usage: Usage | None) -> None:
        self._held.values[name] = entry.values
        if source != "run":
            self._warn_again(name, entry.identity)
        self._report.finished(name, entry.ui, source, usage)
        for twin in self._plan.twins.get(name, ()):
            for message in self._report.warnings(name):
                self._report.warned(twin, message)
            self._report.finished(twin, entry.ui, "twin")
        self._over(name, entry)
        self._forget(self._execution.complete(name))

    def _over(self, name: NodeId, entry: Entry | None) -> None:
        """The node has ended: other runs are to hear of it."""
        self._asked.pop(name, None)
        self._sharing.ended(name, entry)

    def _fail(self, task: Task, error: BaseException) -> None:
        name = task.node.id
        self._over(name, None)
        if isinstance(error, Interrupted):
            self._around.cancel.cancel()
            self.interrupted = self._plan.graph.root(name)
            self._forget(self._execution.skip(name))
            return
        failed = failure(task.node, task.spec, error, task.given, self._around.describe)
        self.errors.append(failed)
        self._report.failed(failed)
        self._forget(self._execution.fail(name))

    def _ask(self, task: Task, names: frozenset[str]) -> None:
        """Lazy inputs are wanted: the node waits for their sources and is asked again."""
        node = task.node
        for name in sorted(names):
            if name not in node.links and name not in node.literals:
                text = f"{task.spec.name} asks for the input {name!r}, which is neither linked nor given"
                raise ValueError(text)
        self._asked.setdefault(node.id, set()).update(names)
        sources = [node.links[name].node for name in names if name in node.links]
        self._grow(sources)
        self._forget(self._execution.wait(node.id, map(self._plan.actual, sources)))

    def _expand(self, task: Task, returned: list[Any], found: list[Result]) -> None:
        """The node has made more nodes: it is done once those its outputs are linked to are."""
        plan, name = self._plan, task.node.id
        grow = plan.graph.extend
        made = [node for one in returned if isinstance(one, Expand) for node in grow(name, one.nodes)]
        roots = [node.id for node in made if plan.registry[node.class_type].output_node]
        behind = [link.node for link in links(found)]
        for node in behind:
            if node not in plan.graph:
                text = f"{task.spec.name} links an output to node {node!r}, which does not exist"
                raise ValueError(text)
        self._show(roots, self._grow([*behind, *roots]))
        # The values are not needed any more, just what an error would say of them.
        task.given = {n: self._around.describe(value) for n, value in task.given.items()}
        task.calls = None if task.calls is None else []
        self._held.expands(name)
        self._grown[name] = _Grown(task, found)
        self._forget(self._execution.let_go(name))
        self._forget(self._execution.wait(name, map(plan.actual, behind)))

    def _close_expansion(self, name: NodeId) -> None:
        grown = self._grown.pop(name)
        self._held.growing -= 1
        seconds = time.perf_counter() - grown.task.started
        try:
            values, ui = settle(grown.task, grown.results, self._held.value)
        except (IndexError, TypeError) as error:
            self._fail(grown.task, error)
        else:
            self._finish(grown.task, values, ui, Usage(seconds))
        self._workers.wake()

    def _grow(self, roots: list[NodeId]) -> Supply:
        """Have more nodes run, with all they need."""
        supply = self._plan.more(roots, self._in_hand)
        for node in supply.to_run:
            if node in self._execution.states:
                self._execution.forget(node)
        self._held.take(supply)
        for node in supply.at_hand:
            self._warn_again(node)
        actual = map(self._plan.actual, roots)
        self._forget(self._execution.demand(actual, supply.at_hand, keep=False))
        return supply

    def _show(self, roots: list[NodeId], supply: Supply) -> None:
        """Announce output nodes of an expansion whose results are there already."""
        for root in roots:
            one = self._plan.actual(root)
            if one in supply.at_hand:
                self._report.finished(root, supply.at_hand[one].ui, supply.tiers[one])
            elif self._execution.states[one] == "done":
                self._report.finished(root, self._report.ui.get(one), "twin")

    def _in_hand(self, node: NodeId) -> bool:
        state = self._execution.states.get(node)
        return node in self._held.values if state == "done" else state is not None

    def _reason(self, node: Node, spec: NodeSpec) -> Reason | None:
        journal = self._around.journal
        return None if journal is None else journal.reason(self._plan.keys, node, spec)

    def _warn_again(self, node: NodeId, identity: Key | None = None) -> None:
        """What a node warned of when it made the result that is used now."""
        journal = self._around.journal
        for message in () if journal is None else journal.warnings(self._plan.keys.of[node], identity):
            self._report.warned(node, message)

    def _progress(self, node: NodeId, value: float, maximum: float, preview: Any) -> None:
        with self._lock:
            self._report.progress(node, value, maximum, preview)

    def _forget(self, released: list[NodeId]) -> None:
        self._held.let_go(released)
        for name in self._execution.skipped:
            if self._grown.pop(name, None) is not None:
                self._held.growing -= 1
            self._over(name, None)
        self._execution.skipped.clear()

    def stop(self) -> None:
        """The run was cancelled: what has not started does not start."""
        with self._lock:
            self._execution.skip_all()
            self._forget([])
            self._end_if_over()
            landings = self._sharing.landings()
        self._sharing.land(landings)

    def _end_if_over(self) -> None:
        if self._ended or not self._workers.idle:
            return
        if self.broken is None and not self._execution.finished:
            if self._sharing.waiting or any(map(self._execution.ready, self._execution.lanes)):
                return
            self._untie()
        if self.broken is not None or self._execution.finished:
            self._ended = True
            self._workers.over()

    def _untie(self) -> None:
        """Nothing can start and nothing runs: an expansion has made nodes wait for each other."""
        for name, grown in [*self._grown.items()]:
            if self._execution.states[name] == "waiting":
                self._fail(grown.task, CycleError(self._execution.circle(name)))
        self._execution.skip_all()
