"""Runs that are stopped."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import Any

import pytest

from engine.cache import MemoryCache
from engine.context import Cancellation
from engine.driver import run
from engine.events import Event, NodeFailed, NodeFinished, NodeStarted, RunFinished, RunStarted
from engine.graph import Graph
from engine.node import node
from engine.registry import Registry
from engine.types import NodeId
from tests.growing import REGISTRY as GROWING
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


@pytest.mark.parametrize("on", [RunStarted, NodeStarted, NodeFinished])
def test_a_cancel_at_any_event_ends_a_run_of_coroutines(on: type[Event]) -> None:
    """Also one that comes after a coroutine was made and before it began."""
    cancel = Cancellation()

    def emit(event: Event) -> None:
        if isinstance(event, on):
            cancel.cancel()

    wired = prompt(
        d=("Doze", {"value": 1, "seconds": 0.0}),
        e=("Doze", {"value": link("d"), "seconds": 60.0}),
        s=("Show", {"value": link("e")}),
    )
    outcome = asyncio.run(
        asyncio.wait_for(
            run(Graph.parse(wired), REGISTRY, resources={Journal: Journal()}, cancel=cancel, emit=emit), 10
        )
    )
    assert outcome.status == "interrupted"


def test_a_task_that_is_cancelled_twice_still_ends_its_nodes_first() -> None:
    started, ended = threading.Event(), list[Event]()

    @node("Finish", category="x", output=True)
    def finish() -> None:
        """Take no notice."""
        started.set()
        time.sleep(0.1)

    async def main() -> None:
        task = asyncio.create_task(
            run(Graph.parse(prompt(f=("Finish", {}))), Registry([finish]), emit=ended.append)
        )
        await asyncio.to_thread(started.wait, 10)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.01)
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert isinstance(ended[-1], RunFinished)


@pytest.mark.parametrize("place", ["expansion", "lazy", "list"])
def test_a_node_deep_in_a_run_is_stopped(place: str) -> None:
    wait = {"class_type": "UntilCancelled", "inputs": {"value": 1}}
    wired = {
        "expansion": prompt(x=("Grow", {"nodes": {"x.wait": wait}})),
        "lazy": prompt(x=("Switch", {"on": True, "yes": link("w")}), w=("UntilCancelled", {"value": 1})),
        "list": prompt(
            n=("Number", {"value": 3}),
            c=("Count", {"to": link("n")}),
            x=("UntilCancelled", {"value": link("c")}),
        ),
    }[place] | prompt(show=("Show", {"value": link("x")}))
    started, cancel = threading.Event(), Cancellation()
    threading.Thread(target=lambda: (started.wait(10), cancel.cancel())).start()
    outcome, _, events = execute(wired, registry=GROWING, resources={threading.Event: started}, cancel=cancel)
    finished = events[-1]
    assert outcome.status == "interrupted" and isinstance(finished, RunFinished)
    assert finished.interrupted == ("w" if place == "lazy" else "x"), "the node that was submitted"


def test_thousands_of_coroutines_are_stopped_at_once() -> None:
    cancel = Cancellation()
    wired = prompt(**{f"d{i}": ("Doze", {"value": i, "seconds": 60.0}) for i in range(3000)})
    seen = Counter[type[Event]]()

    def emit(event: Event) -> None:
        seen[type(event)] += 1
        if seen[NodeStarted] == 3000:
            cancel.cancel()

    targets = [NodeId(name) for name in wired]
    began = time.perf_counter()
    work = run(
        Graph.parse(wired),
        REGISTRY,
        resources={Journal: Journal()},
        cancel=cancel,
        emit=emit,
        targets=targets,
    )
    assert asyncio.run(work).status == "interrupted"
    assert time.perf_counter() - began < 10
