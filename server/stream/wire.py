"""One run as ComfyUI's clients see it: engine events in, WebSocket messages and the history entry out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
    RunCached,
    RunFinished,
    RunStarted,
    Status,
)
from engine.grown import Origin
from engine.types import NodeId
from server.jobs.records import Ending, Job, Json, State
from server.observe.usage import NodeUsage
from server.stream.eventlog import EventLog
from server.stream.messages import Message, Outgoing, Picture, Tick, now_ms
from server.stream.nodestates import NodeStates, identity

_STATUS: dict[State, Status] = {State.SUCCESS: "success", State.INTERRUPTED: "interrupted"}


class RunView:
    """What clients have been told of a run so far, and what its history entry will say.

    Events are numbered and kept in `log`; without one they are taken as they are.
    """

    def __init__(self, job: Job, log: EventLog | None = None) -> None:
        self.job = job
        self.log = log
        self._classes: Mapping[str, Any] = {k: v.get("class_type", "") for k, v in job.graph.items()}
        self._begin()

    def _begin(self) -> None:
        """An attempt starts: what an earlier one told is void."""
        self.current: str | None = None
        self.outputs: Json = {}
        self.meta: Json = {}
        self.usage = NodeUsage()
        self._states = NodeStates(self.job.prompt_id)
        self._origins: dict[str, Origin] = {}
        self._executed: list[str] = []
        self._record: list[list[Any]] = []
        self._terminal: list[Message] = []
        self._state: State | None = None
        self._closed = False
        self._seq: int | None = None

    def view(self, event: Event) -> list[Outgoing]:
        """The messages an event becomes, in the order they must be sent. Terminal ones wait for `ending`."""
        if self.log is not None:
            event = self.log.append(event)
        if isinstance(event, RunStarted):
            self._begin()
        self._seq = event.seq
        self.usage.note(event)
        match event:
            case RunStarted():
                return [self._recorded("execution_start", {})]
            case RunCached():
                return [self._recorded("execution_cached", {"nodes": list(event.nodes)})]
            case NodeStarted():
                return self._started(event)
            case NodeProgress():
                return [self._progress(event)]
            case NodeFinished():
                return self._finished(event)
            case NodeBlocked():
                return [self._blocked(event)]
            case NodeWarned():
                return [self._warned(event)]
            case NodeFailed():
                self._fail(event.error, event.origin)
            case RunFinished():
                self._close(event)
        return []

    def fail_whole(self, kind: str, message: str, suggestion: str | None = None) -> None:
        """Note a failure of the run as such, blamed on the node that was running."""
        error = self._blame(kind, message, suggestion)
        if self.log is not None:
            event = self.log.append(NodeFailed(job_id=self.job.prompt_id, seq=self.log.last + 1, error=error))
            self._seq = event.seq
        self._fail(error, None)

    def interrupt(self, node: str | None = None) -> None:
        """Note that the run was stopped on request; a failure before that stays its end."""
        if self._state is State.ERROR:
            return
        stopped = self._submitted(node or self.current or next(iter(self._classes), ""))
        self._state = State.INTERRUPTED
        data = {
            "prompt_id": self.job.prompt_id,
            "node_id": stopped,
            "node_type": self._classes.get(stopped, ""),
            "executed": list(self._executed),
            "timestamp": now_ms(),
        }
        self._terminal.append(self._message("execution_interrupted", data, broadcast=True))

    @property
    def over(self) -> bool:
        """Whether the engine has said how the run ended."""
        return self._state is not None

    def ending(self, finished: float) -> Ending:
        """What to store before the terminal messages go out."""
        state = self._state or State.ERROR
        if self.log is not None and not self._closed:  # the engine was not there to say it
            end = RunFinished(
                job_id=self.job.prompt_id,
                seq=self.log.last + 1,
                status=_STATUS.get(state, "error"),
                seconds=0.0,
                executed=tuple(NodeId(node) for node in self._executed),
            )
            self._seq, self._closed = self.log.append(end).seq, True
        messages = [*self._record, *([message.type, message.data] for message in self._terminal)]
        events = b"" if self.log is None else self.log.pack()
        return Ending(state, finished, self.outputs, self.meta, messages, self.usage.nodes, events)

    def terminal(self) -> list[Message]:
        """The messages that say how the run ended; the end marker follows the `status` after them.

        The last one alone has the number of the run's last event: whoever has that has them all.
        """
        told = [replace(message, seq=None) for message in self._terminal]
        return [*self.late(), *told[:-1], *(replace(message, seq=self._seq) for message in told[-1:])]

    def late(self) -> list[Message]:
        """The state of nodes that the last messages left out, to keep them few."""
        return [replace(message, seq=None) for message in self._progress_state(self._states.rest())]

    def end_marker(self) -> Message:
        """The last message of every run."""
        return self._message("executing", {"node": None, "prompt_id": self.job.prompt_id})

    def replay(self) -> list[Message]:
        """What a socket that joins in the middle is told."""
        if self.current is None:
            return []
        return [self._executing(self.current), *self._progress_state(self._states.all())]

    def _started(self, event: NodeStarted) -> list[Outgoing]:
        self.current = event.node_id
        if event.origin is not None:
            self._origins[event.node_id] = event.origin
        self._states.start(event.node_id, event.origin)
        return [*self._progress_state(self._states.due()), self._executing(event.node_id)]

    def _progress(self, event: NodeProgress) -> Tick:
        self._states.step(event.node_id, event.value, event.maximum, event.origin)
        data = {
            "value": event.value,
            "max": event.maximum,
            "prompt_id": self.job.prompt_id,
            "node": event.node_id,
        }
        picture = self._picture(event, event.preview) if event.preview else None
        before = tuple(self._progress_state(self._states.due()))
        return Tick(before, picture, (self._message("progress", data, broadcast=True),))

    def _finished(self, event: NodeFinished) -> list[Outgoing]:
        known = event.node_id in self._states or event.node_id in self.job.targets
        if event.cached and event.ui is None and not known:
            return []
        if not event.cached:
            self._executed.append(event.node_id)
        self._keep(event)
        self._states.finish(event.node_id, event.origin)
        told: list[Outgoing] = []
        if event.ui is not None or (event.cached and event.node_id in self.job.targets):
            data = {
                "node": event.node_id,
                "display_node": event.display_id,
                "output": dict(event.ui) if event.ui else None,
                "prompt_id": self.job.prompt_id,
            }
            told.append(self._message("executed", data))
        return [*told, *self._progress_state(self._states.due())]

    def _keep(self, event: NodeFinished) -> None:
        if event.ui:
            self.outputs[event.node_id] = dict(event.ui)
            self.meta[event.node_id] = {
                "node_id": event.node_id,
                "display_node": event.display_id,
                "parent_node": event.parent_id,
                "real_node_id": event.real_id,
            }

    def _blocked(self, event: NodeBlocked) -> Message:
        """The run goes on, and ends as if nothing had been said."""
        data: Json = {
            "prompt_id": self.job.prompt_id,
            "node_id": event.node_id,
            "node_type": event.class_type,
            "executed": list(self._executed),
            "exception_message": f"Execution Blocked: {event.message}",
            "exception_type": "ExecutionBlocked",
            "traceback": [],
            "current_inputs": [],
            "current_outputs": [],
        }
        return self._message("execution_error", data, broadcast=True)

    def _warned(self, event: NodeWarned) -> Message:
        data: Json = {
            "prompt_id": self.job.prompt_id,
            "node": event.node_id,
            "display_node": event.display_id,
            "message": event.message,
        }
        return Message("node_warning", data, seq=self._seq, ours=True)

    def _fail(self, error: NodeError, origin: Origin | None) -> None:
        """Note a failure; it is told when the run is over and in the history."""
        # ComfyUI's message ends in a newline and a tip, or in just the newline.
        tip = error.suggestion if error.suggestion and error.suggestion not in error.message else ""
        inputs: Json = {k: v if isinstance(v, list) else [v] for k, v in error.inputs.items()}
        if self._state is not State.ERROR:  # a fault after the end, such as one of the worker, outweighs it
            self._terminal.clear()
        self._state = State.ERROR
        node = error.node_id if origin is None else origin.root
        data: Json = {
            "prompt_id": self.job.prompt_id,
            "node_id": node,
            "node_type": error.class_type if origin is None else self._classes.get(node, ""),
            "executed": list(self._executed),
            "exception_message": f"{error.message}\n{tip}",
            "exception_type": error.exception_type,
            "traceback": list(error.traceback),
            "current_inputs": inputs,
            "current_outputs": list(self._classes),
            "timestamp": now_ms(),
        }
        self._terminal.append(self._message("execution_error", data))

    def _close(self, event: RunFinished) -> None:
        self._closed = True
        if event.status == "success":
            self._state = State.SUCCESS
            data = {"prompt_id": self.job.prompt_id, "timestamp": now_ms()}
            self._terminal.append(self._message("execution_success", data))
        elif event.status == "interrupted":
            self.interrupt(event.interrupted)
        elif self._state is None:
            self._fail(self._blame("RuntimeError", "the run failed without naming a node"), None)

    def _blame(self, kind: str, message: str, suggestion: str | None = None) -> NodeError:
        node = NodeId(self._submitted(self.current or next(iter(self._classes), "")))
        return NodeError(
            node_id=node,
            class_type=str(self._classes.get(node, "")),
            exception_type=kind,
            message=message,
            suggestion=suggestion,
        )

    def _submitted(self, node: str) -> str:
        """The node of the submitted graph that this one belongs to."""
        origin = self._origins.get(node)
        return node if origin is None else origin.root

    def _message(self, kind: str, data: Json, *, broadcast: bool = False) -> Message:
        return Message(kind, data, broadcast, self._seq)

    def _recorded(self, kind: str, data: Json) -> Message:
        told = {**data, "prompt_id": self.job.prompt_id, "timestamp": now_ms()}
        self._record.append([kind, told])
        return self._message(kind, told)

    def _executing(self, node: str) -> Message:
        origin = self._origins.get(node)
        display = node if origin is None else origin.display
        data = {"node": node, "display_node": display, "prompt_id": self.job.prompt_id}
        return self._message("executing", data)

    def _picture(self, event: NodeProgress, preview: Preview) -> Picture:
        meta = identity(self.job.prompt_id, event.node_id, event.origin)
        return Picture(preview, {**meta, "image_type": preview.media_type})

    def _progress_state(self, nodes: Json | None) -> list[Message]:
        if nodes is None:
            return []
        data = {"prompt_id": self.job.prompt_id, "nodes": nodes}
        return [self._message("progress_state", data, broadcast=True)]
