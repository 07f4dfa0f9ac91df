"""`comfy_execution.utils` and `comfy_execution.progress`: which node runs, and how far it is."""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.context import Call, current_call
from engine.types import NodeId
from nodes.comfy.dynprompt import DynPrompt
from nodes.comfy.execution.pictures import preview


class ExecutionContext(NamedTuple):
    """Where the running code belongs: the job, the node, and the call of a node mapped over lists."""

    prompt_id: str
    node_id: str
    list_index: int | None


def get_executing_context() -> ExecutionContext | None:
    """The call that this code runs in, on its thread or in its task; None outside of nodes."""
    call = current_call()
    return None if call is None else ExecutionContext(call.context.job_id, call.context.node_id, call.index)


class ProgressState:
    """Progress of the nodes of one run, reported as the nodes' own."""

    def __init__(self, call: Call) -> None:
        self._context = call.context

    @property
    def prompt_id(self) -> str:
        return self._context.job_id

    @property
    def dynprompt(self) -> DynPrompt:
        return DynPrompt(self._context.graph)

    def update_progress(
        self, node_id: str | None, value: float, max_value: float, image: Any = None, **further: Any
    ) -> None:
        """Say that a node (the running one for None) is at `value` of `max_value`.

        Args:
            image: a picture of the work so far, as `preview` takes it.
            further: options of later versions, which change nothing here.

        Raises:
            Interrupted: the run was cancelled.
        """
        context = self._context
        context.check()
        node = context.node_id if node_id is None else NodeId(node_id)
        context.report(node, value, max_value, preview(image, context.options.preview_size))

    def start_progress(self, node_id: str) -> None:
        """The engine announces the start of a node itself."""

    def finish_progress(self, node_id: str) -> None:
        """The engine announces the end of a node itself."""


def get_progress_state() -> ProgressState:
    """The progress of the run that this code is part of. Raises RuntimeError outside of nodes."""
    call = current_call()
    if call is None:
        raise RuntimeError("there is no progress to report: no node is running here")
    return ProgressState(call)
