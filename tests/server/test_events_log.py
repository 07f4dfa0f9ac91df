"""The log of a job's events: numbers, what is kept, what survives, and what is told again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from engine.context import Preview
from engine.events import (
    Event,
    NodeBlocked,
    NodeError,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    Reason,
    RunCached,
    RunFinished,
    RunStarted,
    Usage,
    from_json,
    to_json,
)
from engine.grown import Origin
from engine.types import NodeId
from server.jobs.records import Job, State
from server.stream.eventlog import EventLog, EventLogs, Signal, stored_since
from server.stream.messages import Message
from server.stream.resume import retold
from server.stream.wire import RunView


def started(node: str, seq: int = 0, **more: Any) -> NodeStarted:
    return NodeStarted(job_id="j", seq=seq, node_id=NodeId(node), class_type="Toy", **more)


def finished(node: str, seq: int = 0, **more: Any) -> NodeFinished:
    return NodeFinished(job_id="j", seq=seq, node_id=NodeId(node), class_type="Toy", **more)


def step(node: str, value: float, preview: Preview | None = None) -> NodeProgress:
    return NodeProgress(
        job_id="j", seq=0, node_id=NodeId(node), class_type="Toy", value=value, maximum=9, preview=preview
    )


def chain(length: int) -> list[Event]:
    """The events of a run of `length` nodes, not numbered yet."""
    events: list[Event] = [
        RunStarted(job_id="j", seq=0, nodes=length),
        RunCached(job_id="j", seq=0, nodes=()),
    ]
    for i in range(length):
        events += [started(str(i)), finished(str(i), usage=Usage(0.5))]
    return [*events, RunFinished(job_id="j", seq=0, status="success", seconds=1.0)]


def job(prompt_id: str = "j", **more: Any) -> Job:
    values: dict[str, Any] = {
        "prompt_id": prompt_id, "number": 0.0, "explicit_number": False, "client_id": "me",
        "graph": {"0": {"class_type": "Toy"}}, "extra_data": {}, "targets": ("0",), "created": 0.0,
        "id": 1, "state": State.RUNNING, "attempts": 0,
    }  # fmt: skip
    return Job(**{**values, **more})


def filled(events: Iterable[Event]) -> EventLog:
    log = EventLog("j", Signal())
    for event in events:
        log.append(event)
    return log


def numbers(log: EventLog, after: int = 0) -> list[int]:
    return [data["seq"] for data in log.since(after).json()]


@pytest.mark.parametrize("length", [3, 2000])
def test_events_are_numbered_without_a_gap_whatever_number_they_came_with(length: int) -> None:
    log = filled(chain(length))
    assert numbers(log) == list(range(1, 2 * length + 4)) and log.last == 2 * length + 3


@pytest.mark.parametrize("after", [0, 1, 5, 511, 512, 513, 4002, 4003, 9999])
def test_a_reader_gets_what_came_after_its_position(after: int) -> None:
    assert numbers(filled(chain(2000)), after) == list(range(after + 1, 4004))


def test_what_is_stored_is_what_was_logged() -> None:
    events = chain(700)
    log = filled(events)
    read = list(stored_since(log.pack(), 0).events())
    assert read == [replace(event, seq=index) for index, event in enumerate(events, 1)]


def test_a_stored_log_goes_on_where_it_ended() -> None:
    stored = filled(chain(600)).pack()
    again = EventLogs().open(job(), stored)
    last = again.last
    assert again.append(started("more")).seq == last + 1 == 1204
    assert numbers(again, 1200) == [1201, 1202, 1203, 1204]


def test_numbers_never_repeat_after_a_crash_that_lost_the_log() -> None:
    lost = EventLogs().open(job(attempts=0))
    for event in chain(1000):
        lost.append(event)
    recovered = EventLogs().open(job(attempts=1))
    assert recovered.append(started("0")).seq > lost.last


def test_of_the_progress_of_a_node_the_newest_step_is_kept_and_none_once_it_finished() -> None:
    log = filled([started("a"), *(step("a", i) for i in range(5)), step("b", 1)])
    assert [(e.node_id, e.value) for e in log.since(0).events() if isinstance(e, NodeProgress)] == [
        ("a", 4),
        ("b", 1),
    ]
    log.append(finished("a"))
    assert [e.node_id for e in log.since(0).events() if isinstance(e, NodeProgress)] == ["b"]


def test_a_million_steps_take_the_memory_of_one() -> None:
    log = filled([started("a"), *(step("a", i, Preview(bytes(1000))) for i in range(20_000))])
    assert len(list(log.since(0).json())) == 2 and len(log.pack()) < 1000


def test_the_log_keeps_no_pictures() -> None:
    log = filled([step("a", 1, Preview(b"secret picture"))])
    assert "preview" not in next(log.since(0).json())
    assert b"secret" not in log.pack()


def test_a_full_log_drops_what_the_outcome_does_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.stream.eventlog._MAX_PACKED", 10_000)
    log = EventLog("j", Signal())
    for i in range(20_000):
        log.append(started(f"{i * 7919:x}"))
        log.append(finished(f"{i * 7919:x}", ui={"text": ["kept"]} if i == 15_000 else None))
    log.append(RunFinished(job_id="j", seq=0, status="success", seconds=1.0))
    kept = list(stored_since(log.pack(), 0).events())
    assert len(log.pack()) < 40_000 and log.dropped == 40_001 - len(kept)
    assert isinstance(kept[-1], RunFinished) and any(isinstance(e, NodeFinished) and e.ui for e in kept)


@pytest.mark.parametrize(
    "event",
    [
        started("a", 1, reason=Reason("input_changed", "seed", "it was 1"), origin=origin)
        for origin in (None, Origin(NodeId("p"), NodeId("r"), NodeId("d")))
    ]
    + [
        finished("a", 2, source="disk", usage=Usage(1.5, 1.25, 10), ui={"images": [{"filename": "x"}]}),
        NodeBlocked(job_id="j", seq=3, node_id=NodeId("a"), class_type="Toy", message="no"),
        NodeFailed(
            job_id="j",
            seq=4,
            error=NodeError(node_id=NodeId("a"), class_type="Toy", exception_type="E", message="m"),
        ),
        RunCached(job_id="j", seq=5, nodes=(NodeId("a"), NodeId("b"))),
        RunFinished(job_id="j", seq=6, status="interrupted", seconds=2.0, interrupted=NodeId("a")),
    ],
)
def test_an_event_is_the_same_after_json(event: Event) -> None:
    assert from_json(to_json(event)) == event


def test_what_is_told_again_is_what_was_told() -> None:
    view, told = RunView(job(), EventLog("j", Signal())), list[Message]()
    for event in chain(3):
        told += [message for message in view.view(event) if isinstance(message, Message)]
    ending = view.ending(1.0)
    told += [*view.terminal(), view.end_marker()]
    stored = stored_since(ending.events, 0)

    def shape(messages: Iterable[Message]) -> list[tuple[str, Any, int | None]]:
        return [(m.type, m.data.get("node"), m.seq) for m in messages if m.type != "progress_state"]

    again = list(retold(job(state=State.SUCCESS), stored.events(), 0, ended=True))
    assert shape(again) == shape(told)
    later = list(retold(job(state=State.SUCCESS), stored.events(), 5, ended=True))
    assert shape(later) == [item for item in shape(told) if item[2] is not None and item[2] > 5]
    nothing = list(retold(job(state=State.SUCCESS), stored.events(), 9, ended=True))
    assert shape(nothing) == [("executing", None, 9)]


def test_a_second_attempt_is_told_as_a_run_of_its_own() -> None:
    log = EventLog("j", Signal())
    for event in [*chain(1)[:3], *chain(1)]:
        log.append(event)
    told = [m.type for m in retold(job(), log.since(0).events(), 0, ended=True) if m.type != "progress_state"]
    start = ["execution_start", "execution_cached", "executing"]
    assert told == [*start, *start, "execution_success", "executing"]


def test_a_run_the_engine_could_not_end_is_ended_in_its_log() -> None:
    log = EventLog("j", Signal())
    view = RunView(job(), log)
    for event in chain(1)[:3]:
        view.view(event)
    view.fail_whole("WorkerDied", "it is gone")
    ending = view.ending(1.0)
    failed, end = list(stored_since(ending.events, 3).events())
    assert isinstance(failed, NodeFailed) and failed.error.exception_type == "WorkerDied"
    assert isinstance(end, RunFinished) and end.status == "error"
    assert ending.state is State.ERROR


def test_what_nodes_took_is_kept_with_the_job() -> None:
    view = RunView(job())
    view.view(started("a", 1, reason=Reason("first_run")))
    view.view(finished("a", 2, usage=Usage(1.5, 1.0, 77)))
    view.view(finished("b", 3, source="disk", ui={"text": []}))
    assert view.ending(1.0).nodes == {
        "a": {
            "reason": {"code": "first_run"},
            "source": "run",
            "seconds": 1.5,
            "device_seconds": 1.0,
            "peak_bytes": 77,
        },
        "b": {"source": "disk"},
    }
