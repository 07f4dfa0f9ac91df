"""Validation: ComfyUI's error objects to the letter, every problem at once, and what we do better."""

from __future__ import annotations

from typing import Any

import pytest

from engine.folders import Folders
from engine.validate import trust, validate
from tests.pictures import NODES, errors, picture
from tests.toys import NOWHERE, REGISTRY, link, prompt


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


def test_a_prompt_that_was_validated_gives_the_same_graph_without_a_second_look() -> None:
    wired = prompt(
        one=("Number", {"value": "7", "stranger": 1}),
        sum=("Add", {"a": link("one"), "b": 2.0, "other": link("one")}),
        show=("Show", {"value": link("sum"), "label": "x"}),
    )
    first = validate(wired, REGISTRY, NOWHERE)
    assert first.graph is not None
    again = trust(first.graph.prompt, REGISTRY, first.good_targets)
    assert again is not None and again.graph is not None and again.ok and again.good_targets == ("show",)
    assert dict(again.graph.nodes) == dict(first.graph.nodes)


def test_a_prompt_that_names_a_file_always_gets_a_second_look(folders: Folders) -> None:
    first = validate(picture(), NODES, folders)
    assert first.graph is not None
    assert trust(first.graph.prompt, NODES, first.good_targets) is None
