"""Results let go of and needed again within one run, and expansions that reach what is there already."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any, cast

import pytest

from engine.cache import MemoryCache, NoCache
from engine.context import Context
from engine.events import NodeBlocked, NodeFinished
from engine.graph import Link
from engine.journal import Journal as Memory
from engine.node import node
from engine.registry import Registry
from engine.returns import Expand
from engine.types import NodeId
from tests.growing import REGISTRY as GROWING
from tests.toys import Anything, Journal, Number, execute, link, prompt


@node("Later", category="x", lane="io")
def later(value: Number, *, context: Context) -> int:
    """A source that takes longer than its like."""
    with context.resource(Journal).note(context.node_id):
        threading.Event().wait(0.05)
        return value


REGISTRY = Registry((*GROWING, later))


def late(needed: dict[str, Any], last: str, first: str) -> dict[str, Any]:
    """A graph in which a switch asks for `last` once all that depends on `first` is over."""
    return needed | prompt(
        gate=("Add", {"a": link(first)}),
        ask=("Switch", {"on": link("gate"), "yes": link("behind")}),
        behind=("Add", {"a": link(last), "b": 1}),
        show=("Show", {"value": link("ask")}),
    )


def test_a_node_made_again_waits_for_all_its_sources_again() -> None:
    needed = prompt(
        quick=("Number", {"value": 1}),
        slow=("Later", {"value": 2}),
        sum=("Add", {"a": link("quick"), "b": link("slow")}),
        next=("Add", {"a": link("sum")}),
    )
    outcome, journal, _ = execute(late(needed, "sum", "next"), NoCache(), registry=REGISTRY)
    assert outcome.ui == {"show": {"value": [4]}}, outcome.errors
    assert journal.ran.count("sum") == 2, "its value was let go of in between"


def test_a_node_made_again_asks_again() -> None:
    needed = prompt(
        n=("Number", {"value": 1}),
        inner=("Switch", {"on": True, "yes": link("n")}),
        next=("Add", {"a": link("inner")}),
    )
    outcome, journal, _ = execute(late(needed, "inner", "next"), NoCache(), registry=REGISTRY)
    assert outcome.ui == {"show": {"value": [2]}}, outcome.errors
    assert journal.ran.count("n") == journal.ran.count("inner") == 2


def test_what_has_expanded_is_not_expanded_again() -> None:
    needed = prompt(p=("Power", {"base": 2, "exponent": 3}), next=("Add", {"a": link("p")}))
    outcome, journal, _ = execute(late(needed, "p", "next"), NoCache(), registry=REGISTRY)
    assert outcome.ui == {"show": {"value": [9]}}, outcome.errors
    assert journal.ran.count("p") == 1


def test_equal_expansions_one_after_the_other_both_run() -> None:
    def body(name: str) -> dict[str, Any]:
        return {
            f"{name}.power": {"class_type": "Power", "inputs": {"base": 2, "exponent": 3}},
            f"{name}.sum": {"class_type": "Add", "inputs": {"a": [f"{name}.power", 0], "b": 1}},
        }

    wired = prompt(
        one=("Grow", {"nodes": body("one")}),
        ask=("Switch", {"on": link("one"), "yes": link("two")}),
        two=("Grow", {"nodes": body("two")}),
        show=("Show", {"value": link("ask")}),
    )
    outcome, _, _ = execute(wired, NoCache(), registry=REGISTRY)
    assert outcome.ui == {"show": {"value": [9]}}, outcome.errors


def test_what_is_never_the_same_twice_is_the_same_throughout_a_run() -> None:
    needed = prompt(t=("Clock", {}), next=("Add", {"a": link("t")}))
    wired = late(needed, "t", "next") | prompt(first=("Show", {"value": link("t")}))
    outcome, journal, _ = execute(wired, NoCache(), registry=REGISTRY)
    assert journal.ran.count("t") == 1
    assert outcome.ui[NodeId("show")]["value"] == [outcome.ui[NodeId("first")]["value"][0] + 1]


@pytest.mark.parametrize("kept", [True, False])
def test_outputs_inside_an_expansion_are_shown_when_they_are_known_already(kept: bool) -> None:
    cache = MemoryCache(2**20) if kept else NoCache()

    def go(extra: int) -> dict[str, Any]:
        body = {
            "x.tell": {"class_type": "Tell", "inputs": {"value": 5}},
            "x.sum": {"class_type": "Add", "inputs": {"a": 5, "b": extra}},
        }
        wired = prompt(x=("Grow", {"nodes": body}), tell=("Tell", {"value": 5}))
        outcome, _, events = execute(wired, cache, registry=REGISTRY, targets=["tell", "x"])
        assert any(isinstance(e, NodeFinished) and e.node_id == "x.tell" for e in events)
        return dict(outcome.ui)

    for extra in (1, 2):
        assert go(extra) == {"x.tell": {"told": [5]}, "tell": {"told": [5]}}


def test_an_expansion_linked_to_an_output_that_does_not_exist_fails_alone() -> None:
    for slot in (5, -5):
        body = {
            "x.n": {"class_type": "Number", "inputs": {"value": 3}},
            "x.sum": {"class_type": "Add", "inputs": {"a": ["x.n", slot]}},
        }
        wired = prompt(
            x=("Grow", {"nodes": body}), show=("Show", {"value": link("x")}), kept=("Show", {"value": 1})
        )
        outcome, _, _ = execute(wired, registry=REGISTRY)
        assert [(e.node_id, e.exception_type) for e in outcome.errors] == [("x.sum", "IndexError")]
        assert "does not exist" in outcome.errors[0].message
        assert outcome.ui == {"kept": {"value": [1]}}


def test_a_blocked_call_is_reported_once_however_often_its_node_asks() -> None:
    wired = prompt(
        n=("Number", {"value": 4}),
        list=("Count", {"to": link("n")}),
        odd=("Odd", {"value": link("list"), "message": "it is even"}),
        a=("Number", {"value": 10}),
        s=("Switch", {"on": link("odd"), "yes": link("a"), "no": link("a")}),
        show=("Tell", {"value": link("s")}),
    )
    _, _, events = execute(wired, registry=REGISTRY)
    assert [e.node_id for e in events if isinstance(e, NodeBlocked)] == ["s", "s"]


def test_what_expansions_were_given_is_not_kept_alive() -> None:
    class Big:
        pass

    alive: list[weakref.ref[Big]] = []

    @node("Round", category="x")
    def round_(rounds: int, thing: Anything | None = None, *, context: Context) -> Anything:
        """Make something big and hand it to the next round as a value."""
        big = Big()
        alive.append(weakref.ref(big))
        if not rounds:
            return 0
        inner = f"{context.node_id}."
        entry = {"class_type": "Round", "inputs": {"rounds": rounds - 1, "thing": big}}
        return cast(Any, Expand({inner: entry}, (Link(NodeId(inner), 0),)))

    wired = prompt(r=("Round", {"rounds": 5}), show=("Show", {"value": link("r")}))
    memory = Memory()
    outcome, _, _ = execute(wired, registry=Registry((*GROWING, round_)), journal=memory)
    assert outcome.status == "success", outcome.errors
    gc.collect()
    assert not any(ref() is not None for ref in alive), "nor in the memory of what ran"
