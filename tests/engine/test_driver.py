"""Whole runs: their events, outputs, surroundings and size."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from engine.cache import MemoryCache
from engine.context import Context, JobExtra, Preview, RunOptions
from engine.driver import Outcome, run_sync
from engine.events import (
    Event,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunCached,
    RunFinished,
    RunStarted,
    blob,
    from_json,
    to_json,
)
from engine.graph import Graph
from engine.node import node
from engine.registry import Registry
from tests.engine.test_graphs import chain
from tests.toys import NOWHERE, REGISTRY, Journal, execute, link, prompt, sum_prompt


def of_type(events: list[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_events_tell_the_run_in_order() -> None:
    _, _, events = execute(
        prompt(n=("Number", {"value": 5}), show=("Show", {"value": link("n")})), job_id="j"
    )
    assert [type(e) for e in events] == [
        RunStarted,
        RunCached,
        NodeStarted,
        NodeFinished,
        NodeStarted,
        NodeFinished,
        RunFinished,
    ]
    assert {e.job_id for e in events} == {"j"}
    assert [e.seq for e in events] == [1, 2, 3, 4, 5, 6, 7]
    assert of_type(events, NodeFinished)[1].ui == {"value": [5]}
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.status == "success" and finished.executed == ("n", "show")


def test_progress_and_previews_are_events() -> None:
    wired = prompt(
        n=("Number", {}), s=("Steps", {"value": link("n"), "count": 3}), o=("Show", {"value": link("s")})
    )
    _, _, events = execute(wired)
    ticks = of_type(events, NodeProgress)
    assert [(t.node_id, t.value, t.maximum) for t in ticks] == [("s", i, 3) for i in (1, 2, 3)]
    assert ticks[2].preview == Preview(b"\x02", "image/png")
    assert from_json(to_json(ticks[2]), blob(ticks[2])) == ticks[2]


def test_several_outputs_go_to_their_slots() -> None:
    wired = prompt(
        n=("Number", {"value": 17}),
        d=("Divide", {"a": link("n"), "b": 5}),
        q=("Show", {"value": link("d", 0)}),
        r=("Show", {"value": link("d", 1)}),
    )
    outcome, _, _ = execute(wired)
    assert outcome.ui == {"q": {"value": [3]}, "r": {"value": [2]}}


def test_targets_need_not_be_output_nodes() -> None:
    outcome, journal, _ = execute(sum_prompt(3, 4), targets=["sum"])
    assert outcome.values == {"sum": (7,)}
    assert "show" not in journal.ran


def test_only_the_asked_for_outputs_run() -> None:
    wired = sum_prompt() | prompt(other=("Show", {"value": link("one")}))
    outcome, journal, _ = execute(wired, targets=["other"])
    assert set(journal.ran) == {"one", "other"} and outcome.status == "success"


def test_the_context_carries_what_came_with_the_job() -> None:
    seen: list[Context] = []

    @node("Look", category="x", output=True)
    def look(a: int, *, context: Context) -> None:
        """Keep the context."""
        seen.append(context)

    wired = prompt(a=("Look", {"a": 1}))
    options = RunOptions(disable_metadata=True, preview_method="latent2rgb", preview_size=64)
    extra = JobExtra({"workflow": {"nodes": []}}, options)
    run_sync(
        Graph.parse(wired), Registry([look]), extra=extra, job_id="job", folders=NOWHERE, resources={int: 7}
    )
    (context,) = seen
    assert (context.node_id, context.job_id, context.folders) == ("a", "job", NOWHERE)
    assert context.prompt == wired
    assert context.extra_pnginfo == {"workflow": {"nodes": []}} and context.options is options
    assert context.resource(int) == 7
    with pytest.raises(LookupError, match="started without a str"):
        context.resource(str)


def test_an_error_of_the_receiver_ends_the_run_and_is_raised() -> None:
    def emit(event: Event) -> None:
        if isinstance(event, NodeFinished):
            raise ConnectionError("nobody listens")

    with pytest.raises(ConnectionError, match="nobody listens"):
        execute_with(emit)


def execute_with(emit: Callable[[Event], None]) -> None:
    run_sync(Graph.parse(sum_prompt()), REGISTRY, emit=emit, resources={Journal: Journal()}, folders=NOWHERE)


def test_an_error_of_the_engine_ends_the_run_and_is_raised() -> None:
    class BrokenCache(MemoryCache):
        def put(self, key: Any, entry: Any, also: Any = None) -> None:
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        execute(sum_prompt(), BrokenCache(1))


def test_events_arrive_on_the_loops_thread() -> None:
    threads: set[str] = set()
    execute_with(lambda event: threads.add(threading.current_thread().name))
    assert threads == {threading.current_thread().name}


def test_run_sync_works_inside_a_running_loop() -> None:
    async def cell() -> Outcome:
        return execute(sum_prompt())[0]

    assert asyncio.run(cell()).status == "success"


def test_no_thread_outlives_its_run() -> None:
    before = set(threading.enumerate())
    for _ in range(3):
        execute(sum_prompt())
    deadline = time.monotonic() + 30
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not set(threading.enumerate()) - before


def test_a_chain_of_twenty_thousand_nodes_runs() -> None:
    wired = chain(20_000) | prompt(show=("Show", {"value": ("19999", 0)}))
    outcome, journal, _ = execute(wired)
    assert outcome.ui == {"show": {"value": [20_000]}} and len(journal.ran) == 20_001
