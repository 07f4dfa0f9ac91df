"""Everything that happens in a run, as frozen values. Progress bars and WebSocket messages are views.

Each event carries its job and a sequence number counting from 1 within the job. `to_json` leaves the bytes
of a preview out, so that a transport can send them beside the JSON; `from_json` puts them back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from engine.context import Preview
from engine.types import NodeId

Status = Literal["success", "error", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    job_id: str
    seq: int
    time: float = field(default_factory=time.time)
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(_Event):
    """The graph is accepted; `nodes` of it may have to run."""

    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCached(_Event):
    """The nodes of the graph whose results are in the cache; sent once, after `RunStarted`."""

    nodes: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted(_Event):
    """A node begins to run."""

    node_id: NodeId
    class_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProgress(_Event):
    """`value` of `maximum` steps of a node are done."""

    node_id: NodeId
    value: float
    maximum: float
    preview: Preview | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished(_Event):
    """A node's outputs are there. `ui` is what an output node gave the canvas, now or when it was cached."""

    node_id: NodeId
    class_type: str
    seconds: float = 0.0
    cached: bool = False
    ui: Mapping[str, list[Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeError:
    """Why a node failed. `inputs` shows each value in short form; `traceback` has one entry per frame."""

    node_id: NodeId
    class_type: str
    exception_type: str
    message: str
    traceback: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())
    suggestion: str | None = None

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**data, "traceback": list(self.traceback), "inputs": dict(self.inputs)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NodeError:
        """The inverse of `to_json`."""
        values: dict[str, Any] = {**data, "traceback": tuple(data["traceback"])}
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFailed(_Event):
    """A node raised; what does not depend on it still runs."""

    error: NodeError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(_Event):
    """The last event of a run. `executed` are the nodes that ran, `interrupted` the one a cancel stopped."""

    status: Status
    seconds: float
    executed: tuple[NodeId, ...] = ()
    interrupted: NodeId | None = None


Event = RunStarted | RunCached | NodeStarted | NodeProgress | NodeFinished | NodeFailed | RunFinished

_TYPES: dict[str, type[Event]] = {
    "run_started": RunStarted,
    "run_cached": RunCached,
    "node_started": NodeStarted,
    "node_progress": NodeProgress,
    "node_finished": NodeFinished,
    "node_failed": NodeFailed,
    "run_finished": RunFinished,
}
_NAMES: dict[type[Event], str] = {kind: name for name, kind in _TYPES.items()}


def to_json(event: Event) -> dict[str, Any]:
    """`{"type": ..., field: ...}`; a preview becomes its media type, see `blob`."""
    data: dict[str, Any] = {"type": _NAMES[type(event)]}
    for f in fields(event):
        value: Any = getattr(event, f.name)
        if isinstance(value, Preview):
            value = {"media_type": value.media_type}
        elif isinstance(value, NodeError):
            value = value.to_json()
        elif isinstance(value, tuple):
            value = [*value]
        data[f.name] = value
    return data


def blob(event: Event) -> bytes:
    """The preview's bytes, or nothing."""
    return event.preview.data if isinstance(event, NodeProgress) and event.preview else b""


def from_json(data: Mapping[str, Any], blob: bytes = b"") -> Event:
    """The inverse of `to_json`, given the bytes of `blob`."""
    values: dict[str, Any] = dict(data)
    for name in ("nodes", "executed"):
        if isinstance(values.get(name), list):
            values[name] = tuple(values[name])
    kind = _TYPES[values.pop("type")]
    if values.get("error") is not None:
        values["error"] = NodeError.from_json(values["error"])
    if values.get("preview") is not None:
        values["preview"] = Preview(blob, values["preview"]["media_type"])
    return kind(**values)
