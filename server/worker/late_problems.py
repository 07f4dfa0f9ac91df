"""Problems a graph has by the time it runs that it did not have when it was queued, told as events."""

from __future__ import annotations

from dataclasses import replace

from engine import events
from engine.problems import Problem
from engine.relay import Emit
from engine.types import NodeId
from engine.validate import Validation


def no_longer_valid(job_id: str, checked: Validation, emit: Emit) -> Emit:
    """`emit` of a run some outputs of which became bad while it waited: each problem is a failed node, told
    at the start, and the run ends as failed though the good outputs run.
    """
    if not checked.problems:
        return emit

    def told(event: events.Event) -> None:
        if isinstance(event, events.RunStarted):
            emit(event)
            for index, problem in enumerate(checked.problems, event.seq + 1):
                emit(events.NodeFailed(job_id=job_id, seq=index, error=_node_error(problem, checked)))
            return
        if isinstance(event, events.RunFinished) and event.status == "success":
            event = replace(event, status="error")
        emit(replace(event, seq=event.seq + len(checked.problems)))

    return told


def _node_error(problem: Problem, checked: Validation) -> events.NodeError:
    node = problem.node or NodeId("")
    details = f": {problem.details}" if problem.details else ""
    again = "This was right when the job was queued; undo the change or correct it, and queue the job again."
    return events.NodeError(
        node_id=node,
        class_type=checked.classes.get(node) or "",
        exception_type=problem.code,
        message=f"{problem.message}{details}",
        inputs={problem.input: problem.extra.get("received_value")} if problem.input else {},
        suggestion=" ".join(filter(None, (problem.extra.get("suggestion"), again))),
    )
