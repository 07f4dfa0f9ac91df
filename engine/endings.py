"""How nodes end: done, failed or skipped. The cache, the journal, listeners and other runs hear of it."""

from __future__ import annotations

from typing import Any

from engine.cache import Cache, Entry
from engine.context import Interrupted
from engine.events import NodeError, Source, Usage
from engine.execution import Execution
from engine.held import Held
from engine.invoke import failure
from engine.keys import Key
from engine.plan import Plan
from engine.reports import Reports
from engine.sharing import Sharing
from engine.surroundings import Surroundings
from engine.task import Task, Ui
from engine.types import NodeId


class Endings:
    """Used with the session's lock held."""

    def __init__(
        self,
        plan: Plan,
        cache: Cache,
        around: Surroundings,
        report: Reports,
        held: Held,
        execution: Execution,
        sharing: Sharing,
    ) -> None:
        self._plan = plan
        self._cache = cache
        self._around = around
        self._report = report
        self._held = held
        self._execution = execution
        self._sharing = sharing
        self.executed: list[NodeId] = []
        self.errors: list[NodeError] = []
        self.interrupted: NodeId | None = None

    def finish(self, task: Task, values: tuple[Any, ...], ui: Ui | None, usage: Usage) -> None:
        """The node has run, and these are its outputs."""
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
        self.arrive(name, entry, "run", usage)

    def arrive(self, name: NodeId, entry: Entry, source: Source, usage: Usage | None = None) -> None:
        """A result is there, from wherever."""
        self._held.values[name] = entry.values
        if source != "run":
            self.warn_again(name, entry.identity)
        self._report.finished(name, entry.ui, source, usage)
        for twin in self._plan.twins.get(name, ()):
            for message in self._report.warnings(name):
                self._report.warned(twin, message)
            self._report.finished(twin, entry.ui, "twin")
        self._over(name, entry)
        self.forget(self._execution.complete(name))

    def fail(self, task: Task, error: BaseException) -> None:
        """The node raised, or what it returned cannot be used; or it was interrupted, and the run with it."""
        name = task.node.id
        self._over(name, None)
        if isinstance(error, Interrupted):
            self._around.cancel.cancel()
            self.interrupted = self._plan.graph.root(name)
            self.forget(self._execution.skip(name))
            return
        failed = failure(task.node, task.spec, error, task.given, self._around.describe)
        self.errors.append(failed)
        self._report.failed(failed)
        self.forget(self._execution.fail(name))

    def forget(self, released: list[NodeId]) -> None:
        """Let go of values that nobody waits for any more, and of nodes that will not run."""
        self._held.let_go(released)
        for name in self._execution.skipped:
            self._held.expansions.pop(name, None)
            self._over(name, None)
        self._execution.skipped.clear()

    def warn_again(self, node: NodeId, identity: Key | None = None) -> None:
        """What a node warned of when it made the result that is used now."""
        journal = self._around.journal
        for message in () if journal is None else journal.warnings(self._plan.keys.of[node], identity):
            self._report.warned(node, message)

    def _over(self, name: NodeId, entry: Entry | None) -> None:
        """The node has ended: other runs are to hear of it."""
        self._held.asked.pop(name, None)
        self._sharing.ended(name, entry)
