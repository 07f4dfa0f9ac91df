"""Values of widgets: arrays of today and of long ago, objects, defaults, what is not sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows_formats.files import Sketch, klass
from workflows.formats.definitions import Definition
from workflows.formats.widgets import layout, values_of

SAMPLER = klass(
    "Sampler",
    [],
    seed=["INT", {}],
    steps=["INT", {"default": 20}],
    cfg=["FLOAT", {"default": 8.0}],
    name=[["euler", "ddim"], {}],
    ok=["BOOLEAN", {}],
)
FORCED = klass(
    "Forced",
    [],
    {"late": ["STRING", {}]},
    text=["STRING", {"forceInput": True}],
    size=["INT", {"default": 3}],
)
UPLOAD = klass("Upload", [], image=[["a.png"], {"image_upload": True}], channel=[["red", "green"], {}])
WHEEL = klass("Wheel", [], word=[["a", "b"], {"control_after_generate": True}], size=["INT", {}])
REMOTE = klass(
    "Remote", [], image=["COMBO", {"remote": {"route": "/x"}, "image_upload": True}], after=["INT", {}]
)
ODD = klass(
    "Odd",
    [],
    widget=["CUSTOM", {"widgetType": "STRING", "default": "d"}],
    upload=["IMAGEUPLOAD", {}],
    fixed_seed=["INT", {"control_after_generate": "mode"}],
    noise_seed=["INT", {"control_after_generate": False}],
    socket=["MODEL"],
    rate=["FLOAT", {"control_after_generate": True}],
)
FULL = {"seed": 5, "steps": 30, "cfg": 7.5, "name": "ddim", "ok": True}


def read(info: dict[str, Any], stored: Any) -> dict[str, Any]:
    return dict(values_of(Definition.of(info), stored).by_name)


@pytest.mark.parametrize(
    "stored",
    [
        [5, "fixed", 30, 7.5, "ddim", True],  # today
        [5, True, 30, 7.5, "ddim", True],  # the control was a boolean
        [5, 30, 7.5, "ddim", True],  # before there were controls
        [5, "fixed", 30, 7.5, "ddim", True, "surplus", None],
        {"seed": 5, "steps": 30, "cfg": 7.5, "name": "ddim", "ok": True, "other": 1},
        [5, None, 30, 7.5, "ddim", True],
    ],
)
def test_arrays_of_every_age_mean_the_same(stored: Any) -> None:
    assert read(SAMPLER, stored) == FULL


@pytest.mark.parametrize("stored", [None, [], {}])
def test_without_values_there_are_defaults(stored: Any) -> None:
    assert read(SAMPLER, stored) == {"seed": 0, "steps": 20, "cfg": 8.0, "name": "euler", "ok": False}


def test_a_short_array_is_filled_with_defaults() -> None:
    assert read(SAMPLER, [5, "fixed", 30]) == {**FULL, "cfg": 8.0, "name": "euler", "ok": False}


def test_a_number_that_was_nan_takes_its_default() -> None:
    assert read(SAMPLER, [5, "fixed", None, None, "ddim", True]) == {**FULL, "steps": 20, "cfg": 8.0}


def test_a_choice_that_is_gone_is_kept() -> None:
    found = values_of(Definition.of(SAMPLER), [5, "fixed", 30, 7.5, "gone_sampler", True])
    assert found.by_name["name"] == "gone_sampler" and found.misfits == ()


def test_a_word_in_a_numbers_place_is_told() -> None:
    sketch = Sketch(SAMPLER)
    node = sketch.node("Sampler", [5, "fixed", "many", 7.5, "ddim", True])
    [finding] = sketch.converted().findings
    assert (finding.code, finding.node, finding.input) == ("value_misfit", str(node), "steps")
    assert finding.details == {"value": "many", "type": "INT"} and "'many'" in finding.message


def test_one_extra_value_more_or_less_is_no_reason_to_shift_all() -> None:
    early = klass("Early", [], image=[["a.png"], {"image_upload": True}], size=["INT", {}])
    assert read(early, ["a.png", "image", 4]) == {"image": "a.png", "size": 4}
    assert read(SAMPLER, [5, "fixed", "stray", 30, 7.5, "ddim", True]) == FULL
    assert read(SAMPLER, [5, 30, "fixed", 7.5, "ddim", True]) == FULL


def test_a_value_that_no_extra_explains_stays_where_it_is() -> None:
    size = klass("Size", [], width=["INT", {}], height=["INT", {}])
    found = values_of(Definition.of(size), ["wide", 5])
    assert found.by_name == {"width": "wide", "height": 5} and found.misfits == (("width", "wide"),)


def test_only_a_class_that_allows_several_choices_takes_a_list() -> None:
    one = klass("One", [], word=[["a", "b"], {}], size=["INT", {}])
    assert read(one, [["a"], "b", 4]) == {"word": "b", "size": 4}


def test_nothing_chosen_is_null_where_there_was_something_to_choose() -> None:
    assert read(UPLOAD, ["a.png", None, "image"]) == {"image": "a.png", "channel": None}
    assert read(REMOTE, [None, False, "refresh", 8]) == {"after": 8}


def test_placeholders_of_sockets_are_skipped() -> None:
    assert read(FORCED, [7, "x"]) == {"size": 7, "late": "x"}
    assert read(FORCED, ["", 7, "x"]) == {"size": 7, "late": "x"}
    two = klass("Two", [], socket=["STRING", {"forceInput": True}], text=["STRING", {}])
    assert read(two, ["was typed", "x"]) == {"text": "x"}, "the length says so, though the first would fit"


@pytest.mark.parametrize("upload", [["image"], [""], [None], []])
def test_the_button_to_upload_comes_last_and_is_not_sent(upload: list[Any]) -> None:
    assert read(UPLOAD, ["a.png", "green", *upload]) == {"image": "a.png", "channel": "green"}


def test_a_combo_with_control_has_a_filter_too() -> None:
    assert read(WHEEL, ["b", "increment-wrap", "", 4]) == {"word": "b", "size": 4}
    assert read(WHEEL, ["b", 4]) == {"word": "b", "size": 4}


def test_a_remote_combo_has_its_buttons() -> None:
    assert read(REMOTE, ["x.png", False, "refresh", 8, "image"]) == {"image": "x.png", "after": 8}
    assert read(REMOTE, []) == {"after": 0}, "a combo without choices has no default"


def test_which_inputs_are_widgets_and_which_have_controls() -> None:
    places = [place.input.name if place.input else place.extra for place in layout(Definition.of(ODD))]
    assert places == ["widget", "hidden", "fixed_seed", "control", "noise_seed", "rate"]
    assert read(ODD, ["w", "image", 1, "fixed", 2, 3.5]) == {
        "widget": "w",
        "fixed_seed": 1,
        "noise_seed": 2,
        "rate": 3.5,
    }


def test_inputs_come_in_the_order_listed_then_the_others() -> None:
    info = klass("Order", [], b=["INT", {}], a=["INT", {}], c=["INT", {}])
    info["input_order"] = {"required": ["c", "a"]}
    assert [entry.name for entry in Definition.of(info).inputs] == ["c", "a", "b"]


def test_lists_are_wrapped_so_that_they_are_no_links() -> None:
    many = klass("Many", [], words=["COMBO", {"options": ["a", "b"], "multi_select": True}])
    sketch = Sketch(many)
    node = sketch.node("Many", [["a", "b"]])
    assert sketch.inputs(node) == {"words": {"__value__": ["a", "b"]}}


def test_names_of_inputs_are_what_counts_and_unknown_ones_go_along() -> None:
    dynamic = klass("Dynamic", ["INT"], first=["INT", {}], second=["INT", {}])
    sketch = Sketch(dynamic)
    source = sketch.node("Dynamic", [1, 2])
    node = sketch.node("Dynamic", [3, 4], input_7=(source, 0), second=(source, 0))
    assert sketch.inputs(node) == {"first": 3, "second": ["1", 0], "input_7": ["1", 0]}
    nameless = sketch.node("Dynamic", [3, 4], _=(source, 0))
    assert sketch.inputs(nameless) == {"first": ["1", 0], "second": 4}
    texts = sketch.node("CLIPTextEncode", ["a fox"], _=(source, 0))
    assert sketch.inputs(texts) == {"text": "a fox", "clip": ["1", 0]}, "sockets come before widgets"


VALUES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**53),
        "steps": st.integers(1, 10_000),
        "cfg": st.floats(0, 100),
        "name": st.sampled_from(["euler", "ddim"]),
        "ok": st.booleans(),
    }
)


@given(VALUES, st.sampled_from(["fixed", "increment", "decrement", "randomize", True, False]))
def test_what_todays_client_writes_is_read_back(values: dict[str, Any], control: Any) -> None:
    rest = [values[name] for name in ("steps", "cfg", "name", "ok")]
    assert read(SAMPLER, [values["seed"], control, *rest]) == values
