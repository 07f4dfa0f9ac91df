"""More of the graph than was planned: what is behind lazy inputs, and the nodes that expansions make."""

from __future__ import annotations

import time
from typing import Any

from engine.endings import Endings
from engine.events import Usage
from engine.execution import Execution
from engine.graph import CycleError
from engine.held import Held
from engine.invoke import Describe
from engine.plan import Plan, Supply
from engine.reports import Reports
from engine.returns import Expand
from engine.task import Result, Task, links, settle
from engine.types import NodeId


class Growth:
    """Used with the session's lock held."""

    def __init__(
        self,
        plan: Plan,
        held: Held,
        execution: Execution,
        report: Reports,
        endings: Endings,
        describe: Describe,
    ) -> None:
        self._plan = plan
        self._held = held
        self._execution = execution
        self._report = report
        self._endings = endings
        self._describe = describe

    def ask(self, task: Task, names: frozenset[str]) -> None:
        """Lazy inputs are wanted: the node waits for their sources and is asked again."""
        node = task.node
        for name in sorted(names):
            if name not in node.links and name not in node.literals:
                text = f"{task.spec.name} asks for the input {name!r}, which is neither linked nor given"
                raise ValueError(text)
        self._held.asked.setdefault(node.id, set()).update(names)
        sources = [node.links[name].node for name in names if name in node.links]
        self._grow(sources)
        self._endings.forget(self._execution.wait(node.id, map(self._plan.actual, sources)))

    def expand(self, task: Task, returned: list[Any], found: list[Result]) -> None:
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
        task.given = {n: self._describe(value) for n, value in task.given.items()}
        task.calls = None if task.calls is None else []
        self._held.expands(task, found)
        self._endings.forget(self._execution.let_go(name))
        self._endings.forget(self._execution.wait(name, map(plan.actual, behind)))

    def close(self, name: NodeId) -> None:
        """What the outputs of an expanded node are linked to is there."""
        grown = self._held.expansions.pop(name)
        seconds = time.perf_counter() - grown.task.started
        try:
            values, ui = settle(grown.task, grown.results, self._held.value)
        except (IndexError, TypeError) as error:
            self._endings.fail(grown.task, error)
        else:
            self._endings.finish(grown.task, values, ui, Usage(seconds))

    def untie(self) -> None:
        """Nothing can start and nothing runs: an expansion has made nodes wait for each other."""
        for name, grown in [*self._held.expansions.items()]:
            if self._execution.states[name] == "waiting":
                self._endings.fail(grown.task, CycleError(self._execution.circle(name)))
        self._execution.skip_all()

    def _grow(self, roots: list[NodeId]) -> Supply:
        """Have more nodes run, with all they need."""
        supply = self._plan.more(roots, self._in_hand)
        for node in supply.to_run:
            if node in self._execution.states:
                self._execution.forget(node)
        self._held.take(supply)
        for node in supply.at_hand:
            self._endings.warn_again(node)
        actual = map(self._plan.actual, roots)
        self._endings.forget(self._execution.demand(actual, supply.at_hand, keep=False))
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
