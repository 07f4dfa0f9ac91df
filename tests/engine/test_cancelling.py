"""Runs that are stopped."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from engine.cache import MemoryCache
from engine.context import Cancellation
from engine.driver import run
from engine.events import (
    Event,
    NodeFailed,
    RunFinished,
)
from engine.graph import Graph
from tests.toys import REGISTRY, Journal, execute, link, prompt, sum_prompt


def of_type(events: list[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_cancelling_stops_the_running_node_and_starts_no_other() -> None:
    started, cancel = threading.Event(), Cancellation()
    wired = prompt(
        n=("Number", {}), w=("UntilCancelled", {"value": link("n")}), s=("Show", {"value": link("w")})
    )
    threading.Thread(target=lambda: (started.wait(10), cancel.cancel())).start()
    outcome, journal, events = execute(wired, resources={threading.Event: started}, cancel=cancel)
    assert outcome.status == "interrupted" and journal.ran == ["n", "w"]
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.status == "interrupted" and finished.interrupted == "w"
    assert not of_type(events, NodeFailed)


def test_cancelling_keeps_what_is_finished() -> None:
    cache = MemoryCache(2**20)
    started, cancel = threading.Event(), Cancellation()
    wired = prompt(
        n=("Number", {}), w=("UntilCancelled", {"value": link("n")}), s=("Show", {"value": link("w")})
    )
    threading.Thread(target=lambda: (started.wait(10), cancel.cancel())).start()
    execute(wired, cache, resources={threading.Event: started}, cancel=cancel)
    _, journal, _ = execute(prompt(n=("Number", {}), s=("Show", {"value": link("n")})), cache)
    assert journal.ran == ["s"]


def test_cancelling_before_the_start_runs_nothing() -> None:
    cancel = Cancellation()
    cancel.cancel()
    outcome, journal, events = execute(sum_prompt(), cancel=cancel)
    assert outcome.status == "interrupted" and journal.ran == []
    assert isinstance(events[-1], RunFinished)


def test_cancelling_wakes_sleeping_coroutines() -> None:
    cancel = Cancellation()
    wired = prompt(
        n=("Number", {}), d=("Doze", {"value": link("n"), "seconds": 60.0}), s=("Show", {"value": link("d")})
    )
    timer = threading.Timer(0.2, cancel.cancel)
    timer.start()
    began = time.perf_counter()
    outcome, _, _ = execute(wired, cancel=cancel)
    assert outcome.status == "interrupted" and time.perf_counter() - began < 10


def test_cancelling_the_awaiting_task_ends_the_nodes_first() -> None:
    started, ended = threading.Event(), list[Event]()

    async def main() -> None:
        graph = Graph.parse(
            prompt(
                n=("Number", {}), w=("UntilCancelled", {"value": link("n")}), s=("Show", {"value": link("w")})
            )
        )
        resources: dict[type, object] = {Journal: Journal(), threading.Event: started}
        task = asyncio.create_task(run(graph, REGISTRY, resources=resources, emit=ended.append))
        await asyncio.to_thread(started.wait, 10)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert isinstance(ended[-1], RunFinished) and ended[-1].status == "interrupted"


def test_a_cancel_after_the_end_is_harmless() -> None:
    cancel = Cancellation()
    execute(sum_prompt(), cancel=cancel)
    cancel.cancel()
    assert cancel.cancelled
