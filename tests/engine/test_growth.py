"""Lazy inputs, expansions and blockers: what a run decides only while it runs."""

from __future__ import annotations

from typing import Any

import pytest

from engine.cache import Cache, LruCache, MemoryCache, NoCache
from engine.driver import Outcome
from engine.events import Event, NodeBlocked, NodeFailed, NodeFinished, NodeStarted
from engine.types import NodeId
from tests.growing import REGISTRY, Watch
from tests.toys import Journal, execute, link, prompt


def go(
    wired: dict[str, Any], cache: Cache | None = None, **options: Any
) -> tuple[Outcome, Journal, list[Event]]:
    return execute(wired, cache, registry=REGISTRY, **options)


@pytest.fixture(params=["memory", "lru", "none"])
def cache(request: pytest.FixtureRequest) -> Cache:
    kinds: dict[str, Cache] = {"memory": MemoryCache(2**20), "lru": LruCache(10_000), "none": NoCache()}
    return kinds[request.param]


# Lazy inputs ----------------------------------------------------------------------------------------------


def choice(*, on: bool, kind: str = "Switch") -> dict[str, Any]:
    return prompt(
        a=("Number", {"value": 1}),
        b=("Number", {"value": 2}),
        s=(kind, {"on": on, "yes": link("a"), "no": link("b")}),
        show=("Show", {"value": link("s")}),
    )


@pytest.mark.parametrize(("on", "ran", "value"), [(True, "a", 1), (False, "b", 2)])
def test_only_the_lazy_input_asked_for_is_made(cache: Cache, on: bool, ran: str, value: int) -> None:
    outcome, journal, _ = go(choice(on=on), cache)
    assert set(journal.ran) == {ran, "s", "show"}
    assert outcome.ui == {"show": {"value": [value]}}


def test_a_coroutine_may_ask_too(cache: Cache) -> None:
    outcome, journal, _ = go(choice(on=False, kind="AsyncSwitch"), cache)
    assert set(journal.ran) == {"b", "show"}
    assert outcome.ui == {"show": {"value": [2]}}


def test_the_other_branch_is_not_given_even_when_it_is_there() -> None:
    wired = choice(on=True) | prompt(other=("Show", {"value": link("b")}))
    outcome, journal, _ = go(wired, MemoryCache(2**20))
    assert outcome.ui[NodeId("show")] == {"value": [1]}
    assert set(journal.ran) == {"a", "b", "s", "show", "other"}


def test_a_lazy_source_that_has_run_for_another_is_not_run_again() -> None:
    wired = prompt(
        b=("Number", {"value": 2}),
        other=("Add", {"a": link("b"), "b": link("b")}),
        gate=("Add", {"a": link("other")}),
        s=("Switch", {"on": link("gate"), "yes": link("b")}),
        show=("Show", {"value": link("s")}),
    )
    outcome, journal, _ = go(wired, NoCache())
    assert outcome.ui == {"show": {"value": [2]}}
    assert journal.ran.count("b") == 1


def test_different_items_of_a_list_may_ask_for_different_inputs(cache: Cache) -> None:
    wired = prompt(
        n=("Number", {"value": 2}),
        flags=("Count", {"to": link("n")}),
        a=("Number", {"value": 10}),
        b=("Number", {"value": 20}),
        s=("Switch", {"on": link("flags"), "yes": link("a"), "no": link("b")}),
        sum=("Total", {"values": link("s")}),
        show=("Show", {"value": link("sum")}),
    )
    outcome, journal, _ = go(wired, cache)
    assert {"a", "b"} <= set(journal.ran)
    assert outcome.ui == {"show": {"value": [30]}}


def test_a_node_that_asks_again_is_announced_again() -> None:
    _, _, events = go(choice(on=True))
    assert [e.node_id for e in events if isinstance(e, NodeStarted)] == ["s", "a", "s", "show"]


def test_asking_for_an_input_that_is_not_there_is_an_error_of_the_node() -> None:
    wired = prompt(
        a=("Number", {}), x=("AsksNonsense", {"a": link("a")}), show=("Show", {"value": link("x")})
    )
    outcome, journal, _ = go(wired)
    assert outcome.status == "error" and journal.ran == []
    assert outcome.errors[0].node_id == "x" and "'nothing'" in outcome.errors[0].message


def test_a_failure_behind_a_lazy_input_stops_only_who_asked() -> None:
    wired = choice(on=True)
    wired["bad"] = {"class_type": "Fail", "inputs": {"value": ["a", 0]}}
    wired["s"]["inputs"]["yes"] = ["bad", 0]
    wired |= prompt(kept=("Show", {"value": link("b")}))
    outcome, _, _ = go(wired)
    assert outcome.status == "error" and outcome.ui == {"kept": {"value": [2]}}


# Expansions -----------------------------------------------------------------------------------------------


def test_an_expansion_takes_the_place_of_its_node(cache: Cache) -> None:
    wired = prompt(
        n=("Number", {"value": 3}),
        p=("Power", {"base": link("n"), "exponent": 4}),
        show=("Show", {"value": link("p")}),
    )
    outcome, journal, _ = go(wired, cache)
    assert outcome.ui == {"show": {"value": [81]}}
    assert "p" in journal.ran and "p.0.times" in journal.ran


def test_a_finished_expansion_is_one_hit() -> None:
    cache = MemoryCache(2**20)
    wired = prompt(p=("Power", {"base": 3, "exponent": 4}), show=("Show", {"value": link("p")}))
    go(wired, cache)
    outcome, journal, _ = go(wired, cache)
    assert journal.ran == [] and outcome.ui == {"show": {"value": [81]}}


def test_parts_of_an_expansion_are_found_again() -> None:
    cache = MemoryCache(2**20)
    go(prompt(p=("Power", {"base": 3, "exponent": 4}), show=("Show", {"value": link("p")})), cache)
    wired = prompt(p=("Power", {"base": 3, "exponent": 5}), show=("Show", {"value": link("p")}))
    outcome, journal, _ = go(wired, cache)
    assert outcome.ui == {"show": {"value": [243]}}
    assert set(journal.ran) == {"p", "p.0.times", "show"}


def test_nodes_made_while_running_say_where_they_come_from() -> None:
    wired = prompt(p=("Power", {"base": 3, "exponent": 3}), show=("Show", {"value": link("p")}))
    _, _, events = go(wired)
    ends = {e.node_id: e for e in events if isinstance(e, NodeFinished)}
    inner = ends[next(n for n in ends if n.count("less") == 1 and n.endswith("times"))]
    assert (inner.parent_id, inner.real_id, inner.display_id) == ("p.0.less", "p", "p")
    assert (ends[NodeId("show")].parent_id, ends[NodeId("show")].real_id) == (None, "show")


def test_each_item_of_a_list_may_expand_or_not(cache: Cache) -> None:
    wired = prompt(
        n=("Number", {"value": 4}),
        list=("Count", {"to": link("n")}),
        p=("Power", {"base": 2, "exponent": link("list")}),
        sum=("Total", {"values": link("p")}),
        show=("Show", {"value": link("sum")}),
        each=("Tell", {"value": link("p")}),
    )
    outcome, _, _ = go(wired, cache)
    assert outcome.ui == {"show": {"value": [15]}, "each": {"told": [1, 2, 4, 8]}}


def test_output_nodes_of_an_expansion_run_too() -> None:
    body = {
        "x.tell": {"class_type": "Tell", "inputs": {"value": 5}},
        "x.sum": {"class_type": "Add", "inputs": {"a": 5, "b": 6}},
    }
    wired = prompt(x=("Grow", {"nodes": body}), show=("Show", {"value": link("x")}))
    outcome, _, _ = go(wired)
    assert outcome.ui == {"x.tell": {"told": [5]}, "show": {"value": [11]}}


def test_an_expansion_may_use_nodes_of_the_prompt_that_nobody_else_needed() -> None:
    body = {"x.sum": {"class_type": "Add", "inputs": {"a": ["spare", 0], "b": ["n", 0]}}}
    wired = prompt(
        n=("Number", {"value": 2}),
        spare=("Number", {"value": 40}),
        x=("Grow", {"nodes": body}),
        first=("Show", {"value": link("n")}),
        show=("Show", {"value": link("x")}),
    )
    outcome, _, _ = go(wired, NoCache())
    assert outcome.ui[NodeId("show")] == {"value": [42]}


def test_values_let_go_before_an_expansion_wanted_them_are_made_again() -> None:
    body = {"x.sum": {"class_type": "Add", "inputs": {"a": ["n", 0], "b": 1}}}
    wired = prompt(
        n=("Number", {"value": 2}),
        after=("Add", {"a": link("n")}),
        x=("Switch", {"on": link("after"), "yes": link("grow")}),
        grow=("Grow", {"nodes": body}),
        show=("Show", {"value": link("x")}),
    )
    outcome, journal, _ = go(wired, NoCache())
    assert outcome.ui == {"show": {"value": [3]}} and journal.ran.count("n") == 2


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"n": {"class_type": "Number", "inputs": {}}}, "already has one of that id"),
        ({"x.1": {"class_type": "Nmber", "inputs": {}}}, "did you mean Number"),
        ({"x.1": {"inputs": {}}}, "has no class_type"),
        (
            {
                "x.1": {"class_type": "Add", "inputs": {"a": ["x.2", 0]}},
                "x.2": {"class_type": "Add", "inputs": {"a": ["x.1", 0]}},
            },
            "cycle",
        ),
        ({"x.1": {"class_type": "Add", "inputs": {"a": ["x", 0], "b": 5}}}, "cycle: x -> x.1 -> x"),
        ({"x.1": {"class_type": "Add", "inputs": {"a": ["after", 0]}}}, "cycle"),
        (
            {"x.1": {"class_type": "Number", "inputs": {}}, "x.2": {"class_type": "Show", "inputs": {}}},
            "missing 1 required",
        ),
    ],
)
def test_an_impossible_expansion_is_an_error_of_the_node_that_made_it(body: Any, says: str) -> None:
    wired = prompt(
        n=("Number", {"value": 1}),
        x=("Grow", {"nodes": body}),
        after=("Add", {"a": link("x")}),
        show=("Show", {"value": link("after")}),
        kept=("Show", {"value": link("n")}),
    )
    outcome, _, events = go(wired)
    assert outcome.status == "error" and outcome.ui[NodeId("kept")] == {"value": [1]}
    (failed,) = [e for e in events if isinstance(e, NodeFailed)]
    assert says in failed.error.message
    assert (failed.error.node_id if failed.origin is None else failed.origin.root) == "x"


def test_a_failure_inside_an_expansion_names_the_node_inside_and_the_one_submitted() -> None:
    body = {"x.bad": {"class_type": "Fail", "inputs": {"value": 3}}}
    outcome, _, events = go(prompt(x=("Grow", {"nodes": body}), show=("Show", {"value": link("x")})))
    (failed,) = [e for e in events if isinstance(e, NodeFailed)]
    assert outcome.status == "error" and failed.error.node_id == "x.bad"
    assert failed.origin is not None and failed.origin.root == "x"


def test_a_loop_of_many_rounds_is_linear_in_everything() -> None:
    def messages(rounds: int) -> tuple[int, int]:
        wired = prompt(
            n=("Number", {"value": rounds}),
            loop=("Loop", {"rounds": link("n"), "value": 0}),
            show=("Show", {"value": link("loop")}),
        )
        outcome, _, events = go(wired, MemoryCache(2**26))
        assert outcome.ui == {"show": {"value": [rounds]}}
        return len(events), max(len(e.node_id) for e in events if isinstance(e, NodeFinished))

    few, _ = messages(100)
    many, longest = messages(1000)
    assert many < 10.5 * few and longest < 20


# Blockers -------------------------------------------------------------------------------------------------


def sieve(message: str = "") -> dict[str, Any]:
    return prompt(
        n=("Number", {"value": 6}),
        list=("Count", {"to": link("n")}),
        odd=("Odd", {"value": link("list"), "message": message}),
        more=("Times", {"a": link("odd"), "b": 10}),
        tell=("Tell", {"value": link("more")}),
    )


def test_a_blocker_stops_only_the_items_it_reaches(cache: Cache) -> None:
    outcome, _, events = go(sieve(), cache)
    assert outcome.status == "success" and outcome.ui == {"tell": {"told": [10, 30, 50]}}
    assert not [e for e in events if isinstance(e, NodeBlocked)]


def test_a_blockers_message_is_told_once_where_it_strikes() -> None:
    outcome, _, events = go(sieve("even numbers stay out"))
    assert outcome.status == "success"
    assert [(e.node_id, e.message) for e in events if isinstance(e, NodeBlocked)] == [
        ("more", "even numbers stay out")
    ] * 3


def test_a_node_that_takes_lists_is_blocked_by_a_single_item() -> None:
    wired = sieve() | prompt(sum=("Total", {"values": link("odd")}), show=("Tell", {"value": link("sum")}))
    outcome, journal, _ = go(wired)
    assert "sum" not in journal.ran and "show" not in outcome.ui


def test_a_blocked_branch_ends_well() -> None:
    wired = prompt(
        odd=("Odd", {"value": 2}), show=("Show", {"value": link("odd")}), kept=("Tell", {"value": 1})
    )
    outcome, journal, _ = go(wired)
    assert outcome.status == "success" and journal.ran == [] and outcome.ui == {"kept": {"told": [1]}}


# Lists ----------------------------------------------------------------------------------------------------


def test_a_node_that_takes_lists_gets_single_values_in_lists() -> None:
    wired = prompt(
        n=("Number", {"value": 4}),
        list=("Count", {"to": link("n")}),
        sum=("Total", {"values": link("list"), "plus": 100}),
        show=("Show", {"value": link("sum")}),
    )
    assert go(wired)[0].ui == {"show": {"value": [106]}}


def test_an_empty_list_makes_no_call_and_a_node_that_takes_lists_gets_it_empty() -> None:
    wired = prompt(
        n=("Number", {"value": 0}),
        list=("Count", {"to": link("n")}),
        more=("Times", {"a": link("list"), "b": 2}),
        sum=("Total", {"values": link("more")}),
        show=("Show", {"value": link("sum")}),
    )
    outcome, journal, _ = go(wired)
    assert outcome.ui == {"show": {"value": [0]}} and "more" not in journal.ran


def test_a_long_loop_lets_go_of_what_earlier_rounds_made() -> None:
    held = Watch()
    wired = prompt(w=("Watched", {"rounds": 40}), show=("Show", {"value": link("w")}))
    outcome, _, _ = go(wired, NoCache(), resources={Watch: held})
    assert outcome.status == "success" and held.made == 40
    assert held.most_at_once <= 3
