"""Workflows as nodes are replaced by what they stand for: links, values, nesting, and all that can fail."""

import importlib
import itertools
from typing import Any

import pytest

from engine.events import NodeStarted
from engine.types import NodeId
from tests.timing import timed
from tests.toys import execute
from tests.workflows_functions.documents import TOYS, double, gives, ready, takes, toy
from workflows.formats.definitions import Definitions, definitions_of
from workflows.functions import (
    ExpansionError,
    Function,
    FunctionError,
    FunctionPrompt,
    UnknownFunction,
    bind,
    declared,
    expand,
    object_info,
)
from workflows.functions.expand import Find

expanding = importlib.import_module("workflows.functions.expand")  # the package exports its function
DOUBLE = "workflow/Double@1.0.0"
SHOP: dict[str, FunctionPrompt] = {DOUBLE: ready(double())}


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def only(document: dict[str, Any]) -> Find:
    """Finds one function under every name."""
    found = ready(document)

    def find(name: str) -> FunctionPrompt:
        return found

    return find


def show(source: str, slot: int = 0) -> dict[str, Any]:
    return node("Show", value=[source, slot], label="value")


def shown(prompt: dict[str, Any]) -> list[Any]:
    """What the node `show` shows when the prompt runs."""
    outcome, _, _ = execute(expand(prompt, SHOP.get))
    assert outcome.status == "success", outcome.errors
    return outcome.ui[NodeId("show")]["value"]


def refused(prompt: dict[str, Any], find: Find = SHOP.get) -> dict[str, Any]:
    """What is wrong, by node."""
    with pytest.raises(ExpansionError) as error:
        expand(prompt, find)
    return error.value.response()[1]


def test_a_prompt_without_workflows_is_left_as_it_is() -> None:
    prompt = {"1": node("Number", value=1), "show": show("1")}
    assert expand(prompt, SHOP.get) is prompt


def test_values_and_links_reach_the_nodes_inside() -> None:
    prompt = {"0": node("Number", value=8), "12": node(DOUBLE, value=4, more=["0", 0]), "show": show("12")}
    made = expand(prompt, SHOP.get)
    assert made["12:1"]["inputs"] == {"value": 4}
    assert made["12:2"]["inputs"] == {"a": ["12:1", 0], "b": ["12:1", 0], "c": ["0", 0]}
    assert made["show"]["inputs"]["value"] == ["12:2", 0]
    assert shown(prompt) == [16]


def test_what_is_not_given_is_as_it_was_declared() -> None:
    document = double()
    document["extra"]["darkroom"]["function"]["inputs"][0]["default"] = 21
    made = expand({"12": node("workflow/X@1.0.0"), "show": show("12")}, only(document))
    assert made["12:1"]["inputs"]["value"] == 21
    assert shown({"12": node(DOUBLE), "show": show("12")}) == [10]


def test_only_what_makes_the_outputs_comes_along() -> None:
    made = expand({"12": node(DOUBLE), "show": show("12")}, SHOP.get)
    assert list(made) == ["12:1", "12:2", "show"]


def test_a_link_leaves_out_what_it_replaces() -> None:
    document = double()
    document["extra"]["darkroom"]["function"]["inputs"] = [takes("a", "INT", "2.a", "2.b")]
    prompt = {"0": node("Number", value=3), "12": node("workflow/X@1.0.0", a=["0", 0]), "show": show("12")}
    assert list(expand(prompt, only(document))) == ["0", "12:2", "show"]


def test_titles_and_the_node_on_the_canvas_are_kept() -> None:
    titled = {**node(DOUBLE), "_meta": {"title": "Twice"}}
    made = expand({"12": titled, "13": node(DOUBLE), "show": show("12")}, SHOP.get)
    assert made["12:1"]["_meta"]["title"] == "Twice › Start"
    assert made["13:2"]["_meta"]["title"] == "Double › Add"
    assert made["12:1"]["override_display_id"] == "12"


def test_two_nodes_of_one_class_do_not_meet() -> None:
    assert shown({"a": node(DOUBLE, value=1), "b": node(DOUBLE, value=["a", 0]), "show": show("b")}) == [4]


def quadruple() -> FunctionPrompt:
    """Twice the double, made of two workflow nodes."""
    nodes = {"1": node(DOUBLE, value=1), "2": node(DOUBLE, value=["1", 0])}
    inputs = [takes("value", "INT", "1.value"), takes("more", "INT", "2.more")]
    document = toy(nodes, inputs, [gives("sum", "INT", "2"), gives("half", "INT", "1")])
    return FunctionPrompt.of(document, with_double())


def with_double() -> Definitions:
    """The toy classes and the double."""
    known = definitions_of({DOUBLE: object_info(SHOP[DOUBLE].function, name="Double", release="1.0.0")})
    return lambda name: known(name) or TOYS(name)


def test_workflows_nest_and_their_events_are_shown_at_the_outermost() -> None:
    shop = {**SHOP, "workflow/Quadruple@2.1.0": quadruple()}
    prompt = {
        "12": node("workflow/Quadruple@2.1.0", value=3, more=1),
        "show": show("12"),
        "half": show("12", 1),
    }
    made = expand(prompt, shop.get)
    assert set(made) == {"12:1:1", "12:1:2", "12:2:1", "12:2:2", "show", "half"}
    assert {entry.get("override_display_id") for name, entry in made.items() if ":" in name} == {"12"}
    outcome, _, events = execute(made)
    assert outcome.ui[NodeId("show")]["value"] == [13]
    assert outcome.ui[NodeId("half")]["value"] == [6]
    started: dict[str, str] = {
        event.node_id: event.display_id for event in events if isinstance(event, NodeStarted)
    }
    assert started["12:2:2"] == "12" and started["show"] == "show"


def test_a_call_of_a_function_made_of_functions_returns_what_they_make() -> None:
    found = quadruple()
    bound = bind(found.prompt, found.function, {"value": 2})
    made = expand(bound.prompt, SHOP.get)
    assert made["output:sum"]["inputs"]["value"] == ["2:2", 0]
    assert made["output:half"]["inputs"]["value"] == ["1:2", 0]
    assert made["1:1"]["inputs"] == {"value": 2}


def test_a_workflow_inside_itself_is_a_cycle() -> None:
    loop = FunctionPrompt(quadruple().function, {"1": node("workflow/Loop@1.0.0"), "2": node(DOUBLE)})
    shop = {**SHOP, "workflow/Loop@1.0.0": loop}
    wrong = refused({"12": node("workflow/Loop@1.0.0"), "show": show("12")}, shop.get)
    assert wrong["12:1"]["errors"][0]["type"] == "dependency_cycle"


def test_workflows_that_multiply_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "MOST_NODES", 2_000)
    kinds = [DOUBLE, *(f"workflow/W{level}@1.0.0" for level in range(40))]
    shop = dict(SHOP)
    function = quadruple().function
    for inner, outer in itertools.pairwise(kinds):
        shop[outer] = FunctionPrompt(function, {"1": node(inner), "2": node(inner, value=["1", 0])})
    wrong = refused({"12": node(kinds[-1]), "show": show("12")}, shop.get)
    assert any("2,000 nodes" in entry["errors"][0]["details"] for entry in wrong.values())


def test_unknown_classes_are_named_with_the_nearest() -> None:
    def find(name: str) -> FunctionPrompt | None:
        raise UnknownFunction("there is no workflow 'Doubel'", [DOUBLE])

    wrong = refused({"12": node("workflow/Doubel@1.0.0"), "show": show("12")}, find)
    [error] = wrong["12"]["errors"]
    assert (error["type"], error["details"]) == ("missing_node_type", "there is no workflow 'Doubel'")
    assert error["extra_info"]["suggestion"] == f"Did you mean {DOUBLE!r}?"
    assert wrong["12"]["class_type"] == "workflow/Doubel@1.0.0"


@pytest.mark.parametrize(
    ("value", "code"),
    [(10, "value_bigger_than_max"), ("x", "invalid_input_type")],
)
def test_values_the_declaration_does_not_take_are_told_at_the_workflow_node(value: Any, code: str) -> None:
    wrong = refused({"12": node(DOUBLE, more=value), "13": node(DOUBLE, more=11), "show": show("12")})
    assert [error["type"] for error in wrong["12"]["errors"]] == [code]
    assert [error["type"] for error in wrong["13"]["errors"]] == ["value_bigger_than_max"]


def test_options_of_the_declaration_are_checked_and_those_of_the_nodes_left_to_them() -> None:
    nodes = {"1": node("Paint", text="a", mode="soft"), "2": node("Load", name="a.safetensors")}
    inputs = [
        takes("text", "COMBO", "1.text", options=["a", "b"]),
        takes("mode", "COMBO", "1.mode"),
        takes("name", "STRING", "2.name"),
    ]
    document = toy(nodes, inputs[:2], [gives("image", "IMAGE", "1")])
    called = node("workflow/P@1.0.0", text="c", mode="loud")
    wrong = refused({"12": called, "show": show("12")}, only(document))
    assert [error["extra_info"]["input_name"] for error in wrong["12"]["errors"]] == ["text"]


def test_a_required_input_and_a_missing_output_are_told() -> None:
    nodes = {"1": node("Add", b=1)}
    find = only(toy(nodes, [takes("a", "INT", "1.a")], [gives("sum", "INT", "1")]))
    wrong = refused({"12": node("workflow/P@1.0.0"), "show": show("12")}, find)
    assert wrong["12"]["errors"][0]["type"] == "required_input_missing"
    wrong = refused({"12": node(DOUBLE), "show": show("12", 3)})
    assert "has 1 outputs and none of index 3" in wrong["show"]["errors"][0]["message"]


def test_an_id_that_is_taken_is_told() -> None:
    wrong = refused({"12": node(DOUBLE), "12:1": node("Number", value=1), "show": show("12")})
    assert "12:1" in wrong["12"]["errors"][0]["details"]
    inside = {"3": node(DOUBLE), "3:1": node("Number", value=1), "4": node("Add", a=["3", 0], b=["3:1", 0])}
    declaration = Function.of(toy(inside, [], [gives("sum", "INT", "4")]))
    assert declaration is not None
    inner = FunctionPrompt(declaration, inside)
    shop = {**SHOP, "workflow/Mixed@1.0.0": inner}
    wrong = refused({"12": node("workflow/Mixed@1.0.0"), "show": show("12")}, shop.get)
    assert "12:3:1" in wrong["12:3"]["errors"][0]["details"]


@pytest.mark.parametrize("junk", [None, 3, [], {}, {"class_type": 3}, {"class_type": DOUBLE}, {"inputs": []}])
def test_junk_beside_workflows_is_left_to_the_validation(junk: Any) -> None:
    made = expand({"12": node(DOUBLE), "junk": junk, "show": show("12")}, SHOP.get)
    assert "12:2" in made


def test_a_hundred_workflow_nodes_are_cheap() -> None:
    prompt = {str(i): node(DOUBLE, value=[str(i - 1), 0] if i else 1) for i in range(100)}
    prompt["show"] = show("99")
    assert len(expand(prompt, SHOP.get)) == 201

    assert timed(lambda: expand(prompt, SHOP.get), 0.05)[1] < 0.05


def test_a_chain_of_nested_workflows_needs_no_recursion() -> None:
    shop = dict(SHOP)
    wrapped, function = DOUBLE, SHOP[DOUBLE].function
    for level in range(1500):
        kind = f"workflow/L{level}@1.0.0"
        inner = {"2": node(wrapped), "1": node("Number", value=1)}
        shop[kind], wrapped = FunctionPrompt(Function((), function.outputs), inner), kind
    made = expand({"12": node(wrapped), "show": show("12")}, shop.get)
    assert max(name.count(":") for name in made) == 1501


def test_a_function_of_functions_is_declared_with_their_limits() -> None:
    nodes = {"1": node(DOUBLE, value=1)}
    document = toy(nodes, [takes("extra", "INT", "1.more", max=5)], [gives("sum", "INT", "1")])
    assert declared(document, with_double()).inputs[0].max == 5
    document["extra"]["darkroom"]["function"]["inputs"][0]["max"] = 10
    with pytest.raises(FunctionError, match="10 is above 9, the most 'more' of Double"):
        declared(document, with_double())
