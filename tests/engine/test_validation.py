"""Validation: ComfyUI's error objects to the letter, every problem at once, and what we do better."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any, Literal

import pytest

from engine.folders import Folders
from engine.graph import Graph
from engine.node import Ui, node
from engine.registry import Registry
from engine.spec import NodeSpec
from engine.types import Choices, Files, NodeId, Range, Socket
from engine.validate import Validation, validate
from tests.toys import NOWHERE, REGISTRY, link, prompt, sum_prompt

Model = Annotated[object, Socket("MODEL")]
Clip = Annotated[object, Socket("CLIP")]
Latent = Annotated[object, Socket("LATENT")]
Image = Annotated[object, Socket("IMAGE")]


@node("Loader", category="x", names=("MODEL", "CLIP"))
def loader(ckpt_name: Annotated[str, Files("checkpoints")]) -> tuple[Model, Clip]:
    """Load."""
    return (1, 2)


@node("Sampler", category="x")
def sampler(
    model: Model,
    latent_image: Latent,
    steps: Annotated[int, Range(1, 10_000)] = 20,
    cfg: Annotated[float, Range(0, 100, step=0.1, round=0.01)] = 8.0,
    sampler_name: Annotated[str, Choices(tuple(f"s{i}" for i in range(42)))] = "s0",
    scheduler: Literal["simple", "normal", "karras"] = "simple",
) -> Latent:
    """Sample."""
    return model


@node("Empty", category="x")
def empty(width: Annotated[int, Range(16, 16384, step=8)] = 512) -> Latent:
    """Empty."""
    return width


@node("Decode", category="x")
def decode(samples: Latent) -> Image:
    """Decode."""
    return samples


@node("Open", category="x")
def open_image(image: Annotated[str, Files("input")]) -> Image:
    """Open."""
    return image


@node("Save", category="x", output=True)
def save(images: Image, filename_prefix: str = "ComfyUI") -> Ui[None]:
    """Save."""
    return Ui({"images": []})


NODES = Registry([loader, sampler, empty, decode, open_image, save])


@pytest.fixture
def folders(tmp_path: Any) -> Folders:
    for name in ("models/checkpoints/sd15.safetensors", "input/fox.png", "output/made.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
    return Folders.at(tmp_path)


def picture(**changes: Any) -> dict[str, Any]:
    """A sound text-to-image graph; `node__input=value` changes one input, `...` removes it."""
    wired = prompt(
        load=("Loader", {"ckpt_name": "sd15.safetensors"}),
        empty=("Empty", {"width": 512}),
        sample=(
            "Sampler",
            {
                "model": link("load"),
                "latent_image": link("empty"),
                "steps": 20,
                "cfg": 8,
                "sampler_name": "s0",
                "scheduler": "normal",
            },
        ),
        decode=("Decode", {"samples": link("sample")}),
        save=("Save", {"images": link("decode"), "filename_prefix": "x"}),
    )
    for place, value in changes.items():
        name, key = place.split("__")
        if value is ...:
            del wired[name]["inputs"][key]
        else:
            wired[name]["inputs"][key] = value
    return wired


def errors(wired: dict[str, Any], folders: Folders, name: str) -> list[dict[str, Any]]:
    """The error objects of one node, without our suggestions."""
    found = validate(wired, NODES, folders).response()[1].get(name, {"errors": []})["errors"]
    for error in found:
        error["extra_info"].pop("suggestion", None)
    return found


def test_a_sound_graph_has_no_problem(folders: Folders) -> None:
    result = validate(picture(), NODES, folders)
    assert result.response() == (None, {})
    assert result.good_targets == ("save",)


NO_OPTIONS: dict[str, Any] = {}
STEPS = ["INT", {"default": 20, "min": 1, "max": 10000}]
CFG = ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01}]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"sample__steps": ...},
            {
                "type": "required_input_missing",
                "message": "Required input is missing",
                "details": "steps",
                "extra_info": {"input_name": "steps"},
            },
        ),
        (
            {"sample__model": ["load", 0, 1]},
            {
                "type": "bad_linked_input",
                "message": "Bad linked input, must be a length-2 list of [node_id, slot_index]",
                "details": "model",
                "extra_info": {
                    "input_name": "model",
                    "input_config": ["MODEL", NO_OPTIONS],
                    "received_value": ["load", 0, 1],
                },
            },
        ),
        (
            {"sample__model": ["load", 1]},
            {
                "type": "return_type_mismatch",
                "message": "Return type mismatch between linked nodes",
                "details": "model, received_type(CLIP) mismatch input_type(MODEL)",
                "extra_info": {
                    "input_name": "model",
                    "input_config": ["MODEL", NO_OPTIONS],
                    "received_type": "CLIP",
                    "linked_node": ["load", 1],
                },
            },
        ),
        (
            {"sample__steps": "abc"},
            {
                "type": "invalid_input_type",
                "message": "Failed to convert an input value to a INT value",
                "details": "steps, abc, invalid literal for int() with base 10: 'abc'",
                "extra_info": {
                    "input_name": "steps",
                    "input_config": STEPS,
                    "received_value": "abc",
                    "exception_message": "invalid literal for int() with base 10: 'abc'",
                },
            },
        ),
        (
            {"sample__steps": 0},
            {
                "type": "value_smaller_than_min",
                "message": "Value 0 smaller than min of 1",
                "details": "steps",
                "extra_info": {"input_name": "steps", "input_config": STEPS, "received_value": 0},
            },
        ),
        (
            {"sample__cfg": 1000},
            {
                "type": "value_bigger_than_max",
                "message": "Value 1000.0 bigger than max of 100.0",
                "details": "cfg",
                "extra_info": {"input_name": "cfg", "input_config": CFG, "received_value": 1000.0},
            },
        ),
        (
            {"sample__scheduler": "zz"},
            {
                "type": "value_not_in_list",
                "message": "Value not in list",
                "details": "scheduler: 'zz' not in ['simple', 'normal', 'karras']",
                "extra_info": {
                    "input_name": "scheduler",
                    "input_config": [["simple", "normal", "karras"], NO_OPTIONS],
                    "received_value": "zz",
                },
            },
        ),
        (
            {"sample__sampler_name": "zz"},
            {
                "type": "value_not_in_list",
                "message": "Value not in list",
                "details": "sampler_name: 'zz' not in (list of length 42)",
                "extra_info": {"input_name": "sampler_name", "input_config": None, "received_value": "zz"},
            },
        ),
    ],
)
def test_mistakes_are_reported_as_comfyui_does(
    change: dict[str, Any], expected: dict[str, Any], folders: Folders
) -> None:
    assert errors(picture(**change), folders, "sample") == [expected]


def test_a_missing_checkpoint_is_not_in_the_list(folders: Folders) -> None:
    expected = {
        "type": "value_not_in_list",
        "message": "Value not in list",
        "details": "ckpt_name: 'zz' not in ['sd15.safetensors']",
        "extra_info": {
            "input_name": "ckpt_name",
            "input_config": [["sd15.safetensors"], NO_OPTIONS],
            "received_value": "zz",
        },
    }
    assert errors(picture(load__ckpt_name="zz"), folders, "load") == [expected]


def test_a_missing_picture_fails_the_nodes_own_validation(folders: Folders) -> None:
    wired = prompt(open=("Open", {"image": "nope.png"}), save=("Save", {"images": link("open")}))
    expected = {
        "type": "custom_validation_failed",
        "message": "Custom validation failed for node",
        "details": "image - Invalid image file: nope.png",
        "extra_info": {"input_name": "image"},
    }
    assert errors(wired, folders, "open") == [expected]


@pytest.mark.parametrize(
    ("name", "found"), [("fox.png", True), ("made.png [output]", True), ("../x.png", False)]
)
def test_pictures_may_be_named_with_their_folder(name: str, found: bool, folders: Folders) -> None:
    wired = prompt(open=("Open", {"image": name}), save=("Save", {"images": link("open")}))
    assert (errors(wired, folders, "open") == []) is found


def test_the_whole_answer_has_comfyuis_shape(folders: Folders) -> None:
    error, nodes = validate(picture(empty__width=0, sample__cfg=10**6), NODES, folders).response()
    assert error == {
        "type": "prompt_outputs_failed_validation",
        "message": "Prompt outputs failed validation",
        "details": "",
        "extra_info": {},
    }
    assert {name: (e["class_type"], e["dependent_outputs"]) for name, e in nodes.items()} == {
        "empty": ("Empty", ["save"]),
        "sample": ("Sampler", ["save"]),
    }


def test_details_collect_the_errors_of_bad_outputs(folders: Folders) -> None:
    wired = prompt(one=("Save", {}), two=("Save", {"filename_prefix": "x"}))
    error, _ = validate(wired, NODES, folders).response()
    line = "Required input is missing: "
    assert error is not None
    assert error["details"] == f"{line}images\n{line}filename_prefix\n{line}images"


def test_a_good_output_runs_beside_a_bad_one(folders: Folders) -> None:
    result = validate(picture() | prompt(bad=("Save", {"filename_prefix": "x"})), NODES, folders)
    error, nodes = result.response()
    assert error is None and result.good_targets == ("save",)
    assert list(nodes) == ["bad"] and nodes["bad"]["dependent_outputs"] == ["bad"]


def test_every_problem_is_found_at_once(folders: Folders) -> None:
    wired = picture(
        load__ckpt_name="no", empty__width=1, sample__steps="x", sample__cfg=-1, save__images=["no", 0]
    )
    wired["preview"] = {"class_type": "Save", "inputs": {"images": ["decode", 0]}}
    found = {(x.node, x.input) for x in validate(wired, NODES, folders).problems}
    assert found == {
        ("load", "ckpt_name"),
        ("empty", "width"),
        ("sample", "steps"),
        ("sample", "cfg"),
        ("save", "images"),
        ("preview", "filename_prefix"),
    }


def test_what_lies_behind_a_link_that_does_not_fit_is_checked_too(folders: Folders) -> None:
    wired = picture(decode__samples=["load", 0], load__ckpt_name="no")
    assert {x.node for x in validate(wired, NODES, folders).problems} == {"decode", "load"}


def test_nodes_nobody_needs_are_not_checked(folders: Folders) -> None:
    result = validate(picture() | prompt(loose=("Empty", {"width": "x"})), NODES, folders)
    assert result.problems == () and result.ok


def test_only_asked_for_outputs_are_checked(folders: Folders) -> None:
    wired = picture() | prompt(bad=("Save", {}))
    result = validate(wired, NODES, folders, targets=["save"])
    assert result.problems == () and result.good_targets == ("save",)


@pytest.mark.parametrize("targets", [[], ["load"], ["nobody"]])
def test_without_an_output_to_run_the_prompt_is_refused(targets: list[str], folders: Folders) -> None:
    error, nodes = validate(picture(), NODES, folders, targets).response()
    assert error is not None
    assert (error["type"], error["message"], error["details"]) == (
        "prompt_no_outputs",
        "Prompt has no outputs",
        "",
    )
    assert nodes == {}


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
