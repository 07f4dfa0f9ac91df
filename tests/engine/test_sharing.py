"""Several runs at once that make the same things: each is made in one of them."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from engine.cache import Cache, MemoryCache, NoCache
from engine.context import Cancellation, Context
from engine.driver import Outcome, run
from engine.events import Event, NodeFinished, RunFinished, RunStarted
from engine.flights import Flights
from engine.graph import Graph
from engine.lanes import Lanes
from engine.node import node
from engine.registry import Registry
from engine.types import NodeId
from tests.growing import REGISTRY as GROWING
from tests.toys import NOWHERE, Journal, Number, execute, link, prompt


class Gate:
    """Holds nodes back until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()
        self.fail_first = False
        self._lock = threading.Lock()
        self._calls = 0

    def first(self) -> bool:
        with self._lock:
            self._calls += 1
            return self._calls == 1


@node("Held", category="x", lane="io")
def held(value: Number, *, context: Context) -> int:
    """Wait at the gate."""
    with context.resource(Journal).note(context.node_id):
        gate = context.resource(Gate)
        first = gate.first()
        gate.reached.set()
        while not gate.open.wait(0.002):
            context.check()
        if first and gate.fail_first:
            raise ValueError("the first one fails")
        return value + 1


@node("Wander", category="x", lane="io")
def wander(a: Number, b: Number, *, context: Context) -> int:
    """Take a random moment."""
    with context.resource(Journal).note(context.node_id):
        time.sleep(random.random() * 0.002)
        return (a + b) % 1000


REGISTRY = Registry((*GROWING, held, wander))


def held_graph(show: str = "show") -> Graph:
    wired = prompt(h=("Held", {"value": 1}), more=("Add", {"a": link("h")}))
    return Graph.parse(
        wired | {show: {"class_type": "Show", "inputs": {"value": ["more", 0], "label": show}}}
    )


class Together:
    """Runs on one loop with common lanes, cache and flights."""

    def __init__(self, cache: Cache, lanes: Lanes) -> None:
        self.journal, self.gate, self.flights = Journal(), Gate(), Flights()
        self._cache, self._lanes = cache, lanes
        self.events: list[list[Event]] = []

    def start(self, graph: Graph, cancel: Cancellation | None = None) -> asyncio.Task[Outcome]:
        events: list[Event] = []
        self.events.append(events)
        resources: dict[type, object] = {Journal: self.journal, Gate: self.gate}
        work = run(
            graph,
            REGISTRY,
            self._cache,
            resources=resources,
            folders=NOWHERE,
            lanes=self._lanes,
            flights=self.flights,
            cancel=cancel,
            emit=events.append,
        )
        return asyncio.get_running_loop().create_task(work)

    async def until_waiting(self, runs: int) -> None:
        """Until the gate has one node and the other runs have had their turn to ask for it."""
        await asyncio.to_thread(self.gate.reached.wait, 10)
        while sum(any(isinstance(e, RunStarted) for e in events) for events in self.events) < runs:
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.05)


def together(scene: Callable[[Together], Any], cache: Cache | None = None) -> Any:
    async def play() -> Any:
        with Lanes() as lanes:
            return await asyncio.wait_for(scene(Together(NoCache() if cache is None else cache, lanes)), 30)

    return asyncio.run(play())


@pytest.mark.parametrize("cache", [NoCache(), MemoryCache(2**20)], ids=["none", "memory"])
def test_what_three_runs_need_is_made_once(cache: Cache) -> None:
    async def scene(t: Together) -> None:
        tasks = [t.start(held_graph(f"show{i}")) for i in range(3)]
        await t.until_waiting(3)
        t.gate.open.set()
        outcomes = await asyncio.gather(*tasks)
        assert [o.ui for o in outcomes] == [{f"show{i}": {f"show{i}": [2]}} for i in range(3)]
        assert t.journal.ran.count("h") == 1
        ends = [e for events in t.events for e in events if isinstance(e, NodeFinished) and e.node_id == "h"]
        assert sorted(e.source for e in ends) == ["run", "shared", "shared"]

    together(scene, cache)


def test_when_the_maker_fails_another_tries_for_itself() -> None:
    async def scene(t: Together) -> None:
        t.gate.fail_first = True
        tasks = [t.start(held_graph()) for _ in range(3)]
        await t.until_waiting(3)
        t.gate.open.set()
        outcomes = await asyncio.gather(*tasks)
        assert sorted(o.status for o in outcomes) == ["error", "success", "success"]
        assert t.journal.ran.count("h") == 2

    together(scene, MemoryCache(2**20))  # the third may come when the second is done already


def test_when_the_maker_is_cancelled_another_makes_it() -> None:
    async def scene(t: Together) -> None:
        cancel = Cancellation()
        maker = t.start(held_graph(), cancel)
        await t.until_waiting(1)
        other = t.start(held_graph())
        await t.until_waiting(2)
        cancel.cancel()
        assert (await maker).status == "interrupted"
        t.gate.open.set()
        assert (await other).status == "success"
        assert t.journal.ran.count("h") == 2

    together(scene)


def test_a_run_that_waits_for_another_can_be_cancelled() -> None:
    async def scene(t: Together) -> None:
        maker = t.start(held_graph())
        await t.until_waiting(1)
        cancel = Cancellation()
        waiting = t.start(held_graph(), cancel)
        await t.until_waiting(2)
        cancel.cancel()
        outcome = await asyncio.wait_for(waiting, 10)
        assert outcome.status == "interrupted" and not maker.done()
        t.gate.open.set()
        assert (await maker).status == "success"

    together(scene)


def test_equal_results_within_one_run_are_made_once() -> None:
    async def scene(t: Together) -> None:
        wired = prompt(
            two=("Number", {"value": 2}),
            one=("Number", {"value": 1}),
            also=("Add", {"a": link("one"), "b": link("one")}),
            h=("Held", {"value": link("two")}),
            h2=("Held", {"value": link("also")}),
            show=("Show", {"value": link("h"), "label": "a"}),
            show2=("Show", {"value": link("h2"), "label": "b"}),
        )
        task = t.start(Graph.parse(wired))
        await t.until_waiting(1)
        t.gate.open.set()
        assert (await task).ui == {"show": {"a": [3]}, "show2": {"b": [3]}}
        assert len([n for n in t.journal.ran if n.startswith("h")]) == 1

    together(scene)


def test_what_was_given_up_inside_an_expansion_does_not_keep_others_waiting() -> None:
    """The expanding node ends with what fails inside it, and not with its run."""

    async def scene(t: Together) -> None:
        body = {"x.bad": {"class_type": "Fail", "inputs": {"value": 1}}}
        grow = prompt(x=("Grow", {"nodes": body}), out=("Show", {"value": link("x")}))
        first = t.start(
            Graph.parse(grow | prompt(h=("Held", {"value": 1}), o=("Show", {"value": link("h")})))
        )
        await t.until_waiting(1)
        second = t.start(Graph.parse(grow))
        outcome = await asyncio.wait_for(second, 10)
        assert outcome.status == "error" and not first.done()
        t.gate.open.set()
        assert (await first).status == "error"

    together(scene)


def test_a_stopped_run_lets_others_go_on_while_its_last_node_still_runs() -> None:
    @node("Stubborn", category="x", lane="cpu")
    def stubborn(value: Number, *, context: Context) -> int:
        """Do not listen."""
        context.resource(Gate).open.wait(10)
        return value

    body = {"x.late": {"class_type": "Stubborn", "inputs": {"value": 4}}}
    wired = prompt(x=("Grow", {"nodes": body}), out=("Show", {"value": link("x")}))
    registry = Registry((*REGISTRY, stubborn))
    journal, gate, flights, cancel = Journal(), Gate(), Flights(), Cancellation()

    async def start(lanes: Lanes, stop: Cancellation | None = None, **options: Any) -> Outcome:
        resources: dict[type, object] = {Journal: journal, Gate: gate}
        graph = Graph.parse(wired)
        return await run(
            graph, registry, resources=resources, lanes=lanes, flights=flights, cancel=stop, **options
        )

    async def scene() -> None:
        with Lanes(cpu=4) as lanes:
            first = asyncio.create_task(start(lanes, cancel))
            while "x" not in journal.ran:
                await asyncio.sleep(0.002)
            second = asyncio.create_task(start(lanes))
            await asyncio.sleep(0.05)
            assert journal.ran == ["x"], "the second waits for the expansion of the first"
            cancel.cancel()
            while journal.ran.count("x") < 2:
                await asyncio.sleep(0.002)
            assert not first.done()
            gate.open.set()
            assert (await first).status == "interrupted"
            assert (await second).ui == {"out": {"value": [4]}}

    asyncio.run(asyncio.wait_for(scene(), 20))


def stress_graph(seed: int) -> Graph:
    """Sums of sums in which equal numbers come about in many ways, some behind switches and expansions."""
    chance = random.Random(seed)
    wired = prompt(n0=("Number", {"value": 1}), n1=("Number", {"value": 2}))
    for i in range(2, 30):
        a, b = (link(f"n{chance.randrange(max(0, i - 6), i)}") for _ in range(2))
        kind = chance.random()
        if kind < 0.15:
            wired |= prompt(**{f"n{i}": ("Switch", {"on": a, "yes": b, "no": a})})
        elif kind < 0.3:
            wired |= prompt(**{f"n{i}": ("Power", {"base": a, "exponent": chance.randrange(1, 4)})})
        else:
            wired |= prompt(**{f"n{i}": ("Wander", {"a": a, "b": b})})
    for i in (9, 19, 29):
        wired |= prompt(**{f"s{i}": ("Show", {"value": link(f"n{i}"), "label": "x"})})
    return Graph.parse(wired)


@pytest.mark.parametrize("seed", range(12))
def test_many_runs_of_entangled_graphs_end_and_are_right(seed: int) -> None:
    """Some are cancelled on the way; nothing waits for ever."""
    alone = {i: execute(dict(stress_graph(seed * 7 + i).prompt), registry=REGISTRY)[0].ui for i in range(3)}

    async def scene(t: Together) -> None:
        chance = random.Random(seed)
        cancels = [Cancellation() for _ in range(9)]
        tasks = [t.start(stress_graph(seed * 7 + i % 3), cancels[i]) for i in range(9)]
        for cancel in cancels[:3]:
            await asyncio.sleep(chance.random() * 0.02)
            cancel.cancel()
        outcomes = await asyncio.gather(*tasks)
        for i, outcome in enumerate(outcomes):
            assert outcome.status == "success" or (i < 3 and outcome.status == "interrupted"), outcome.errors
            if outcome.status == "success":
                assert outcome.ui == alone[i % 3]
        for events in t.events:
            assert [e.seq for e in events] == list(range(1, len(events) + 1))
            assert isinstance(events[-1], RunFinished)

    together(scene, NoCache() if seed % 2 else MemoryCache(2**24))


def test_runs_that_share_a_cache_make_nothing_twice() -> None:
    async def scene(t: Together) -> None:
        graph = stress_graph(3)
        outcomes = await asyncio.gather(*(t.start(graph) for _ in range(6)))
        assert {o.status for o in outcomes} == {"success"}
        made = Counter(t.journal.ran)
        assert {name: n for name, n in made.items() if n > 1 and graph.nodes.get(NodeId(name))} == {}

    together(scene, MemoryCache(2**24))


# Handing over ---------------------------------------------------------------------------------------------


def handed(wired: dict[str, Any], **options: Any) -> tuple[list[int], list[Event]]:
    """How many events there were each time `handed_over` was called, and the events."""
    events: list[Event] = []
    calls: list[int] = []

    async def go() -> None:
        await run(
            Graph.parse(wired),
            REGISTRY,
            resources={Journal: Journal(), Gate: Gate()},
            folders=NOWHERE,
            emit=events.append,
            handed_over=lambda: calls.append(len(events)),
            **options,
        )

    asyncio.run(go())
    return calls, events


def test_the_device_is_handed_over_once_when_its_last_node_is_done() -> None:
    done = threading.Event()
    order: list[str] = []

    @node("Last", category="x", lane="device")
    def last(value: Number) -> int:
        """Occupy the device."""
        order.append("device")
        return value

    @node("Slowly", category="x", lane="io", output=True)
    def slowly(value: Number) -> None:
        """Still run when the device is free."""
        done.wait(10)
        order.append("io")

    def free() -> None:
        order.append("handed over")
        done.set()

    wired = prompt(
        a=("Last", {"value": 1}), b=("Last", {"value": link("a")}), c=("Slowly", {"value": link("b")})
    )

    async def go() -> Outcome:
        return await run(Graph.parse(wired), Registry([last, slowly]), handed_over=free)

    assert asyncio.run(go()).status == "success"
    assert order == ["device", "device", "handed over", "io"]


def test_a_run_without_device_nodes_hands_over_at_once() -> None:
    calls, events = handed(prompt(n=("Number", {}), s=("Show", {"value": link("n")})))
    assert len(calls) == 1 and isinstance(events[-1], RunFinished)


def test_a_run_that_was_stopped_has_handed_over_too() -> None:
    cancel = Cancellation()
    cancel.cancel()
    calls, _ = handed(prompt(n=("Add", {"a": 1}), s=("Show", {"value": link("n")})), cancel=cancel)
    assert len(calls) == 1


def test_a_failed_device_node_hands_over() -> None:
    calls, _ = handed(prompt(n=("Fail", {"value": 1}), s=("Show", {"value": link("n")})))
    assert len(calls) == 1
