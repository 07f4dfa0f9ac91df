"""Building graphs while running: ids, links, numbering of builders, and the view of the grown graph."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.context import Context, calling
from engine.graph import Graph
from engine.grown import GrownGraph
from engine.types import NodeId
from nodes.comfy.dynprompt import DynPrompt, NodeNotFoundError
from nodes.comfy.execution.builder import GraphBuilder, add_graph_prefix, is_link, number_builders
from nodes.comfy.execution.running import get_executing_context, get_progress_state

LONGEST = 40
ENTRY: dict[str, Any] = {"class_type": "X", "inputs": {}}


def inside(node: str, graph: GrownGraph | None = None) -> Context:
    return Context(
        node_id=NodeId(node), job_id="job", graph=graph or GrownGraph(Graph.parse({"7": ENTRY, "8": ENTRY}))
    )


def built(node: str, index: int = 0, graph: GrownGraph | None = None) -> str:
    with calling(inside(node, graph), index):
        return GraphBuilder().node("X").id


def test_ids_of_one_call_are_the_same_in_each_run_and_those_of_others_differ() -> None:
    assert built("7") == built("7")
    assert len({built("7"), built("8"), built("7", index=1)}) == 3
    assert built("7").startswith("7.") and built("7").endswith(".1")


def test_builders_of_one_call_have_prefixes_of_their_own() -> None:
    def two() -> list[str]:
        with calling(inside("7")):
            return [GraphBuilder().prefix, GraphBuilder().prefix]

    first, second = two()
    assert first != second
    assert two() == [first, second]


async def test_builders_in_tasks_that_a_call_starts_are_numbered_together() -> None:
    async def build(turns: int) -> str:
        for _ in range(turns):
            await asyncio.sleep(0)
        return GraphBuilder().prefix

    with calling(inside("7")):
        number_builders()
        prefixes = await asyncio.gather(build(2), build(0), build(1))
    assert len(set(prefixes)) == 3


async def test_nodes_that_build_after_waiting_keep_their_own_prefix() -> None:
    async def node(name: str) -> str:
        with calling(inside(name)):
            await asyncio.sleep(0.001)
            return GraphBuilder().prefix

    seven, eight = await asyncio.gather(node("7"), node("8"))
    assert seven.startswith("7.") and eight.startswith("8.")


def test_ids_stay_short_when_each_round_makes_the_next() -> None:
    graph = GrownGraph(Graph.parse({"7": ENTRY}))
    closing, body = "7", "7"
    for _ in range(1000):
        with calling(inside(closing, graph)):
            builder = GraphBuilder()
            copy = builder.node("X", body)
            again = builder.node("X", "Recurse", value=copy.out(0))
            assert builder.lookup_node(body) is copy
            graph.extend(NodeId(closing), builder.finalize())
        closing, body = again.id, copy.id
        assert max(len(closing), len(body)) <= LONGEST
    assert len(graph.entries) == 2000
    assert graph.root(NodeId(closing)) == "7"


def test_explicit_ids_give_the_same_node_again_and_numbers_go_around_them() -> None:
    builder = GraphBuilder(prefix="p.")
    named = builder.node("X", "1", a=1)
    assert builder.node("X", "1") is named
    assert builder.node("X").id == "p.2"
    assert builder.finalize()["p.1"] == {"class_type": "X", "inputs": {"a": 1}}


def test_outputs_can_be_replaced_and_nodes_removed() -> None:
    builder = GraphBuilder(prefix="")
    source = builder.node("X", "source")
    user = builder.node("X", "user", a=source.out(0), b=source.out(1), c=source.out(1))
    builder.replace_node_output("source", 0, ["other", 2])
    builder.replace_node_output("source", 1, None)
    builder.remove_node("source")
    assert user.inputs == {"a": ["other", 2]}
    assert set(builder.finalize()) == {"user"}


def test_display_ids_and_inputs_of_a_node() -> None:
    node = GraphBuilder(prefix="").node("X", a=1)
    node.set_input("b", ["n", 0])
    node.set_input("a", None)
    node.set_override_display_id("7")
    assert node.get_input("a") is None and node.get_input("b") == ["n", 0]
    assert node.serialize()["override_display_id"] == "7"


def test_a_prefix_is_put_before_ids_and_in_links() -> None:
    graph: dict[str, Any] = {"a": ENTRY, "b": {"class_type": "X", "inputs": {"x": ["a", 0], "y": [1, 2]}}}
    moved, outputs = add_graph_prefix(graph, [["b", 0], 5], "p.")
    assert moved["p.b"] == {"class_type": "X", "inputs": {"x": ["p.a", 0], "y": [1, 2]}}
    assert outputs == (["p.b", 0], 5)


@pytest.mark.parametrize(
    ("value", "link"),
    [
        (["a", 0], True),
        (["a", 0.0], True),
        (["a", True], False),
        ([1, 0], False),
        (["a"], False),
        ("a0", False),
    ],
)
def test_what_counts_as_a_link(value: Any, link: bool) -> None:
    assert is_link(value) is link


def test_the_dynamic_prompt_shows_where_nodes_come_from() -> None:
    graph = GrownGraph(Graph.parse({"7": ENTRY}))
    graph.extend(NodeId("7"), {"7.x": ENTRY})
    graph.extend(NodeId("7.x"), {"7.y": {**ENTRY, "override_display_id": "7.x"}})
    view = DynPrompt(graph)
    assert view.get_parent_node_id("7.y") == "7.x" and view.get_parent_node_id("7") is None
    assert view.get_real_node_id("7.y") == "7" and view.get_display_node_id("7.y") == "7"
    assert view.all_node_ids() == {"7", "7.x", "7.y"}
    assert set(view.original_prompt) == {"7"} and set(view.ephemeral_prompt) == {"7.x", "7.y"}
    assert view.get_node("7.x") == ENTRY and view.has_node("7.x") and not view.has_node("9")
    with pytest.raises(NodeNotFoundError, match="'9'"):
        view.get_node("9")


def test_the_running_call_is_known_inside_nodes_only() -> None:
    assert get_executing_context() is None
    with pytest.raises(RuntimeError, match="no node is running"):
        get_progress_state()
    with calling(inside("7"), 3):
        assert get_executing_context() == ("job", "7", 3)


def test_progress_is_reported_for_the_node_named_or_the_running_one() -> None:
    reported: list[tuple[str, float, float]] = []
    context = Context(
        node_id=NodeId("7"), report=lambda node, value, top, preview: reported.append((node, value, top))
    )
    with calling(context):
        get_progress_state().update_progress(None, 1, 4)
        get_progress_state().update_progress("8", 2, 4)
    assert reported == [("7", 1, 4), ("8", 2, 4)]
