"""How literals are read, nodes that check themselves, and validation at scale."""

from __future__ import annotations

import json
import time
from typing import Any
from unicodedata import normalize

import pytest

from engine.folders import Folders
from engine.graph import Graph
from engine.node import node
from engine.registry import Registry
from engine.spec import NodeSpec
from engine.types import NodeId
from engine.validate import Validation, validate
from tests.pictures import NODES, errors, picture
from tests.toys import NOWHERE, REGISTRY, link, prompt, sum_prompt


@pytest.mark.parametrize(
    ("kind", "given", "read"),
    [
        ("steps", 5.7, 5),
        ("steps", "5", 5),
        ("steps", True, 1),
        ("cfg", "0.5", 0.5),
        ("cfg", 1, 1.0),
        ("filename_prefix", 5, "5"),
        ("filename_prefix", None, "None"),
        ("filename_prefix", {"__value__": "x"}, "x"),
    ],
)
def test_literals_are_read_as_the_inputs_type(kind: str, given: Any, read: Any, folders: Folders) -> None:
    place = "save" if kind == "filename_prefix" else "sample"
    graph = validate(picture(**{f"{place}__{kind}": given}), NODES, folders).graph
    assert graph is not None
    value = graph.nodes[NodeId(place)].literals[kind]
    assert value == read and type(value) is type(read)
    assert graph.prompt[place]["inputs"][kind] == read


def test_a_model_may_be_named_in_another_of_unicodes_spellings(folders: Folders) -> None:
    file = folders.base / "models/checkpoints" / normalize("NFD", "fée.ckpt")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("weights")
    shown = ("Show", {"value": link("load"), "label": ""})
    wired = prompt(load=("Load", {"name": normalize("NFC", "fée.ckpt")}), show=shown)
    assert validate(wired, REGISTRY, folders).response() == (None, {})
    wired["load"]["inputs"]["name"] = "fee.ckpt"
    assert "value_not_in_list" in str(validate(wired, REGISTRY, folders).response())


@pytest.mark.parametrize("value", ["5.0", None, "abc", "nan", float("inf"), {}])
def test_what_is_no_whole_number_is_refused(value: Any, folders: Folders) -> None:
    (error,) = errors(picture(sample__steps=value), folders, "sample")
    assert error["type"] == "invalid_input_type"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "-inf", "nan"])
def test_numbers_that_are_not_finite_are_refused(value: Any, folders: Folders) -> None:
    (error,) = errors(picture(sample__cfg=value), folders, "sample")
    assert "not a finite number" in error["details"]


@pytest.mark.parametrize(
    ("given", "read"),
    [("false", False), ("0", False), ("no", False), ("True", True), (1, True), (None, False)],
)
def test_booleans_are_read_from_words(given: Any, read: bool) -> None:
    wired = prompt(paint=("Paint", {"text": "x", "seed": 0, "strength": 0.5, "mode": "soft"}))
    wired["paint"]["inputs"]["upside_down"] = given
    wired["show"] = {"class_type": "Show", "inputs": {"value": ["paint", 0], "label": "x"}}
    graph = validate(wired, REGISTRY, NOWHERE).graph
    assert graph is not None
    assert graph.prompt["paint"]["inputs"]["upside_down"] is read


def test_a_socket_cannot_be_given_as_text(folders: Folders) -> None:
    (error,) = errors(picture(sample__model="sd15"), folders, "sample")
    assert error["details"] == "model, sd15, MODEL cannot be written down; link an output of that type"


def test_an_optional_socket_may_be_null() -> None:
    wired = prompt(
        paint=(
            "Paint",
            {"text": "x", "mask": None, "seed": 0, "strength": 1, "mode": "soft", "upside_down": False},
        ),
        show=("Show", {"value": link("paint"), "label": "x"}),
    )
    assert validate(wired, REGISTRY, NOWHERE).problems == ()


def test_a_nodes_own_check_replaces_the_built_in_ones() -> None:
    def check(value: Any) -> Validation:
        shown = ("Show", {"value": link("even"), "label": "x"})
        wired = prompt(even=("Even", {"value": value}), show=shown)
        return validate(wired, REGISTRY, NOWHERE)

    assert check("4").ok
    assert check(1000).ok, "the range is the check's business"
    assert [x.details for x in check(3).problems] == ["value - 3 is odd"]


def test_a_check_that_raises_is_a_problem_of_its_node() -> None:
    def broken(value: int) -> str | None:
        raise RuntimeError("no disk")

    @node("Broken", category="x", check=broken, output=True)
    def checked(value: int) -> None:
        """Broken."""

    (problem,) = validate(prompt(b=("Broken", {"value": 1})), Registry([checked]), NOWHERE).problems
    assert problem.code == "exception_during_validation" and problem.details == "no disk"
    assert problem.extra["traceback"] == []


def test_a_check_is_not_asked_while_its_inputs_are_missing() -> None:
    wired = prompt(even=("Even", {}), show=("Show", {"value": link("even"), "label": "x"}))
    assert [x.code for x in validate(wired, REGISTRY, NOWHERE).problems] == ["required_input_missing"]


def test_a_process_without_the_functions_finds_the_same_problems(folders: Folders) -> None:
    remote = Registry(NodeSpec.from_json(spec.to_json()) for spec in NODES)
    wired = picture(sample__steps=0, load__ckpt_name="zz", decode__samples=["no", 0])
    assert validate(wired, remote, folders).response() == validate(wired, NODES, folders).response()


def test_undeclared_inputs_are_ignored_but_kept_in_the_prompt() -> None:
    wired = sum_prompt()
    wired["one"]["inputs"]["colour"] = "red"
    wired["one"]["inputs"]["source"] = ["nobody", 0]
    graph = validate(wired, REGISTRY, NOWHERE).graph
    assert graph is not None
    assert graph.prompt == wired
    one = graph.nodes[NodeId("one")]
    assert dict(one.literals) == {"value": 1} and dict(one.links) == {}


def test_the_coerced_prompt_is_json_and_parses_to_the_same_graph() -> None:
    wired = sum_prompt()
    wired["one"]["inputs"]["value"] = "7"
    wired["list"] = {"class_type": "Show", "inputs": {"value": {"__value__": ["one", 0]}, "label": "x"}}
    graph = validate(wired, REGISTRY, NOWHERE).graph
    assert graph is not None
    again = Graph.parse(json.loads(json.dumps(graph.prompt)))
    assert dict(again.nodes) == dict(graph.nodes)
    assert again.nodes[NodeId("list")].literals["value"] == ["one", 0]


def test_problems_and_outputs_come_in_the_prompts_order(folders: Folders) -> None:
    wired = dict(reversed(picture(empty__width=0, sample__steps=0, load__ckpt_name="zz").items()))
    assert list(validate(wired, NODES, folders).response()[1]) == ["sample", "empty", "load"]


def test_payloads_hold_no_paths_of_the_server(folders: Folders) -> None:
    wired = picture(load__ckpt_name="zz") | prompt(
        open=("Open", {"image": "../x.png"}), other=("Save", {"images": link("open")})
    )
    assert str(folders.base) not in json.dumps(validate(wired, NODES, folders).response())


def test_a_chain_of_fifty_thousand_nodes_is_checked_without_recursion() -> None:
    n = 50_000
    wired = prompt(**{"0": ("Number", {"value": "x"})})
    for i in range(1, n):
        wired[str(i)] = {"class_type": "Add", "inputs": {"a": [str(i - 1), 0], "b": 1}}
    wired["show"] = {"class_type": "Show", "inputs": {"value": [str(n - 1), 0], "label": "x"}}
    (problem,) = validate(wired, REGISTRY, NOWHERE).problems
    assert problem.node == "0" and problem.code == "invalid_input_type"


def test_thousands_of_links_that_lead_nowhere_are_reported_within_seconds() -> None:
    graph = {
        str(i): {"class_type": "Show", "inputs": {"value": [f"missing {i}", 0], "label": "x"}}
        for i in range(3000)
    }
    start = time.perf_counter()
    assert len(validate(graph, REGISTRY, NOWHERE).problems) == 3000
    assert time.perf_counter() - start < 5
