"""Alternatives in the graph's own texts are chosen among for each call; what a caller gives is left alone."""

from random import Random
from typing import Any

from tests.workflows_functions.documents import TOYS, gives, ready, takes, toy
from workflows.functions import bind, declared, expand, object_info, prompt_of
from workflows.functions.choices import chosen, texts_to_choose

TYPED = "a {red|blue} fox // not sent"
EITHER = {"a red fox ", "a blue fox "}


def painting() -> dict[str, Any]:
    """Two painted texts, one of them an input of the function."""
    nodes = {
        "1": {"class_type": "Paint", "inputs": {"text": TYPED}},
        "2": {"class_type": "Paint", "inputs": {"text": TYPED, "mask": ["1", 0]}},
    }
    return toy(nodes, [takes("prompt", "STRING", "1.text")], [gives("image", "IMAGE", "2")])


def test_each_call_chooses_anew() -> None:
    prompt = prompt_of(painting(), TOYS)
    texts = texts_to_choose(prompt, TOYS)
    made = [chosen(prompt, texts, Random(seed))["2"]["inputs"]["text"] for seed in range(20)]
    assert set(made) == EITHER
    assert prompt["2"]["inputs"]["text"] == TYPED


def test_the_default_is_chosen_and_on_record_and_the_callers_own_text_is_left_alone() -> None:
    prompt, function = prompt_of(painting(), TOYS), declared(painting(), TOYS)
    for given in ({}, {"prompt": TYPED}):
        made = bind(prompt, function, given)
        assert made.values["prompt"] in EITHER
        assert made.prompt["1"]["inputs"]["text"] == made.values["prompt"]
    mine = "see https://example.org {as it is}"
    assert bind(prompt, function, {"prompt": mine}).prompt["1"]["inputs"]["text"] == mine


def test_two_nodes_of_one_workflow_choose_for_themselves() -> None:
    node: dict[str, Any] = {"class_type": "workflow/Painting@1.0.0", "inputs": {}}
    found = ready(painting())

    def find(name: str) -> Any:
        return found

    made = expand({str(i): node for i in range(40)}, find)
    assert {made[f"{i}:2"]["inputs"]["text"] for i in range(40)} == EITHER
    assert {made[f"{i}:1"]["inputs"]["text"] for i in range(40)} == EITHER


def test_the_canvas_is_told_that_the_text_takes_alternatives() -> None:
    info = object_info(declared(painting(), TOYS), name="Painting", release="1.0.0")
    assert info["input"]["required"]["prompt"][1] == {
        "default": TYPED,
        "multiline": True,
        "dynamicPrompts": True,
    }
