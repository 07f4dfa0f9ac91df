"""The events of one run, numbered in the order they happen. Called with the session's lock held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.context import Preview
from engine.events import (
    Event,
    NodeBlocked,
    NodeError,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    NodeWarned,
    Reason,
    RunCached,
    RunFinished,
    RunStarted,
    Source,
    Status,
    Usage,
)
from engine.grown import GrownGraph
from engine.types import NodeId

Ui = Mapping[str, list[Any]]


class Reports:
    """Makes the events and hands them to `emit`; remembers what nodes gave the canvas and warned of."""

    def __init__(self, job_id: str, graph: GrownGraph, emit: Callable[[Event], None]) -> None:
        self._job_id = job_id
        self._graph = graph
        self._emit = emit
        self._seq = 0
        self.ui: dict[NodeId, Ui] = {}
        self._warned: dict[NodeId, dict[str, None]] = {}

    def started(self, missing: int, cached: tuple[NodeId, ...]) -> None:
        """The run begins."""
        self._emit(RunStarted(job_id=self._job_id, seq=self._next(), nodes=missing))
        self._emit(RunCached(job_id=self._job_id, seq=self._next(), nodes=cached))

    def begins(self, node: NodeId, class_type: str, reason: Reason | None) -> None:
        """A node is about to be called."""
        self._emit(
            NodeStarted(
                job_id=self._job_id,
                seq=self._next(),
                node_id=node,
                class_type=class_type,
                origin=self._graph.origin(node),
                reason=reason,
            )
        )

    def progress(self, node: NodeId, value: float, maximum: float, preview: Preview | None) -> None:
        """A node has got some way."""
        self._emit(
            NodeProgress(
                job_id=self._job_id,
                seq=self._next(),
                node_id=node,
                class_type=self._graph[node].class_type,
                origin=self._graph.origin(node),
                value=value,
                maximum=maximum,
                preview=preview,
            )
        )

    def finished(self, node: NodeId, ui: Ui | None, source: Source, usage: Usage | None = None) -> None:
        """A node's outputs are there."""
        if ui is not None:
            self.ui[node] = ui
        self._emit(
            NodeFinished(
                job_id=self._job_id,
                seq=self._next(),
                node_id=node,
                class_type=self._graph[node].class_type,
                origin=self._graph.origin(node),
                source=source,
                usage=usage,
                ui=ui,
            )
        )

    def blocked(self, node: NodeId, class_type: str, message: str) -> None:
        """A call is not made."""
        self._emit(
            NodeBlocked(
                job_id=self._job_id,
                seq=self._next(),
                node_id=node,
                class_type=class_type,
                origin=self._graph.origin(node),
                message=message,
            )
        )

    def warned(self, node: NodeId, message: str) -> None:
        """A node warns: told once, however many calls say it. What a node made warns for it, too."""
        said = self._warned.setdefault(node, {})
        if message in said:
            return
        said[message] = None
        self._warned.setdefault(self._graph.root(node), {})[message] = None
        self._emit(
            NodeWarned(
                job_id=self._job_id,
                seq=self._next(),
                node_id=node,
                class_type=self._graph[node].class_type,
                origin=self._graph.origin(node),
                message=message,
            )
        )

    def warnings(self, node: NodeId) -> tuple[str, ...]:
        """What a node has warned of in this run."""
        return tuple(self._warned.get(node, ()))

    def failed(self, error: NodeError) -> None:
        """A node raised."""
        origin = self._graph.origin(error.node_id)
        self._emit(NodeFailed(job_id=self._job_id, seq=self._next(), error=error, origin=origin))

    def over(
        self, status: Status, seconds: float, executed: tuple[NodeId, ...], interrupted: NodeId | None
    ) -> None:
        """The run has ended."""
        self._emit(
            RunFinished(
                job_id=self._job_id,
                seq=self._next(),
                status=status,
                seconds=seconds,
                executed=executed,
                interrupted=interrupted,
            )
        )

    def _next(self) -> int:
        self._seq += 1
        return self._seq
