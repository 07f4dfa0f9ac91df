"""What runs side by side, and what does not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from engine.driver import Outcome, run, run_sync
from engine.graph import Graph
from engine.lanes import Lanes
from engine.node import node
from engine.registry import Registry
from tests.toys import NOWHERE, REGISTRY, Journal, execute, link, prompt, sum_prompt


def test_independent_branches_run_side_by_side() -> None:
    names = ("a", "b", "c")
    wired = prompt(**{n: ("Number", {"value": i}) for i, n in enumerate(names)})
    wired |= prompt(**{f"meet {n}": ("Meet", {"value": link(n)}) for n in names})
    wired |= prompt(**{f"show {n}": ("Show", {"value": link(f"meet {n}")}) for n in names})
    # The barrier opens only when all three are inside at once.
    outcome, _, _ = execute(wired, resources={threading.Barrier: threading.Barrier(3)})
    assert outcome.status == "success", outcome.errors


def test_the_device_is_never_shared() -> None:
    wired = prompt(n=("Number", {}))
    for i in range(6):
        wired |= prompt(
            **{f"v{i}": ("Number", {"value": i}), f"d{i}": ("Exclusive", {"value": link(f"v{i}")})}
        )
    targets = [f"d{i}" for i in range(6)]
    outcome, journal, _ = execute(wired, targets=targets)
    device = {name: thread for name, thread in journal.threads.items() if name.startswith("d")}
    assert outcome.status == "success" and len(set(device.values())) == 1
    assert next(iter(device.values())).startswith("lane-device")


def test_lanes_can_be_shared_by_runs_on_one_loop() -> None:
    async def both() -> list[Outcome]:
        with Lanes() as lanes:
            graphs = [Graph.parse(sum_prompt(i, 2)) for i in range(2)]
            journal = {Journal: Journal()}
            return await asyncio.gather(
                *(run(g, REGISTRY, lanes=lanes, resources=journal, folders=NOWHERE) for g in graphs)
            )

    assert [o.ui["show"]["value"] for o in asyncio.run(both())] == [[2], [3]]  # type: ignore[index] # pyright: ignore


def test_coroutine_nodes_overlap() -> None:
    wired = prompt(n=("Number", {}))
    for i, seconds in enumerate((0.2, 0.25, 0.3)):
        doze = ("Doze", {"value": link("n"), "seconds": seconds})
        wired |= prompt(**{f"d{i}": doze, f"s{i}": ("Show", {"value": link(f"d{i}")})})
    began = time.perf_counter()
    outcome, journal, _ = execute(wired)
    assert outcome.status == "success" and journal.most_at_once >= 3
    assert time.perf_counter() - began < 0.7, "one after the other takes 0.75 s"


def test_the_guard_surrounds_every_call() -> None:
    inside = threading.local()
    seen: list[bool] = []

    @contextmanager
    def guard() -> Generator[None]:
        inside.now = True
        yield
        inside.now = False

    @node("Look", category="x", output=True)
    def look() -> None:
        """Note whether the guard is there."""
        seen.append(getattr(inside, "now", False))

    run_sync(Graph.parse(prompt(a=("Look", {}))), Registry([look]), guard=guard)
    assert seen == [True]
