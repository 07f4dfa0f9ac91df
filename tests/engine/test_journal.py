"""Why a node ran, what a dry run says of it, and what that is worth."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache import Cache, MemoryCache, NoCache
from engine.events import NodeFinished, NodeStarted, Reason, Usage
from engine.explain import Explanation, explain
from engine.folders import Folders
from engine.graph import Graph
from engine.journal import Journal
from engine.keys import keys
from engine.node import node
from engine.registry import Registry
from engine.types import NodeId
from tests.engine.model_nodes import REGISTRY as PLAIN
from tests.growing import REGISTRY as GROWING
from tests.toys import NOWHERE, Anything, execute, link, prompt, sum_prompt

REGISTRY = GROWING


class Desk:
    """A cache and a journal that several runs use."""

    def __init__(self, cache: Cache | None = None, folders: Folders = NOWHERE) -> None:
        self.journal = Journal()
        self.cache = MemoryCache(2**24) if cache is None else cache
        self.folders = folders

    def reasons(self, wired: dict[str, Any], registry: Registry = REGISTRY) -> dict[str, Reason | None]:
        """Why each node that ran did."""
        outcome, _, events = execute(
            wired, self.cache, registry=registry, journal=self.journal, folders=self.folders
        )
        assert outcome.status == "success", outcome.errors
        return {e.node_id: e.reason for e in events if isinstance(e, NodeStarted)}

    def codes(
        self, wired: dict[str, Any], registry: Registry = REGISTRY
    ) -> dict[str, tuple[str, str | None]]:
        found = self.reasons(wired, registry)
        return {name: (r.code, r.input) for name, r in found.items() if r is not None}

    def explain(self, wired: dict[str, Any], registry: Registry = REGISTRY) -> Explanation:
        return explain(Graph.parse(wired), registry, self.cache, self.folders, self.journal)

    def fates(self, wired: dict[str, Any]) -> dict[str, str]:
        return {step.node_id: step.fate for step in self.explain(wired).steps}


def test_a_node_that_never_ran_runs_for_the_first_time() -> None:
    assert set(Desk().codes(sum_prompt()).values()) == {("first_run", None)}


def test_a_changed_value_is_named_and_what_follows_names_its_source() -> None:
    desk = Desk()
    desk.reasons(sum_prompt(1, 2))
    found = desk.reasons(sum_prompt(1, 5))
    assert found["two"] == Reason("input_changed", "value", "2 → 5")
    assert found["sum"] == Reason("source_changed", "b", "node two changed")
    assert set(found) == {"two", "sum", "show"}


def test_a_link_to_another_node_is_an_input_that_changed() -> None:
    desk = Desk()
    desk.reasons(sum_prompt(1, 2))
    wired = sum_prompt(1, 2)
    wired["sum"]["inputs"]["b"] = ["one", 0]
    assert desk.reasons(wired)["sum"] == Reason(
        "input_changed", "b", "output 0 of node two → output 0 of node one"
    )


def test_an_input_that_came_or_went_is_one_that_changed() -> None:
    desk = Desk()
    desk.reasons(sum_prompt())
    wired = sum_prompt()
    wired["sum"]["inputs"]["c"] = 7
    assert desk.reasons(wired)["sum"] == Reason("input_changed", "c", "nothing → 7")
    del wired["sum"]["inputs"]["c"], wired["sum"]["inputs"]["b"]
    assert desk.reasons(wired)["sum"] == Reason("input_changed", "c", "7 → nothing")


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), ([1], [True]), ({"a": 1}, {"a": 1.0})])
def test_a_value_of_another_type_is_another_value(before: Any, after: Any) -> None:
    def shown(value: Any) -> dict[str, Any]:
        return {"s": {"class_type": "Show", "inputs": {"value": {"__value__": value}}}}

    desk = Desk()
    desk.reasons(shown(before))
    assert desk.codes(shown(after)) == {"s": ("input_changed", "value")}


def test_other_code_is_named() -> None:
    desk = Desk()
    desk.reasons(sum_prompt())
    edited = Registry(replace(s, version=2) if s.name == "Add" else s for s in REGISTRY)
    assert desk.codes(sum_prompt(), edited) == {"sum": ("code_changed", None)}, "the sum is the same"


def test_a_file_with_other_content_is_named(tmp_path: Path) -> None:
    file = tmp_path / "models/checkpoints/m.ckpt"
    file.parent.mkdir(parents=True)
    desk = Desk(folders=Folders.at(tmp_path))
    wired = prompt(load=("Load", {"name": "m.ckpt"}), show=("Show", {"value": link("load")}))
    for content in ("one", "two"):
        file.write_text(content)
        found = desk.codes(wired)
    assert found["load"] == ("file_changed", None)


def test_another_fingerprint_is_named() -> None:
    state = {"now": 1}
    registry = Registry(
        replace(s, fingerprint=lambda: state["now"]) if s.name == "Number" else s for s in GROWING
    )
    desk = Desk()
    wired = prompt(n=("Number", {"value": 1}), show=("Show", {"value": link("n")}))
    desk.reasons(wired, registry)
    state["now"] = 2
    assert desk.codes(wired, registry)["n"] == ("fingerprint_changed", None)


def test_what_can_never_be_kept_says_why() -> None:
    desk = Desk()
    wired = prompt(t=("Clock", {}), show=("Show", {"value": link("t")}))
    for _ in range(2):
        assert desk.reasons(wired)["t"] == Reason("uncacheable", None, "it reads the clock")


def test_a_result_that_was_not_kept_is_made_again_for_that_reason() -> None:
    desk = Desk(NoCache())
    desk.reasons(sum_prompt())
    assert set(desk.codes(sum_prompt()).values()) == {("evicted", None)}


def test_the_oldest_nodes_are_forgotten_first() -> None:
    journal = Journal(limit=2)
    graph = Graph.parse(prompt(**{n: ("Number", {"value": i}) for i, n in enumerate("abc")}))
    made = keys_of(graph)
    spec = REGISTRY["Number"]
    for name in ("a", "b", "a", "c"):
        journal.note(made, graph.nodes[NodeId(name)], spec, Usage(1.0))
    told = {name: journal.reason(made, graph.nodes[NodeId(name)], spec).code for name in "abc"}
    assert told == {"a": "evicted", "b": "first_run", "c": "evicted"}, "b was used longest ago"


def keys_of(graph: Graph) -> Any:
    from engine.keys import KeyMaker

    maker = KeyMaker(graph.nodes, REGISTRY, NOWHERE)
    maker.extend(graph.nodes)
    assert maker.of == keys(graph, REGISTRY, NOWHERE, graph.nodes).of
    return maker


# Explaining -----------------------------------------------------------------------------------------------


def test_every_fate_is_told() -> None:
    desk = Desk()
    desk.reasons(
        prompt(
            n=("Number", {"value": 3}), hit=("Add", {"a": link("n")}), old=("Show", {"value": link("hit")})
        )
    )
    wired = prompt(
        n=("Number", {"value": 3}),
        hit=("Add", {"a": link("n")}),
        new=("Times", {"a": link("hit"), "b": 2}),
        same=("Times", {"a": link("hit"), "b": 2}),
        behind=("Number", {"value": 44}),
        also=("Number", {"value": 44}),
        s=("Switch", {"on": link("new"), "yes": link("behind"), "no": link("also")}),
        both=("Add", {"a": link("s"), "b": link("same")}),
        show=("Show", {"value": link("both")}),
    )
    fates = desk.fates(wired)
    assert {fates.pop("new"), fates.pop("same")} == {"run", "twin"}
    assert {fates.pop("behind"), fates.pop("also")} == {"maybe", "twin"}
    assert fates == {"n": "behind_hit", "hit": "hit", "s": "run", "both": "run", "show": "run"}


def test_explaining_runs_nothing_and_changes_nothing() -> None:
    desk = Desk()
    for _ in range(2):
        assert set(desk.fates(sum_prompt()).values()) == {"run"}
    desk.reasons(sum_prompt())
    assert desk.fates(sum_prompt())["show"] == "hit"


def test_times_are_those_of_the_last_run_or_of_the_class() -> None:
    @node("Rest", category="x")
    def rest(a: Anything, seconds: float = 0.03) -> Anything:
        """Take a while."""
        time.sleep(seconds)
        return (a,)

    registry = Registry((*GROWING, rest))
    desk = Desk(NoCache())
    wired = prompt(a=("Rest", {"a": 1}), b=("Rest", {"a": link("a")}), show=("Tell", {"value": link("b")}))
    unknown = desk.explain(wired, registry)
    assert (unknown.seconds, unknown.unknown) == (None, 3)
    desk.reasons(wired, registry)
    wired |= prompt(c=("Rest", {"a": link("b")}), show=("Tell", {"value": link("c")}))
    known = desk.explain(wired, registry)
    assert known.unknown == 0 and known.seconds is not None and 0.08 < known.seconds < 0.5


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.builds(random.Random, st.integers(0, 2**32)))
def test_what_is_explained_is_what_runs(chance: random.Random) -> None:
    """All that is said to run does, but for nodes whose inputs come out as they were."""
    desk = Desk()
    wired: dict[str, Any] = prompt(n0=("Pair", {"a": 1, "b": 2}))
    for i in range(1, 12):
        a, b = (link(f"n{chance.randrange(i)}") for _ in range(2))
        wired |= prompt(**{f"n{i}": ("Pair", {"a": a, "b": b})})
    wired |= prompt(**{f"s{i}": ("Show", {"value": link(f"n{chance.randrange(12)}")}) for i in range(3)})
    for _ in range(4):
        told = explain(Graph.parse(wired), PLAIN, desk.cache, NOWHERE, desk.journal)
        outcome, _, events = execute(wired, desk.cache, registry=PLAIN, journal=desk.journal)
        fates = {step.node_id: step.fate for step in told.steps}
        # A pair is no plain value, so that a change goes all the way.
        assert {name for name, fate in fates.items() if fate == "run"} == set(outcome.executed)
        ends = {e.node_id: e.source for e in events if isinstance(e, NodeFinished)}
        assert {name for name, fate in fates.items() if fate == "twin"} <= {
            name for name, source in ends.items() if source in ("twin", "memory")
        }
        reasons = {step.node_id: step.reason for step in told.steps if step.fate == "run"}
        assert reasons == {e.node_id: e.reason for e in events if isinstance(e, NodeStarted)}
        name = f"n{chance.randrange(12)}"
        wired[name]["inputs"][chance.choice("ab")] = chance.randrange(1000)
