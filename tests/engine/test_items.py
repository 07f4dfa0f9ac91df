from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from engine.driver import Outcome, run_sync
from engine.graph import Graph
from engine.node import Ui, node
from engine.registry import Registry
from engine.types import NodeId, OptionalInput, Socket


class Counted(NamedTuple):
    numbers: Annotated[list[int], Socket("INT", is_list=True)]
    length: int


@node("UpTo", category="test", lane="cpu")
def up_to(*, n: int) -> Counted:
    return Counted(list(range(n)), n)


@node("Add", category="test", lane="cpu")
def add(*, a: int, b: Annotated[int, OptionalInput()] = 0) -> int:
    return a + b


@node("Twice", category="test", lane="cpu")
def twice(*, a: int) -> Annotated[list[int], Socket("INT", is_list=True)]:
    return [a, a]


@node("Show", category="test", lane="cpu", output=True)
def show(*, a: int) -> Ui[None]:
    return Ui({"text": [str(a)]})


@node("AddSlowly", category="test")
async def add_slowly(*, a: int) -> int:
    return a + 1


def run(**nodes: tuple[str, Mapping[str, Any]]) -> Outcome:
    registry = Registry()
    for function in (up_to, add, twice, show, add_slowly):
        registry.add(function)
    graph = Graph.parse(
        {name: {"class_type": kind, "inputs": inputs} for name, (kind, inputs) in nodes.items()}
    )
    return run_sync(graph, registry, targets=["out"])


def shown(**nodes: tuple[str, Mapping[str, Any]]) -> list[str]:
    outcome = run(**nodes, out=("Show", {"a": ["end", 0]}))
    assert outcome.status == "success", outcome.errors
    return outcome.ui.get(NodeId("out"), {}).get("text", [])


def test_a_consumer_of_a_list_is_called_once_for_each_value() -> None:
    assert shown(list=("UpTo", {"n": 3}), end=("Add", {"a": ["list", 0], "b": 10})) == ["10", "11", "12"]


def test_the_other_output_of_a_list_node_is_one_value() -> None:
    assert shown(list=("UpTo", {"n": 3}), end=("Add", {"a": ["list", 1]})) == ["3"]


def test_a_shorter_list_repeats_its_last_value() -> None:
    found = shown(
        long=("UpTo", {"n": 4}), short=("UpTo", {"n": 2}), end=("Add", {"a": ["long", 0], "b": ["short", 0]})
    )
    assert found == ["0", "2", "3", "4"]


def test_a_list_node_called_for_each_value_flattens_its_lists() -> None:
    assert shown(list=("UpTo", {"n": 2}), end=("Twice", {"a": ["list", 0]})) == ["0", "0", "1", "1"]


def test_an_empty_list_means_no_call_and_empty_outputs() -> None:
    assert shown(list=("UpTo", {"n": 0}), end=("Add", {"a": ["list", 0]})) == []


def test_coroutine_nodes_are_mapped_too() -> None:
    assert shown(list=("UpTo", {"n": 2}), end=("AddSlowly", {"a": ["list", 0]})) == ["1", "2"]


def test_object_info_says_which_outputs_are_lists() -> None:
    assert up_to.spec.object_info(lambda kind: [])["output_is_list"] == [True, False]
    assert type(up_to.spec).from_json(up_to.spec.to_json()).outputs == up_to.spec.outputs
