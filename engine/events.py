"""Everything that happens in a run, as frozen values. Progress bars and WebSocket messages are views.

Each event carries its job and a sequence number counting from 1 within the job. `to_json` leaves the bytes
of a preview out, so that a transport can send them beside the JSON; `from_json` puts them back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from engine.context import Preview
from engine.grown import Origin
from engine.types import NodeId

Status = Literal["success", "error", "interrupted"]

Source = Literal["run", "memory", "disk", "twin", "shared"]
"""Where a result came from: the node ran, a cache tier had it, or an equal node here or in another run."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node had to run.

    Args:
        code: a word for programs, such as `first_run`, `input_changed`, `file_changed` or `evicted`.
        input: the input that differs from the last run, if it is one.
        detail: the same for people.
    """

    code: str
    input: str | None = None
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON, without what is not said."""
        data = {"code": self.code, "input": self.input, "detail": self.detail}
        return {name: value for name, value in data.items() if value}


@dataclass(frozen=True, slots=True)
class Usage:
    """What running a node took. `seconds` are by the wall clock; None means that it was not measured."""

    seconds: float = 0.0
    device_seconds: float | None = None
    peak_bytes: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON, without what was not measured."""
        data: dict[str, Any] = {"seconds": self.seconds}
        if self.device_seconds is not None:
            data["device_seconds"] = self.device_seconds
        if self.peak_bytes is not None:
            data["peak_bytes"] = self.peak_bytes
        return data


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
class _NodeEvent(_Event):
    node_id: NodeId
    class_type: str
    origin: Origin | None = None
    """Where a node comes from that the canvas does not have; None for one that it has."""

    @property
    def display_id(self) -> NodeId:
        """The node the canvas shows this one as."""
        return self.node_id if self.origin is None else self.origin.display

    @property
    def parent_id(self) -> NodeId | None:
        """The node whose expansion made this one."""
        return None if self.origin is None else self.origin.parent

    @property
    def real_id(self) -> NodeId:
        """The node of the submitted graph that this one belongs to."""
        return self.node_id if self.origin is None else self.origin.root


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted(_NodeEvent):
    """A node begins to run, or goes on after inputs it asked for have arrived."""

    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProgress(_NodeEvent):
    """`value` of `maximum` steps of a node are done."""

    value: float
    maximum: float
    preview: Preview | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished(_NodeEvent):
    """A node's outputs are there. `ui` is what an output node gave the canvas, now or when it was cached."""

    source: Source = "run"
    usage: Usage | None = None
    ui: Mapping[str, list[Any]] | None = None

    @property
    def cached(self) -> bool:
        """Whether the result was there without running this node."""
        return self.source != "run"

    @property
    def seconds(self) -> float:
        """How long the node ran."""
        return 0.0 if self.usage is None else self.usage.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeBlocked(_NodeEvent):
    """A call of a node was not made, because a blocker with a message reached it. The run goes on."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeWarned(_NodeEvent):
    """A node says something the person should know; it goes on. Told again when its result is a kept one."""

    message: str


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
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(_Event):
    """The last event of a run. `executed` are the nodes that ran, `interrupted` the one a cancel stopped."""

    status: Status
    seconds: float
    executed: tuple[NodeId, ...] = ()
    interrupted: NodeId | None = None


Event = (
    RunStarted
    | RunCached
    | NodeStarted
    | NodeProgress
    | NodeFinished
    | NodeBlocked
    | NodeWarned
    | NodeFailed
    | RunFinished
)

_TYPES: dict[str, type[Event]] = {
    "run_started": RunStarted,
    "run_cached": RunCached,
    "node_started": NodeStarted,
    "node_progress": NodeProgress,
    "node_finished": NodeFinished,
    "node_blocked": NodeBlocked,
    "node_warned": NodeWarned,
    "node_failed": NodeFailed,
    "run_finished": RunFinished,
}
_NAMES: dict[type[Event], str] = {kind: name for name, kind in _TYPES.items()}
_FIELDS = {kind: tuple(f.name for f in fields(kind)) for kind in _NAMES}


def _media_type(preview: Preview) -> dict[str, Any]:
    return {"media_type": preview.media_type}


def _number_or_list(nodes: int | tuple[NodeId, ...]) -> int | list[NodeId]:
    return [*nodes] if isinstance(nodes, tuple) else nodes


def _number_or_tuple(nodes: int | list[NodeId]) -> int | tuple[NodeId, ...]:
    return tuple(nodes) if isinstance(nodes, list) else nodes


# How fields that JSON has no word for are written and read; the others are as they are.
_WRITE: dict[str, Callable[[Any], Any]] = {
    "preview": _media_type,
    "error": NodeError.to_json,
    "origin": asdict,
    "reason": Reason.to_json,
    "usage": Usage.to_json,
    "nodes": _number_or_list,
    "executed": list,
}
_READ: dict[str, Callable[[Any], Any]] = {
    "error": NodeError.from_json,
    "origin": lambda data: Origin(**data),
    "reason": lambda data: Reason(**data),
    "usage": lambda data: Usage(**data),
    "nodes": _number_or_tuple,
    "executed": tuple,
}
_READERS = {kind: tuple((n, _READ[n]) for n in names if n in _READ) for kind, names in _FIELDS.items()}


def to_json(event: Event) -> dict[str, Any]:
    """`{"type": ..., field: ...}` without fields that are None; of a preview the media type, see `blob`."""
    kind = type(event)
    data: dict[str, Any] = {"type": _NAMES[kind]}
    for name in _FIELDS[kind]:
        value = getattr(event, name)
        if value is not None:
            write = _WRITE.get(name)
            data[name] = value if write is None else write(value)
    return data


def blob(event: Event) -> bytes:
    """The preview's bytes, or nothing."""
    return event.preview.data if isinstance(event, NodeProgress) and event.preview else b""


def from_json(data: Mapping[str, Any], blob: bytes = b"") -> Event:
    """The inverse of `to_json`, given the bytes of `blob`."""
    values: dict[str, Any] = dict(data)
    kind = _TYPES[values.pop("type")]
    for name, read in _READERS[kind]:
        if name in values:
            values[name] = read(values[name])
    if "preview" in values:
        values["preview"] = Preview(blob, values["preview"]["media_type"])
    return kind(**values)
