"""What a new declaration demands of the next release: major if calls may break, minor if more is possible."""

from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.functions import Function, InvalidInputs, bind, compare, object_info, schema
from workflows.functions.parts import Input, Output, Source, Target

BASE = Function(
    (
        Input("prompt", "STRING", (Target("6", "text"),)),
        Input("steps", "INT", (Target("3", "steps"),), min=1, max=50, default=20),
        Input("style", "COMBO", (Target("7", "text"),), options=("ink", "oil"), default="ink"),
        Input("image", "IMAGE", (Target("9", "image"),), required=True),
    ),
    (Output("image", "IMAGE", Source("8", 0)), Output("mask", "MASK", Source("8", 1))),
    title="Portrait",
)


def changed(which: str, **said: Any) -> Function:
    inputs = tuple(replace(one, **said) if one.name == which else one for one in BASE.inputs)
    return replace(BASE, inputs=inputs)


def without(name: str) -> Function:
    return replace(BASE, inputs=tuple(one for one in BASE.inputs if one.name != name))


def added(entry: Input, at: int = 4) -> Function:
    return replace(BASE, inputs=(*BASE.inputs[:at], entry, *BASE.inputs[at:]))


NEW = Input("size", "INT", (Target("5", "width"),))
OUT = BASE.outputs

CASES: list[tuple[Function | None, Function | None, str, str]] = [
    (BASE, BASE, "patch", ""),
    (None, None, "patch", ""),
    (None, BASE, "minor", "it is a function now"),
    (BASE, None, "major", "no function any more"),
    (BASE, replace(BASE, title="Another", description="Words"), "patch", ""),
    (BASE, changed("steps", default=30), "patch", ""),
    (BASE, changed("prompt", targets=(Target("60", "text"),)), "patch", ""),
    (BASE, without("style"), "major", "the input 'style' is gone"),
    (BASE, changed("style", name="look"), "major", "the input 'style' is gone"),
    (BASE, changed("steps", type="FLOAT"), "major", "the input 'steps' is FLOAT, it was INT"),
    (BASE, changed("style", several=True), "major", "is a list of COMBO, it was COMBO"),
    (BASE, changed("steps", max=30), "major", "the greatest value is 30, it was 50"),
    (BASE, changed("steps", min=2), "major", "the least value is 2, it was 1"),
    (BASE, changed("steps", max=60), "minor", "the greatest value is 60, it was 50"),
    (BASE, changed("steps", max=None), "minor", "is unlimited, it was 50"),
    (BASE, changed("style", options=("ink",)), "major", "does not take 'oil' any more"),
    (BASE, changed("style", options=("ink", "oil", "wax")), "minor", "also takes 'wax'"),
    (BASE, changed("style", options=None), "minor", "takes any option now"),
    (BASE, changed("prompt", required=True), "major", "the input 'prompt' is required now"),
    (BASE, changed("image", required=False), "minor", "the input 'image' may be left out now"),
    (BASE, changed("steps", seed=True), "minor", "takes 'random' now"),
    (changed("steps", seed=True), BASE, "major", "does not take 'random' any more"),
    (BASE, added(NEW), "minor", "the input 'size' is new"),
    (BASE, added(NEW, at=0), "major", "has another place; keep the order and add at the end"),
    (BASE, added(replace(NEW, required=True)), "major", "the input 'size' is new and required"),
    (BASE, replace(BASE, outputs=OUT[:1]), "major", "the output 'mask' is gone"),
    (BASE, replace(BASE, outputs=OUT[::-1]), "major", "the output 'image' has another place"),
    (BASE, replace(BASE, outputs=(replace(OUT[0], type="MASK"), OUT[1])), "major", "is MASK, it was IMAGE"),
    (BASE, replace(BASE, outputs=(*OUT, replace(OUT[0], name="more"))), "minor", "the output 'more' is new"),
]


@pytest.mark.parametrize(("old", "new", "level", "reason"), CASES)
def test_each_change_has_its_level_and_its_reason(
    old: Function | None, new: Function | None, level: str, reason: str
) -> None:
    change = compare(old, new)
    assert change.level == level, change
    assert any(reason in one for one in change.reasons) if reason else not change.reasons


NAMES = st.sampled_from(["a", "b", "c"])
LIMIT = st.none() | st.integers(-3, 3)


def number(name: str, low: int | None, high: int | None, required: bool, default: int | None) -> Input:
    return Input(name, "INT", (Target("1", name),), "", default, low, high, required=required)


def choice(name: str, options: list[str], required: bool) -> Input:
    return Input(name, "COMBO", (Target("1", name),), options=tuple(options), required=required)


def whole(inputs: list[Input]) -> Function:
    return Function(tuple(inputs), OUT)


INTS = st.builds(number, NAMES, LIMIT, LIMIT, st.booleans(), st.none() | st.integers(-3, 3))
OPTIONS = st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, unique=True)
COMBOS = st.builds(choice, NAMES, OPTIONS, st.booleans())
INPUTS: st.SearchStrategy[Input] = INTS | COMBOS
FUNCTIONS = st.builds(whole, st.lists(INPUTS, max_size=3, unique_by=lambda one: one.name))
VALUES = st.dictionaries(NAMES, st.integers(-4, 4) | st.sampled_from(["x", "y", "z"]), max_size=3)
PROMPT: dict[str, Any] = {"1": {"class_type": "Any", "inputs": {}}}


def takes_values(entry: Function, values: dict[str, Any]) -> bool:
    try:
        bind(PROMPT, entry, values)
    except InvalidInputs:
        return False
    return True


@settings(max_examples=500, deadline=None)
@given(FUNCTIONS, FUNCTIONS, VALUES)
def test_a_call_that_works_goes_on_working_until_a_major_release(
    old: Function, new: Function, values: dict[str, Any]
) -> None:
    if compare(old, new).level != "major" and takes_values(old, values):
        assert takes_values(new, values)


@settings(max_examples=200, deadline=None)
@given(FUNCTIONS, VALUES)
def test_the_json_schema_takes_what_a_call_does(entry: Function, values: dict[str, Any]) -> None:
    told = schema(entry, name="f", version="1.0.0")
    jsonschema.Draft202012Validator.check_schema(told)
    validator: Any = jsonschema.Draft202012Validator(told)
    assert validator.is_valid(values) == takes_values(entry, values)


@settings(max_examples=200, deadline=None)
@given(FUNCTIONS, FUNCTIONS)
def test_slots_of_a_node_stay_where_they_are_until_a_major_release(old: Function, new: Function) -> None:
    if compare(old, new).level == "major":
        return
    before, after = ([one.name for one in each.inputs] for each in (old, new))
    assert after[: len(before)] == before


def test_the_node_of_a_function_is_described_as_the_canvas_reads_it() -> None:
    info = object_info(BASE, name="Portrait", release="1.0.0")
    assert info["name"] == "workflow/Portrait@1.0.0" and info["display_name"] == "Portrait"
    assert info["output"] == ["IMAGE", "MASK"] and info["output_name"] == ["image", "mask"]
    assert info["input"]["required"]["steps"] == ["INT", {"default": 20, "min": 1, "max": 50}]
    assert info["input"]["required"]["style"] == [["ink", "oil"], {"default": "ink"}]
    assert info["input"]["required"]["image"] == ["IMAGE"]
    assert info["input"]["optional"] == {"prompt": ["STRING", {"forceInput": True}]}
