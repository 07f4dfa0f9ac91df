"""Events as ComfyUI's clients hear them: nodes made while running, blockers, and how much is said in all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from engine.driver import run_sync
from engine.events import (
    Event,
    NodeBlocked,
    NodeError,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunFinished,
    RunStarted,
)
from engine.graph import Graph
from engine.grown import Origin
from engine.types import NodeId
from server.stream.messages import Message
from server.stream.wire import RunView
from tests import growing
from tests.growing import Journal
from tests.server.test_events_log import finished, job, started

GRAPH = {"5": {"class_type": "Loop"}, "9": {"class_type": "Show"}}
CHILD = Origin(parent=NodeId("5.0.0.1"), root=NodeId("5"), display=NodeId("5"))


def told(events: Iterable[Event], *, end: bool = False) -> list[Message]:
    """Every message of a run."""
    view, found = RunView(job(graph=GRAPH, targets=("9",))), list[Message]()
    for event in events:
        for outgoing in view.view(event):
            found += [outgoing] if isinstance(outgoing, Message) else [*outgoing.before, *outgoing.after]
    return [*found, *view.terminal(), view.end_marker()] if end else found


def data_of(messages: Iterable[Message], kind: str) -> list[dict[str, Any]]:
    return [message.data for message in messages if message.type == kind]


def test_a_node_made_while_running_is_shown_as_the_node_that_made_it() -> None:
    events = [
        started("5.0.0.2", 1, origin=CHILD),
        NodeProgress(
            job_id="j",
            seq=2,
            node_id=NodeId("5.0.0.2"),
            class_type="Toy",
            origin=CHILD,
            value=1,
            maximum=2,
        ),
        finished("5.0.0.2", 3, origin=CHILD, ui={"text": ["inside"]}),
    ]
    found = told(events)
    assert data_of(found, "executing") == [{"node": "5.0.0.2", "display_node": "5", "prompt_id": "j"}]
    assert data_of(found, "executed") == [
        {"node": "5.0.0.2", "display_node": "5", "output": {"text": ["inside"]}, "prompt_id": "j"}
    ]
    assert data_of(found, "progress_state")[-1]["nodes"]["5.0.0.2"] == {
        "value": 2,
        "max": 2,
        "state": "finished",
        "node_id": "5.0.0.2",
        "prompt_id": "j",
        "display_node_id": "5",
        "parent_node_id": "5.0.0.1",
        "real_node_id": "5",
    }


def test_the_history_says_whose_a_made_node_is() -> None:
    view = RunView(job(graph=GRAPH))
    view.view(finished("5.0.0.2", 1, origin=CHILD, ui={"text": ["inside"]}))
    view.view(RunFinished(job_id="j", seq=2, status="success", seconds=1.0))
    assert view.ending(1.0).meta["5.0.0.2"] == {
        "node_id": "5.0.0.2",
        "display_node": "5",
        "parent_node": "5.0.0.1",
        "real_node_id": "5",
    }


def test_an_error_inside_an_expansion_names_the_submitted_node() -> None:
    error = NodeError(node_id=NodeId("5.0.0.2"), class_type="Toy", exception_type="ValueError", message="no")
    events = [
        started("5.0.0.2", 1, origin=CHILD),
        NodeFailed(job_id="j", seq=2, error=error, origin=CHILD),
        RunFinished(job_id="j", seq=3, status="error", seconds=1.0),
    ]
    (said,) = data_of(told(events, end=True), "execution_error")
    assert (said["node_id"], said["node_type"], said["exception_message"]) == ("5", "Loop", "no\n")


def test_an_interrupt_inside_an_expansion_names_the_submitted_node() -> None:
    events = [
        started("5.0.0.2", 1, origin=CHILD),
        RunFinished(job_id="j", seq=2, status="interrupted", seconds=1.0, interrupted=NodeId("5.0.0.2")),
    ]
    (said,) = data_of(told(events, end=True), "execution_interrupted")
    assert (said["node_id"], said["node_type"]) == ("5", "Loop")


def test_a_blocked_node_is_reported_and_the_run_succeeds() -> None:
    events = [
        RunStarted(job_id="j", seq=1, nodes=2),
        NodeBlocked(job_id="j", seq=2, node_id=NodeId("9"), class_type="Show", message="nothing to show"),
        finished("9", 3),
        RunFinished(job_id="j", seq=4, status="success", seconds=1.0),
    ]
    found = told(events, end=True)
    (said,) = data_of(found, "execution_error")
    assert said == {
        "prompt_id": "j",
        "node_id": "9",
        "node_type": "Show",
        "executed": [],
        "exception_message": "Execution Blocked: nothing to show",
        "exception_type": "ExecutionBlocked",
        "traceback": [],
        "current_inputs": [],
        "current_outputs": [],
    }
    assert [m.type for m in found if m.type != "progress_state"][-2:] == ["execution_success", "executing"]
    view = RunView(job(graph=GRAPH))
    for event in events:
        view.view(event)
    ending = view.ending(1.0)
    assert ending.state == "success" and "execution_error" not in [kind for kind, _ in ending.messages]


def test_a_node_that_asks_for_inputs_is_announced_again() -> None:
    found = told([started("5", 1), started("9", 2), finished("9", 3), started("5", 4), finished("5", 5)])
    assert [data["node"] for data in data_of(found, "executing")] == ["5", "9", "5"]


def expansions(rounds: int) -> Iterable[Event]:
    """A loop: each round is made by the one before, which ends after it."""
    seq = 0
    for i in range(rounds):
        origin = Origin(NodeId(f"5.{i - 1}"), NodeId("5"), NodeId("5")) if i else None
        for body in range(3):
            node = NodeId(f"5.{i}.{body}")
            made = Origin(NodeId(f"5.{i}"), NodeId("5"), NodeId("5"))
            seq += 2
            yield NodeStarted(job_id="j", seq=seq, node_id=node, class_type="Toy", origin=made)
            yield NodeFinished(job_id="j", seq=seq + 1, node_id=node, class_type="Toy", origin=made)
        seq += 1
        yield NodeStarted(job_id="j", seq=seq, node_id=NodeId(f"5.{i}"), class_type="Loop", origin=origin)


def size(events: Iterable[Event]) -> int:
    return sum(len(json.dumps(message.data)) for message in told(events, end=True))


def test_messages_of_a_loop_grow_with_its_rounds_and_not_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.stream.nodestates._INTERVAL", 0.0)  # as if the run took for ever
    sizes = {rounds: size(expansions(rounds)) for rounds in (250, 500, 1000)}
    assert sizes[1000] / sizes[500] < 2.2 and sizes[500] / sizes[250] < 2.2, sizes


def test_with_the_usual_pauses_a_loop_of_a_thousand_rounds_says_little() -> None:
    assert size(expansions(1000)) < 1000 * 4000


def test_a_large_run_ends_with_every_node_told_finished() -> None:
    events: list[Event] = []
    for i in range(500):
        events += [started(str(i), 2 * i), finished(str(i), 2 * i + 1)]
    events.append(RunFinished(job_id="j", seq=1000, status="success", seconds=1.0))
    states: dict[str, str] = {}
    for data in data_of(told(events, end=True), "progress_state"):
        states |= {node: state["state"] for node, state in data["nodes"].items()}
    assert len(states) == 500 and set(states.values()) == {"finished"}


def loop(rounds: int) -> tuple[int, int]:
    """Run a real loop: bytes of all messages, and the length of the longest id."""
    graph = {
        "loop": {"class_type": "Loop", "inputs": {"value": 0, "rounds": rounds}},
        "end": {"class_type": "Tell", "inputs": {"value": ["loop", 0]}},
    }
    events: list[Event] = []
    outcome = run_sync(
        Graph.parse(graph), growing.REGISTRY, emit=events.append, resources={Journal: Journal()}
    )
    assert outcome.status == "success", outcome.errors
    return size(events), max(len(event.node_id) for event in events if isinstance(event, NodeStarted))


def test_a_thousand_rounds_of_a_real_loop_are_told_in_a_megabyte_or_so_with_short_ids() -> None:
    (less, _), (more, longest) = loop(500), loop(1000)
    assert more < 2.2 * less and more < 3_000_000 and longest < 20
