"""What equal nodes and earlier runs save, and when values are let go of."""

from __future__ import annotations

import weakref
from typing import Annotated, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache import LruCache, MemoryCache
from engine.driver import run_sync
from engine.events import (
    Event,
    NodeFinished,
    NodeStarted,
    RunCached,
)
from engine.graph import Graph
from engine.node import node
from engine.registry import Registry
from engine.types import NodeId, Socket
from tests.toys import execute, link, prompt, sum_prompt

Thing = Annotated[Any, Socket("THING")]


def of_type(events: list[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_equal_nodes_run_once_and_both_show_it() -> None:
    wired = sum_prompt(1, 2) | prompt(
        one2=("Number", {"value": 1}),
        sum2=("Add", {"a": link("one2"), "b": link("two")}),
        show2=("Show", {"value": link("sum2"), "label": "value"}),
    )
    outcome, journal, events = execute(wired)
    assert len(journal.ran) == 4
    assert outcome.ui == {"show": {"value": [3]}, "show2": {"value": [3]}}
    assert sorted(e.node_id for e in of_type(events, NodeFinished)) == sorted(wired)
    assert set(outcome.values) == {"show", "show2"}


def test_cached_nodes_are_announced_and_outputs_shown_again() -> None:
    cache = MemoryCache(2**20)
    execute(sum_prompt(), cache)
    outcome, _, events = execute(sum_prompt(), cache)
    assert set(of_type(events, RunCached)[0].nodes) == {"one", "two", "sum", "show"}
    assert set(outcome.cached) == {"one", "two", "sum", "show"}
    assert [(e.node_id, e.cached, e.ui) for e in of_type(events, NodeFinished)] == [
        ("show", True, {"value": [3]})
    ]
    assert not of_type(events, NodeStarted)


def test_renaming_nodes_keeps_the_cache() -> None:
    cache = MemoryCache(2**20)
    execute(sum_prompt(), cache)
    renamed = prompt(
        x=("Number", {"value": 1}),
        y=("Number", {"value": 2}),
        z=("Add", {"a": link("x"), "b": link("y")}),
        out=("Show", {"value": link("z"), "label": "value"}),
    )
    outcome, journal, _ = execute(renamed, cache)
    assert journal.ran == [] and outcome.ui == {"out": {"value": [3]}}


def test_going_back_and_forth_between_two_variants_runs_nothing() -> None:
    cache = MemoryCache(2**20)
    for value in (1, 2):
        execute(sum_prompt(value), cache)
    for value in (1, 2, 1):
        assert execute(sum_prompt(value), cache)[1].ran == []


def test_lru_one_still_keeps_the_whole_last_graph() -> None:
    cache = LruCache(1)
    execute(sum_prompt(1), cache)
    assert execute(sum_prompt(1), cache)[1].ran == []
    execute(sum_prompt(5), cache)
    assert "one" in execute(sum_prompt(1), cache)[1].ran


def test_the_uncacheable_runs_each_time_and_so_does_what_follows() -> None:
    cache = MemoryCache(2**20)
    wired = prompt(
        t=("Clock", {}), n=("Number", {}), s=("Show", {"value": link("t")}), o=("Show", {"value": link("n")})
    )
    execute(wired, cache)
    assert set(execute(wired, cache)[1].ran) == {"t", "s"}


def test_what_the_cache_lost_is_made_again_only_as_far_as_needed() -> None:
    cache = MemoryCache(2**20)
    execute(sum_prompt(1, 2), cache, targets=["sum"])
    _, journal, _ = execute(sum_prompt(1, 2), cache)
    assert journal.ran == ["show"]


def test_a_value_is_dropped_when_its_last_consumer_is_done() -> None:
    class Big:
        pass

    alive: list[weakref.ref[Big]] = []
    seen: list[list[bool]] = []

    @node("Make", category="x")
    def make(index: int) -> Thing:
        """Make something big."""
        seen.append([ref() is not None for ref in alive])
        big = Big()
        alive.append(weakref.ref(big))
        return big

    @node("Use", category="x")
    def use(thing: Thing, index: int) -> Thing:
        """Turn it into something else."""
        return make(index)

    @node("End", category="x", output=True)
    def end(thing: Thing) -> None:
        """Use the last one."""
        seen.append([ref() is not None for ref in alive])

    wired = prompt(a=("Make", {"index": 0}))
    for before, name in zip("abcd", "bcde", strict=True):
        wired |= prompt(**{name: ("Use", {"thing": link(before), "index": ord(name)})})
    wired |= prompt(end=("End", {"thing": link("e")}))
    outcome = run_sync(Graph.parse(wired), Registry([make, use, end]))
    assert outcome.status == "success"
    assert max(sum(row) for row in seen) == 1, "never more than the one value in use"


@st.composite
def wirings(draw: st.DrawFn) -> dict[str, Any]:
    """Random sums of earlier nodes, shown at random places and at the end."""
    count = draw(st.integers(2, 12))
    wired: dict[str, Any] = {}
    for i in range(count):
        name = f"n{i}"
        if i < 2 or draw(st.booleans()) is False:
            wired |= prompt(**{name: ("Number", {"value": draw(st.integers(-50, 50))})})
        else:
            a, b = (f"n{draw(st.integers(0, i - 1))}" for _ in range(2))
            wired |= prompt(**{name: ("Add", {"a": link(a), "b": link(b), "c": draw(st.integers(0, 9))})})
    shown = draw(st.sets(st.integers(0, count - 1), max_size=3)) | {count - 1}
    return wired | prompt(**{f"s{i}": ("Show", {"value": link(f"n{i}"), "label": f"l{i}"}) for i in shown})


def value_of(wired: dict[str, Any], name: str) -> int:
    """What a node gives, worked out without the engine."""
    inputs = wired[name]["inputs"]
    if wired[name]["class_type"] == "Number":
        return inputs["value"]
    return value_of(wired, inputs["a"][0]) + value_of(wired, inputs["b"][0]) + inputs["c"]


def right(wired: dict[str, Any]) -> dict[str, Any]:
    shown = [n for n in wired if n.startswith("s")]
    return {n: {f"l{n[1:]}": [value_of(wired, f"n{n[1:]}")]} for n in shown}


@settings(max_examples=40, deadline=None)
@given(wirings(), st.data())
def test_editing_a_literal_reruns_only_its_descendants(wired: dict[str, Any], data: st.DataObject) -> None:
    cache = MemoryCache(2**24)
    outcome, first, _ = execute(wired, cache)
    assert outcome.ui == right(wired)
    needed = set(Graph.parse(wired).needed([NodeId(n) for n in wired if n.startswith("s")]))
    assert len(first.ran) == len(set(first.ran)) and set(first.ran) <= needed

    name = data.draw(st.sampled_from(sorted(n for n in wired if n.startswith("n"))))
    key = "value" if wired[name]["class_type"] == "Number" else "c"
    # A value no drawn literal has, so that the edited node is equal to no other.
    wired[name]["inputs"][key] = 777
    outcome, second, _ = execute(wired, cache)
    assert outcome.ui == right(wired)
    touched = {name} | set(Graph.parse(wired).descendants(NodeId(name)))
    assert set(second.ran) <= touched, "something ran that the edit does not reach"
    assert touched & needed <= set(second.ran) | stand_ins(wired), "something the edit reaches did not run"


def stand_ins(wired: dict[str, Any]) -> set[str]:
    """Nodes an equal node may have run for."""
    return {n for n in wired if sum(wired[n] == other for other in wired.values()) > 1}
