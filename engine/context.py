"""What a running node may reach: progress, cancellation, folders, resources and options of its run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

from engine.folders import Folders
from engine.graph import Graph
from engine.grown import GrownGraph
from engine.types import NodeId
from engine.warning import warn

T = TypeVar("T")

Report = Callable[[NodeId, float, float, "Preview | None"], None]
"""Receives node, value, maximum and preview of one progress step; may be called from any thread."""

_EMPTY: Mapping[Any, Any] = MappingProxyType({})
_ALONE = NodeId("0")


class Interrupted(Exception):
    """The run was cancelled; a node lets this pass."""


class Cancellation:
    """One run's request to stop. Safe to use from any thread; once set it stays set."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._wake: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Ask the run to stop. Nodes notice at their next progress step; no new node starts."""
        with self._lock:
            self._event.set()
            waiting, self._wake = self._wake, []
        for wake in waiting:
            wake()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Interrupted` when the run was cancelled."""
        if self._event.is_set():
            raise Interrupted("the run was cancelled")

    def on_cancel(self, wake: Callable[[], None]) -> None:
        """Call `wake` once when cancelled (at once if it already is), on the cancelling thread."""
        with self._lock:
            if not self._event.is_set():
                self._wake.append(wake)
                return
        wake()

    def forget(self, wake: Callable[[], None]) -> None:
        """Take back `on_cancel`."""
        with self._lock:
            self._wake = [other for other in self._wake if other != wake]


@dataclass(frozen=True, slots=True)
class Preview:
    """An encoded picture of the work so far; `media_type` is `image/jpeg` or `image/png`."""

    data: bytes
    media_type: str = "image/jpeg"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Wishes of the person who started the run. `preview_size` is the longer side in pixels."""

    disable_metadata: bool = False
    preview_method: str = "none"
    preview_size: int = 512


@dataclass(frozen=True, slots=True)
class JobExtra:
    """What came with a prompt besides the graph: what to write into pictures, options, credentials."""

    extra_pnginfo: Mapping[str, Any] | None = None
    options: RunOptions = RunOptions()
    secrets: Mapping[str, Any] = field(default_factory=lambda: _EMPTY, repr=False)
    client_id: str | None = None
    """The session that submitted the prompt."""


def _ignore(node: NodeId, value: float, maximum: float, preview: Preview | None) -> None:
    """Progress of a node that runs outside an engine, as in a test."""


@dataclass(frozen=True)
class Context:
    """Handed to each node that takes `*, context: Context`. All fields have defaults fit for a test."""

    node_id: NodeId = field(default=_ALONE)
    job_id: str = ""
    folders: Folders = field(default_factory=lambda: Folders.at(Path()))
    prompt: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    extra: JobExtra = field(default_factory=JobExtra)
    graph: GrownGraph = field(default_factory=lambda: GrownGraph(Graph(_EMPTY, _EMPTY)))
    """The run's graph as it is now, with the nodes that expansions have added."""
    resources: Mapping[type, object] = field(default_factory=lambda: _EMPTY)
    cancellation: Cancellation = field(default_factory=Cancellation)
    report: Report = _ignore

    @property
    def extra_pnginfo(self) -> Mapping[str, Any] | None:
        return self.extra.extra_pnginfo

    @property
    def options(self) -> RunOptions:
        return self.extra.options

    def progress(self, value: float, maximum: float, preview: Preview | None = None) -> None:
        """Say that `value` of `maximum` steps are done. Raises `Interrupted` when the run was cancelled."""
        self.cancellation.check()
        self.report(self.node_id, value, maximum, preview)

    def check(self) -> None:
        """Raise `Interrupted` when the run was cancelled."""
        self.cancellation.check()

    def warn(self, message: str) -> None:
        """Tell the person something at this node, and go on: what was left out, what will look different.

        It is told again when a later run takes the node's result from a cache.
        """
        warn(message)

    def resource(self, kind: type[T]) -> T:
        """The shared object of type `kind` the host provides (a model cache, a device), or LookupError."""
        try:
            return cast(T, self.resources[kind])
        except KeyError:
            raise LookupError(
                f"node {self.node_id}: this run was started without a {kind.__name__}"
            ) from None


@dataclass(frozen=True, slots=True)
class Call:
    """The call of a node that is going on: `index` counts the calls of a node that is mapped over lists."""

    context: Context
    index: int = 0


_CALL: ContextVar[Call | None] = ContextVar("call", default=None)


def current_call() -> Call | None:
    """The call this code runs in, on whatever thread or task of it; None outside of nodes.

    For code that cannot be handed a `Context`, as that of packs written for ComfyUI. Nodes take a `context`.
    """
    return _CALL.get()


@contextmanager
def calling(context: Context, index: int = 0) -> Generator[None]:
    """Make this the current call inside the block."""
    token = _CALL.set(Call(context, index))
    try:
        yield
    finally:
        _CALL.reset(token)
