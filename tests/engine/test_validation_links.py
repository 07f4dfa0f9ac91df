"""What is no prompt, unknown classes, broken links and cycles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.folders import Folders
from engine.types import NodeId
from engine.validate import validate
from tests.pictures import NODES, picture
from tests.toys import NOWHERE, REGISTRY, link, prompt


@pytest.mark.parametrize(
    ("value", "code"),
    [(None, "no_prompt"), ({}, "prompt_no_outputs"), ([], "prompt_no_outputs"), ("x", "invalid_prompt")],
)
def test_things_that_are_no_prompt(value: Any, code: str) -> None:
    error, nodes = validate(value, NODES, NOWHERE).response()
    assert error is not None and error["type"] == code and nodes == {}


def test_an_unknown_class_refuses_the_prompt_and_suggests_another(folders: Folders) -> None:
    wired = picture() | {"3": {"class_type": "Samplr", "inputs": {}, "_meta": {"title": "My sampler"}}}
    error, nodes = validate(wired, NODES, folders).response()
    assert error is not None
    assert error["type"] == "invalid_prompt"
    assert error["message"] == "Cannot execute because node Samplr does not exist."
    assert error["details"] == "Node ID '#3'"
    assert nodes["3"]["errors"][0]["type"] == "missing_node_type"
    assert nodes["3"]["errors"][0]["extra_info"] == {
        "node_id": "3",
        "class_type": "Samplr",
        "node_title": "My sampler",
        "suggestion": "Did you mean 'Sampler'?",
    }


@pytest.mark.parametrize("entry", [{"inputs": {}}, {"class_type": 5}, "class_type", [], None])
def test_a_node_without_a_class_refuses_the_prompt(entry: Any, folders: Folders) -> None:
    error, _ = validate(picture() | {"3": entry}, NODES, folders).response()
    assert error is not None
    assert error["message"] == "Cannot execute because a node is missing the class_type property."
    assert error["details"] == "Node ID '#3'"


def test_the_canvas_format_is_recognised() -> None:
    wired: dict[str, Any] = {"last_node_id": 3, "nodes": [], "links": []}
    error, _ = validate(wired, NODES, NOWHERE).response()
    assert error is not None and "API format" in error["extra_info"]["suggestion"]


def test_a_node_without_inputs_misses_them_all(folders: Folders) -> None:
    wired: dict[str, Any] = {"s": {"class_type": "Save"}}
    found = validate(wired, NODES, folders).problems
    assert [x.code for x in found] == ["required_input_missing"] * 2
    wired = {"s": {"class_type": "Save", "inputs": []}}
    assert validate(wired, NODES, folders).problems[0].details == "inputs must be an object"


@pytest.mark.parametrize(
    ("bad", "details"),
    [
        (["nobody", 0], "samples, node 'nobody' does not exist"),
        (["load", 2], "samples, node 'load' (Loader) has 2 outputs and none of index 2"),
        (["load", -3], "samples, node 'load' (Loader) has 2 outputs and none of index -3"),
        (["load", "0"], "samples, the output index must be a whole number, not '0'"),
        (["load", 0.5], "samples, the output index must be a whole number, not 0.5"),
        ([["load"], 0], "samples, node ['load'] does not exist"),
    ],
)
def test_a_broken_link_names_its_holder_and_what_is_wrong(bad: Any, details: str, folders: Folders) -> None:
    result = validate(picture(decode__samples=bad), NODES, folders)
    problem = next(x for x in result.problems if x.code == "bad_linked_input")
    assert (problem.node, problem.input, problem.details) == ("decode", "samples", details)
    assert "traceback" not in json.dumps(problem.to_json())


def test_a_broken_link_suggests_the_nearest_id(folders: Folders) -> None:
    problem = validate(picture(decode__samples=["sampel", 0]), NODES, folders).problems[0]
    assert "'sample'" in problem.extra["suggestion"]


def test_a_numeric_id_is_told_from_its_text() -> None:
    wired = prompt(show=("Show", {"value": (4, 0)}))
    wired["4"] = {"class_type": "Number", "inputs": {"value": 1}}
    problem = validate(wired, REGISTRY, NOWHERE).problems[0]
    assert problem.details == "value, node ids are texts, not 4"


def test_negative_slots_count_from_the_end() -> None:
    wired = prompt(
        n=("Number", {"value": 7}),
        d=("Divide", {"a": link("n"), "b": 2}),
        show=("Show", {"value": ("d", -1)}),
    )
    wired["show"]["inputs"]["label"] = "x"
    graph = validate(wired, REGISTRY, NOWHERE).graph
    assert graph is not None and graph.nodes[NodeId("show")].links["value"].slot == 1


def test_a_cycle_names_its_path_on_each_of_its_nodes() -> None:
    wired = prompt(
        n=("Number", {"value": 1}),
        a=("Add", {"a": link("n"), "b": link("c")}),
        b=("Add", {"a": link("a"), "b": 0}),
        c=("Add", {"a": link("b"), "b": 0}),
        show=("Show", {"value": link("c"), "label": "x"}),
        good=("Show", {"value": link("n"), "label": "x"}),
    )
    result = validate(wired, REGISTRY, NOWHERE)
    assert [(x.node, x.code) for x in result.problems] == [(n, "dependency_cycle") for n in "abc"]
    error = result.problems[0].to_json()
    assert error["message"] == "Dependency cycle detected"
    assert error["details"] == "a (Add) -> b (Add) -> c (Add) -> a (Add)"
    assert error["extra_info"] == {"node_id": "a", "cycle_nodes": ["a", "b", "c"]}
    assert result.good_targets == ("good",)


def test_a_node_linked_to_itself_is_a_cycle() -> None:
    wired = prompt(a=("Add", {"a": link("a"), "b": 1}), show=("Show", {"value": link("a"), "label": "x"}))
    result = validate(wired, REGISTRY, NOWHERE)
    assert result.error is not None and result.problems[0].details == "a (Add) -> a (Add)"


def test_two_knotted_cycles_spoil_every_output_behind_them() -> None:
    wired = prompt(
        a=("Add", {"a": link("b"), "b": link("c")}),
        b=("Add", {"a": link("a"), "b": 0}),
        c=("Add", {"a": link("a"), "b": 0}),
        one=("Show", {"value": link("b"), "label": "x"}),
        two=("Show", {"value": link("c"), "label": "x"}),
    )
    result = validate(wired, REGISTRY, NOWHERE)
    assert result.good_targets == () and {x.node for x in result.problems} == {"a", "b", "c"}
