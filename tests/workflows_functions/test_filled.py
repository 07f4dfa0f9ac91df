"""The workflow in a picture that a call made has the values of the call."""

from __future__ import annotations

import copy
from typing import Any

from tests.workflows_functions.documents import REAL, complete, gives, portrait, takes
from workflows.functions import declared, prompt_of
from workflows.functions.filled import filled

INPUTS = (
    takes("prompt", "STRING", "6.text", "7.text"),
    takes("steps", "INT", "3.steps"),
    takes("seed", "INT", "3.seed"),
    takes("sampler", "COMBO", "3.sampler_name"),
)
VALUES = {"prompt": "a fox", "steps": 7, "seed": 99, "sampler": "heun"}


def test_the_workflow_becomes_the_prompt_that_ran() -> None:
    document = portrait(*INPUTS)
    before = copy.deepcopy(document)
    made = prompt_of(filled(document, complete(*INPUTS), VALUES, REAL), REAL)
    assert document == before
    assert made["6"]["inputs"]["text"] == made["7"]["inputs"]["text"] == "a fox"
    sampler = made["3"]["inputs"]
    assert (sampler["steps"], sampler["seed"], sampler["sampler_name"]) == (7, 99, "heun")
    assert sampler["cfg"] == prompt_of(document, REAL)["3"]["inputs"]["cfg"]


def test_without_values_it_is_the_same_workflow() -> None:
    document = portrait(*INPUTS)
    assert filled(document, complete(*INPUTS), {}, REAL) is document


def test_widgets_by_name_are_filled_by_name() -> None:
    document = portrait(*INPUTS)
    node = next(one for one in document["nodes"] if one["id"] == 6)
    node["widgets_values"] = {"text": "typed"}
    made = filled(document, complete(*INPUTS), VALUES, REAL)
    assert next(one for one in made["nodes"] if one["id"] == 6)["widgets_values"] == {"text": "a fox"}


def test_what_another_node_gives_stays_wired() -> None:
    document = portrait(takes("latent", "LATENT", "3.latent_image"), *INPUTS)
    function = declared(document, REAL)
    assert filled(document, function, {"latent": "x"}, REAL) is document


def test_a_picture_goes_into_the_node_that_loaded_the_old_one() -> None:
    document: dict[str, Any] = {
        "nodes": [
            {"id": 1, "type": "LoadImage", "outputs": [], "widgets_values": ["old.png", "image"]},
            {
                "id": 2,
                "type": "SaveImage",
                "inputs": [{"name": "images", "link": 5}],
                "widgets_values": ["x"],
            },
        ],
        "links": [[5, 1, 0, 2, 0, "IMAGE"]],
        "version": 0.4,
    }
    declaration = {
        "inputs": [takes("picture", "IMAGE", "2.images")],
        "outputs": [gives("same", "IMAGE", "1")],
    }
    document["extra"] = {"darkroom": {"function": declaration}}
    function = declared(document, REAL)
    made = filled(document, function, {"picture": "calls/new.png"}, REAL)
    assert made["nodes"][0]["widgets_values"] == ["calls/new.png", "image"]
    made = filled({**document, "links": [{"id": 5, "origin_id": 1}]}, function, {"picture": "new.png"}, REAL)
    assert made["nodes"][0]["widgets_values"][0] == "new.png"
