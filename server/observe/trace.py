"""A run as a Chrome trace: open the file at `chrome://tracing` or ui.perfetto.dev."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.events import (
    Event,
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    NodeWarned,
    RunFinished,
    RunStarted,
)
from engine.registry import Registry
from engine.types import NodeId
from server.jobs.records import Json

_PROCESS = 1
_RUN_ROW = 0
_MICRO = 1e6


@dataclass
class _Rows:
    """The rows of one lane: as many as there were nodes side by side."""

    lane: str
    numbers: list[int] = field(default_factory=list[int])
    ends: list[float] = field(default_factory=list[float])


class Trace:
    """Turns the events of a run, in order, into trace events. `lane_of` says what a class occupies."""

    def __init__(self, lane_of: Callable[[str], str]) -> None:
        self._lane_of = lane_of
        self._lanes: dict[str, _Rows] = {}
        self._rows = _RUN_ROW + 1
        self._open: dict[NodeId, NodeStarted] = {}
        self._run: RunStarted | None = None
        self._last = 0.0
        self._found: list[Json] = [_named("process_name", 0, "run"), _named("thread_name", _RUN_ROW, "run")]

    def to_json(self, events: Iterable[Event]) -> Json:
        """The file's content. Times are microseconds since the epoch."""
        for event in events:
            self._last = event.time
            self._note(event)
        self._stop()
        return {"traceEvents": self._found, "displayTimeUnit": "ms"}

    def _note(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._stop()  # what an earlier attempt left open
                self._run = event
            case NodeStarted():
                if (before := self._open.pop(event.node_id, None)) is not None:
                    self._slice(before, event.time, {"waits_for_inputs": True})
                self._open[event.node_id] = event
            case NodeFinished():
                self._finished(event)
            case NodeBlocked():
                self._instant(event.node_id, event.class_type, event.time, {"blocked": event.message})
            case NodeWarned():
                self._instant(event.node_id, event.class_type, event.time, {"warning": event.message})
            case NodeFailed():
                error = event.error
                args: Json = {"error": f"{error.exception_type}: {error.message}"}
                if (started := self._open.pop(error.node_id, None)) is not None:
                    self._slice(started, event.time, args)
                else:
                    self._instant(error.node_id, error.class_type, event.time, args)
            case RunFinished():
                self._stop(event.status)
            case _:
                pass

    def _finished(self, event: NodeFinished) -> None:
        args: Json = {"source": event.source}
        if event.usage is not None:
            args.update(event.usage.to_json())
        started = self._open.pop(event.node_id, None)
        if started is None:
            self._instant(event.node_id, event.class_type, event.time, args)
            return
        # A node that made others finishes after them; it ran for as long as it says.
        own = started.time + event.seconds if event.usage is not None else event.time
        self._slice(started, min(own, event.time), args)

    def _stop(self, status: str = "cut off") -> None:
        """The run is over, or the log is."""
        for started in self._open.values():
            self._slice(started, self._last, {"unfinished": True})
        self._open.clear()
        if self._run is not None:
            shown: Json = {"status": status, "nodes": self._run.nodes}
            self._found.append(_slice("run", _RUN_ROW, self._run.time, self._last, shown))
            self._run = None

    def _slice(self, started: NodeStarted, end: float, args: Json) -> None:
        shown: Json = {"node": started.node_id, **args}
        if started.origin is not None:
            shown |= {"parent": started.parent_id, "shown_as": started.display_id}
        if started.reason is not None:
            shown["reason"] = started.reason.to_json()
        lane = self._lane_of(started.class_type)
        row = self._row(lane, started.time, end)
        self._found.append(_slice(started.class_type, row, started.time, end, shown, lane))

    def _instant(self, node: NodeId, class_type: str, time: float, args: Json) -> None:
        common = {"pid": _PROCESS, "tid": _RUN_ROW, "ts": time * _MICRO, "s": "t"}
        self._found.append({"name": class_type, "ph": "i", **common, "args": {"node": node, **args}})

    def _row(self, lane: str, start: float, end: float) -> int:
        """A row of the lane that is free at this time."""
        rows = self._lanes.setdefault(lane, _Rows(lane))
        for index, busy_until in enumerate(rows.ends):
            if busy_until <= start:
                rows.ends[index] = end
                return rows.numbers[index]
        rows.numbers.append(self._rows)
        rows.ends.append(end)
        name = lane if len(rows.numbers) == 1 else f"{lane} {len(rows.numbers)}"
        self._found.append(_named("thread_name", self._rows, name))
        self._rows += 1
        return rows.numbers[-1]


def lanes_of(registry: Registry) -> Callable[[str], str]:
    """What each class of a registry occupies."""

    def lane_of(class_type: str) -> str:
        spec = registry.get(class_type)
        if spec is None:
            return "unknown"
        return "async" if spec.is_async else spec.lane

    return lane_of


def _slice(name: str, row: int, start: float, end: float, args: Json, category: str = "run") -> Json:
    times: dict[str, Any] = {"ts": start * _MICRO, "dur": max(end - start, 0.0) * _MICRO}
    return {"name": name, "cat": category, "ph": "X", **times, "pid": _PROCESS, "tid": row, "args": args}


def _named(kind: str, row: int, name: str) -> Json:
    return {"name": kind, "ph": "M", "pid": _PROCESS, "tid": row, "args": {"name": name}}
