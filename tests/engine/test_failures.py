"""Nodes that fail: what is said of them, and what runs all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from engine.cache import MemoryCache
from engine.driver import run_sync
from engine.events import (
    Event,
    NodeFailed,
)
from engine.graph import Graph
from engine.node import node
from engine.registry import Registry
from engine.types import Socket
from tests.toys import REGISTRY, execute, link, prompt

Thing = Annotated[Any, Socket("THING")]


def of_type(events: list[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def failing() -> dict[str, Any]:
    return prompt(
        n=("Number", {"value": 9}),
        bad=("Fail", {"value": link("n")}),
        after=("Add", {"a": link("bad")}),
        lost=("Show", {"value": link("after")}),
        sum=("Add", {"a": link("n"), "b": link("n")}),
        kept=("Show", {"value": link("sum")}),
    )


def test_a_failure_says_what_where_and_what_to_do() -> None:
    outcome, _, events = execute(failing())
    (event,) = of_type(events, NodeFailed)
    assert outcome.errors == (event.error,)
    error = event.error
    assert (error.node_id, error.class_type) == ("bad", "Fail")
    assert error.exception_type == "tests.toys.Remedied"
    assert error.message == "9 is too large"
    assert error.suggestion == "Use a smaller number"
    assert error.inputs == {"value": 9}
    assert error.traceback[-1].startswith('  File "tests/toys.py", line ')
    assert "raise Remedied" in error.traceback[-1]
    assert not any("engine/driver.py" in line for line in error.traceback)


def test_a_failure_leaves_independent_branches_alone() -> None:
    outcome, journal, _ = execute(failing())
    assert outcome.status == "error"
    assert outcome.ui == {"kept": {"value": [18]}}
    assert set(journal.ran) == {"n", "bad", "sum", "kept"}


def test_after_a_failure_a_corrected_graph_resumes_where_it_was() -> None:
    cache = MemoryCache(2**20)
    execute(failing(), cache)
    corrected = failing()
    corrected["bad"]["class_type"] = "Add"
    corrected["bad"]["inputs"] = {"a": ["n", 0]}
    outcome, journal, _ = execute(corrected, cache)
    # "after" now adds the same numbers as "bad", so that one's result serves for it.
    assert journal.ran == ["bad", "lost"] and outcome.status == "success"


def test_a_failed_node_is_tried_again() -> None:
    cache = MemoryCache(2**20)
    execute(failing(), cache)
    _, journal, _ = execute(failing(), cache)
    assert journal.ran == ["bad"]


def test_a_node_cannot_end_the_process() -> None:
    outcome, _, _ = execute(
        prompt(n=("Number", {}), x=("Exit", {"value": link("n")}), s=("Show", {"value": link("x")}))
    )
    assert outcome.errors[0].exception_type == "SystemExit"


def test_inputs_of_failed_nodes_are_shown_in_short_form() -> None:
    class Tensor:
        shape = (1, 4, 64, 64)
        dtype = "torch.float32"

    @node("Make", category="x")
    def make() -> Thing:
        """Make a tensor."""
        return Tensor()

    @node("Break", category="x", output=True)
    def broken(thing: Thing, text: str, flags: Thing) -> None:
        """Break."""
        raise KeyError("x")

    wired = prompt(m=("Make", {}), b=("Break", {"thing": link("m"), "text": "t" * 1000}))
    wired["b"]["inputs"]["flags"] = {"__value__": [1, 2, 3]}
    outcome = run_sync(Graph.parse(wired), Registry([make, broken]))
    inputs = outcome.errors[0].inputs
    assert inputs["thing"] == "tensor[1,4,64,64] float32"
    assert inputs["text"] == "t" * 200 + "… (1000 characters)"
    assert inputs["flags"] == "list of 3"


def test_returning_the_wrong_number_of_values_is_the_nodes_failure() -> None:
    @node("Short", category="x", output=True)
    def short() -> tuple[Thing, Thing]:
        """Return one value of two."""
        return (1,)  # type: ignore[return-value] # pyright: ignore

    outcome = run_sync(Graph.parse(prompt(s=("Short", {}))), Registry([short]))
    assert outcome.errors[0].message == "Short returned 1 values for 2 outputs"


def test_a_spec_without_its_function_fails_its_node() -> None:
    registry = Registry(replace(spec, function=None) for spec in REGISTRY)
    outcome = run_sync(Graph.parse(prompt(s=("Show", {"value": 1}))), registry)
    assert outcome.errors[0].message == "the code of Show is not loaded in this process"
