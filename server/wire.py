"""One run as ComfyUI's clients see it: engine events in, WebSocket messages and the history entry out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
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
    RunCached,
    RunFinished,
    RunStarted,
)
from server.records import Ending, Job, Json, State

# A message with the state of every node at every tick is quadratic; large runs send it at most this often.
_ALWAYS_BELOW = 64
_INTERVAL = 0.1


@dataclass(frozen=True)
class Message:
    """One JSON message. `broadcast` ones go to every socket when the run has no owner."""

    type: str
    data: Json
    broadcast: bool = False


@dataclass(frozen=True)
class Picture:
    """A preview on its way to the owner, with what a socket that negotiated metadata is told about it."""

    preview: Preview
    meta: Json


@dataclass(frozen=True)
class Tick:
    """One progress step: where the picture goes among its messages depends on what the socket negotiated."""

    before: tuple[Message, ...]
    picture: Picture | None
    after: tuple[Message, ...]


Outgoing = Message | Tick


def now_ms() -> int:
    """Milliseconds since the epoch, as the wire has timestamps."""
    return int(time.time() * 1000)


class RunView:
    """What clients have been told of a run so far, and what its history entry will say."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.current: str | None = None
        self.outputs: Json = {}
        self.meta: Json = {}
        self._nodes: Json = {}
        self._classes: Mapping[str, Any] = {k: v.get("class_type", "") for k, v in job.graph.items()}
        self._executed: list[str] = []
        self._record: list[list[Any]] = []
        self._terminal: list[Message] = []
        self._state: State | None = None
        self._told = 0.0

    def view(self, event: Event) -> list[Outgoing]:
        """The messages an event becomes, in the order they must be sent. Terminal ones wait for `ending`."""
        match event:
            case RunStarted():
                return [
                    self._recorded(
                        "execution_start", {"prompt_id": self.job.prompt_id, "timestamp": now_ms()}
                    )
                ]
            case RunCached():
                data = {"nodes": list(event.nodes), "prompt_id": self.job.prompt_id, "timestamp": now_ms()}
                return [self._recorded("execution_cached", data)]
            case NodeStarted():
                return self._started(event)
            case NodeProgress():
                return [self._progress(event)]
            case NodeFinished():
                return self._finished(event)
            case NodeBlocked():
                return [self._blocked(event)]
            case NodeFailed():
                self.fail(event.error)
                return []
            case RunFinished():
                self._close(event)
                return []

    def fail(self, error: NodeError) -> None:
        """Note a failure; it is told when the run is over and in the history."""
        # ComfyUI's message ends in a newline and a tip, or in just the newline.
        tip = error.suggestion if error.suggestion and error.suggestion not in error.message else ""
        text = f"{error.message}\n{tip}"
        inputs: Json = {k: v if isinstance(v, list) else [v] for k, v in error.inputs.items()}
        if self._state is not State.ERROR:  # a fault after the end, such as one of the worker, outweighs it
            self._terminal.clear()
        self._state = State.ERROR
        data: Json = {
            "prompt_id": self.job.prompt_id,
            "node_id": error.node_id,
            "node_type": error.class_type,
            "executed": list(self._executed),
            "exception_message": text,
            "exception_type": error.exception_type,
            "traceback": list(error.traceback),
            "current_inputs": inputs,
            "current_outputs": list(self._classes),
            "timestamp": now_ms(),
        }
        self._terminal.append(Message("execution_error", data))

    def fail_whole(self, kind: str, message: str, suggestion: str | None = None) -> None:
        """Note a failure of the run as such, blamed on the node that was running."""
        node = self.current or next(iter(self._classes), "")
        self.fail(
            NodeError(
                node_id=_node(node),
                class_type=str(self._classes.get(node, "")),
                exception_type=kind,
                message=message,
                suggestion=suggestion,
            )
        )

    def interrupt(self, node: str | None = None) -> None:
        """Note that the run was stopped on request; a failure before that stays its end."""
        if self._state is State.ERROR:
            return
        stopped = node or self.current or next(iter(self._classes), "")
        self._state = State.INTERRUPTED
        data = {
            "prompt_id": self.job.prompt_id,
            "node_id": stopped,
            "node_type": self._classes.get(stopped, ""),
            "executed": list(self._executed),
            "timestamp": now_ms(),
        }
        self._terminal.append(Message("execution_interrupted", data, broadcast=True))

    @property
    def over(self) -> bool:
        """Whether the engine has said how the run ended."""
        return self._state is not None

    def ending(self, finished: float) -> Ending:
        """What to store before the terminal messages go out."""
        state = self._state or State.ERROR
        messages = [*self._record, *([message.type, message.data] for message in self._terminal)]
        return Ending(state, finished, self.outputs, self.meta, messages)

    def terminal(self) -> list[Message]:
        """The messages that say how the run ended; the end marker follows the `status` after them."""
        late = [self._progress_state()] if self._told and self._throttled() else []
        return [*late, *self._terminal]

    def end_marker(self) -> Message:
        """The last message of every run."""
        return Message("executing", {"node": None, "prompt_id": self.job.prompt_id})

    def replay(self) -> list[Message]:
        """What a socket that joins in the middle is told."""
        if self.current is None:
            return []
        return [self._executing(self.current), self._progress_state()]

    def _started(self, event: NodeStarted) -> list[Outgoing]:
        self.current = event.node_id
        self._set(event.node_id, 0.0, 1.0, "running")
        return [*self._states(), self._executing(event.node_id)]

    def _progress(self, event: NodeProgress) -> Tick:
        self._set(event.node_id, event.value, event.maximum, "running")
        data = {
            "value": event.value,
            "max": event.maximum,
            "prompt_id": self.job.prompt_id,
            "node": event.node_id,
        }
        picture = self._picture(event.node_id, event.preview) if event.preview else None
        return Tick(tuple(self._states()), picture, (Message("progress", data, broadcast=True),))

    def _finished(self, event: NodeFinished) -> list[Outgoing]:
        if event.cached and event.ui is None and event.node_id not in self.job.targets:
            return []
        if not event.cached:
            self._executed.append(event.node_id)
        self._keep(event)
        maximum = self._nodes.get(event.node_id, {}).get("max", 1.0)
        self._set(event.node_id, maximum, maximum, "finished")
        told: list[Outgoing] = []
        if event.ui is not None or event.cached:
            data = {
                "node": event.node_id,
                "display_node": event.node_id,
                "output": dict(event.ui) if event.ui else None,
                "prompt_id": self.job.prompt_id,
            }
            told.append(Message("executed", data))
        return [*told, *self._states()]

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
        return Message("execution_error", data, broadcast=True)

    def _keep(self, event: NodeFinished) -> None:
        if event.ui:
            self.outputs[event.node_id] = dict(event.ui)
            self.meta[event.node_id] = {
                "node_id": event.node_id,
                "display_node": event.node_id,
                "parent_node": None,
                "real_node_id": event.node_id,
            }

    def _close(self, event: RunFinished) -> None:
        if event.status == "success":
            self._state = State.SUCCESS
            data = {"prompt_id": self.job.prompt_id, "timestamp": now_ms()}
            self._terminal.append(Message("execution_success", data))
        elif event.status == "interrupted":
            self.interrupt(event.interrupted)
        elif self._state is None:
            self.fail_whole("RuntimeError", "the run failed without naming a node")

    def _recorded(self, kind: str, data: Json) -> Message:
        self._record.append([kind, data])
        return Message(kind, data)

    def _executing(self, node: str) -> Message:
        return Message("executing", {"node": node, "display_node": node, "prompt_id": self.job.prompt_id})

    def _set(self, node: str, value: float, maximum: float, state: str) -> None:
        self._nodes[node] = {
            "value": value,
            "max": maximum,
            "state": state,
            **self._identity(node),
        }

    def _identity(self, node: str) -> Json:
        return {
            "node_id": node,
            "prompt_id": self.job.prompt_id,
            "display_node_id": node,
            "parent_node_id": None,
            "real_node_id": node,
        }

    def _picture(self, node: str, preview: Preview) -> Picture:
        return Picture(preview, {**self._identity(node), "image_type": preview.media_type})

    def _throttled(self) -> bool:
        return len(self._nodes) > _ALWAYS_BELOW

    def _states(self) -> list[Message]:
        now = time.monotonic()
        if self._throttled() and now - self._told < _INTERVAL:
            return []
        self._told = now
        return [self._progress_state()]

    def _progress_state(self) -> Message:
        nodes = {node: dict(state) for node, state in self._nodes.items()}
        return Message("progress_state", {"prompt_id": self.job.prompt_id, "nodes": nodes}, broadcast=True)


def _node(text: str) -> Any:
    """Node ids are plain strings at run time; the engine's NewType only marks them."""
    return text
