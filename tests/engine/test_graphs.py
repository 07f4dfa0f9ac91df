"""Graphs of prompts: links and literals, order, cycles, reach."""

from __future__ import annotations

from typing import Any

import pytest

from engine.graph import CycleError, Graph, GraphError, Link
from engine.types import NodeId
from tests.toys import link, prompt, sum_prompt


def chain(length: int) -> dict[str, Any]:
    """`length` additions behind each other."""
    wired = prompt(**{"0": ("Number", {"value": 1})})
    for i in range(1, length):
        wired[str(i)] = {"class_type": "Add", "inputs": {"a": [str(i - 1), 0], "b": 1}}
    return wired


def test_a_list_of_id_and_slot_is_a_link_and_nothing_else_is() -> None:
    wired: dict[str, Any] = {
        "a": {
            "class_type": "X",
            "inputs": {
                "link": ["b", 1],
                "wrapped": {"__value__": ["b", 1]},
                "numbers": [1, 2],
                "long": ["b", 1, 2],
                "object": {"b": 1},
            },
        }
    }
    node = Graph.parse(wired)[NodeId("a")]
    assert dict(node.links) == {"link": Link(NodeId("b"), 1)}
    assert dict(node.literals) == {
        "wrapped": ["b", 1],
        "numbers": [1, 2],
        "long": ["b", 1, 2],
        "object": {"b": 1},
    }


@pytest.mark.parametrize("entry", ["x", {"inputs": {}}, {"class_type": "X", "inputs": []}])
def test_what_is_no_node_is_refused(entry: Any) -> None:
    with pytest.raises(GraphError, match="node 'a' needs a class_type"):
        Graph.parse({"a": entry})


def test_order_puts_sources_first() -> None:
    order = Graph.parse(dict(reversed(sum_prompt().items()))).order()
    assert order.index(NodeId("sum")) > max(order.index(NodeId("one")), order.index(NodeId("two")))
    assert order[-1] == "show"


def test_a_cycle_is_an_error_with_its_path() -> None:
    wired = prompt(a=("Add", {"a": link("b")}), b=("Add", {"a": link("a")}), c=("Number", {}))
    with pytest.raises(CycleError, match="a -> b -> a"):
        Graph.parse(wired).order()


def test_descendants_and_ancestors() -> None:
    graph = Graph.parse(sum_prompt())
    assert graph.descendants(NodeId("one")) == {"sum", "show"}
    assert graph.ancestors(NodeId("sum")) == {"one", "two"}


def test_needed_leaves_out_what_no_root_depends_on() -> None:
    graph = Graph.parse(sum_prompt() | prompt(loose=("Number", {})))
    needed = graph.needed([NodeId("sum")])
    assert set(needed) == {"one", "two", "sum"} and needed[-1] == "sum"


def test_a_chain_of_a_hundred_thousand_nodes_is_a_graph() -> None:
    graph = Graph.parse(chain(100_000))
    last = NodeId("99999")
    assert len(graph.needed([last])) == 100_000
    assert graph.order()[-1] == last
    assert graph.cycles() == []
