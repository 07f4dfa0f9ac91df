"""What runs side by side, and what does not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from engine.driver import Outcome, run, run_sync
from engine.graph import Graph
from engine.lanes import Lanes
from engine.node import node
from engine.registry import Registry
from engine.types import NodeId
from tests.growing import REGISTRY as GROWING
from tests.toys import NOWHERE, REGISTRY, Journal, Number, execute, link, prompt, sum_prompt


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
    wired = prompt(**{f"m{i}": ("MeetLater", {"value": i}) for i in range(3)})
    wired |= prompt(**{f"s{i}": ("Show", {"value": link(f"m{i}")}) for i in range(3)})
    outcome, journal, _ = execute(wired, resources={asyncio.Barrier: asyncio.Barrier(3)})
    assert outcome.status == "success" and journal.most_at_once >= 3, outcome.errors


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


def three_meet(prefix: str = "") -> dict[str, Any]:
    """Three coroutines that wait for each other, and the sum of what they give."""
    wired = prompt(**{f"{prefix}{i}": ("MeetLater", {"value": i}) for i in range(3)})
    sum_ = {key: link(f"{prefix}{i}") for i, key in enumerate("abc")}
    return wired | prompt(**{f"{prefix}sum": ("Add", sum_)})


@pytest.mark.parametrize("inside", [False, True], ids=["in the prompt", "in an expansion"])
def test_coroutines_that_wait_for_each_other_meet(inside: bool) -> None:
    wired = prompt(x=("Grow", {"nodes": three_meet("x.")})) if inside else three_meet()
    wired |= prompt(show=("Show", {"value": link("x" if inside else "sum")}))
    outcome, journal, _ = execute(wired, registry=GROWING, resources={asyncio.Barrier: asyncio.Barrier(3)})
    assert outcome.ui == {"show": {"value": [3]}} and journal.most_at_once == 3, outcome.errors


def test_the_calls_of_a_coroutine_node_overlap() -> None:
    wired = prompt(
        n=("Number", {"value": 5}),
        list=("Count", {"to": link("n")}),
        m=("MeetLater", {"value": link("list")}),
        sum=("Total", {"values": link("m")}),
        show=("Show", {"value": link("sum")}),
    )
    outcome, _, _ = execute(wired, registry=GROWING, resources={asyncio.Barrier: asyncio.Barrier(5)})
    assert outcome.ui == {"show": {"value": [10]}}, outcome.errors


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, StopIteration, asyncio.CancelledError])
@pytest.mark.parametrize("kind", ["Raise", "RaiseLater"])
@pytest.mark.parametrize("several", [False, True])
def test_whatever_a_node_raises_is_its_own_failure(
    error: type[BaseException], kind: str, several: bool
) -> None:
    @node("Raise", category="x", lane="io")
    def raise_(value: Number) -> int:
        """Fail."""
        raise error

    @node("RaiseLater", category="x")
    async def raise_later(value: Number) -> int:
        """Fail."""
        await asyncio.sleep(0)
        raise error

    wired = prompt(
        n=("Number", {"value": 3}),
        list=("Count", {"to": link("n")}),
        x=(kind, {"value": link("list" if several else "n")}),
        show=("Show", {"value": link("x")}),
        kept=("Show", {"value": link("n")}),
    )
    outcome, _, _ = execute(wired, registry=Registry((*GROWING, raise_, raise_later)))
    assert [e.node_id for e in outcome.errors] == ["x"] and outcome.ui == {"kept": {"value": [3]}}


@pytest.mark.parametrize("error", [ValueError, SystemExit, StopIteration])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_question_or_fingerprint_that_raises_harms_nobody_else(
    error: type[BaseException], later: bool
) -> None:
    def ask(**given: Any) -> Any:
        raise error

    async def ask_later(**given: Any) -> Any:
        raise error

    hook = ask_later if later else ask
    for change in ({"needs": hook}, {"fingerprint": hook}):
        registry = Registry(replace(s, **change) if s.name == "Switch" else s for s in GROWING)
        wired = prompt(
            n=("Number", {"value": 3}),
            x=("Switch", {"on": True, "yes": link("n")}),
            show=("Show", {"value": link("x")}),
            kept=("Show", {"value": link("n")}),
        )
        outcome, _, _ = execute(wired, registry=registry)
        assert outcome.ui[NodeId("kept")] == {"value": [3]}
        assert outcome.status == ("error" if "needs" in change else "success")


def test_a_wide_fan_starts_one_worker_for_each_coroutine() -> None:
    """Nodes that become ready one by one must not each summon workers for all that wait."""
    wired = prompt(**{f"n{i}": ("Number", {"value": i}) for i in range(1500)})
    wired |= prompt(**{f"d{i}": ("Doze", {"value": link(f"n{i}")}) for i in range(1500)})
    began = time.perf_counter()
    outcome, journal, _ = execute(wired, targets=[f"d{i}" for i in range(1500)])
    assert outcome.status == "success" and len(journal.ran) == 3000
    assert time.perf_counter() - began < 10
