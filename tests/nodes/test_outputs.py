"""What leaves a workflow that is called: pictures and masks as files, plain values as they are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.context import Context, JobExtra
from engine.folders import Folders
from engine.types import NodeId
from nodes import builtin
from nodes.outputs import NoResult, workflow_output

GRAPH: dict[str, Any] = {"1": {"class_type": "WorkflowOutput", "inputs": {}}}


def result(value: Any, folder: Path, **inputs: Any) -> dict[str, list[Any]]:
    extra = JobExtra(extra_pnginfo={"darkroom": {"run": "r"}})
    context = Context(NodeId("1"), folders=Folders.at(folder), prompt=GRAPH, extra=extra)
    return dict(workflow_output(name="picture", value=value, context=context, **inputs).ui)


def opened(folder: Path, entry: dict[str, str]) -> Image.Image:
    return Image.open(folder / entry["type"] / entry["subfolder"] / entry["filename"])


def test_pictures_are_saved_with_the_graph_that_made_them(tmp_path: Path) -> None:
    made = result(torch.full((2, 4, 6, 3), 0.5), tmp_path, filename_prefix="Portrait/picture")
    assert [entry["filename"] for entry in made["images"]] == ["picture_00001_.png", "picture_00002_.png"]
    picture = opened(tmp_path, made["images"][0])
    assert (picture.mode, picture.size, made["images"][0]["subfolder"]) == ("RGB", (6, 4), "Portrait")
    assert json.loads(picture.info["prompt"]) == GRAPH
    assert json.loads(picture.info["darkroom"]) == {"run": "r"}


@pytest.mark.parametrize("shape", [(4, 6), (1, 4, 6)])
def test_a_mask_is_a_grey_picture(tmp_path: Path, shape: tuple[int, ...]) -> None:
    mask = torch.zeros(shape)
    mask[..., 1, 2] = 1
    picture = opened(tmp_path, result(mask, tmp_path)["images"][0])
    assert picture.mode == "L"
    assert np.argwhere(np.asarray(picture) == 255).tolist() == [[1, 2]]


@pytest.mark.parametrize("value", [7, 0.25, "a fox", True, "", 2**63])
def test_plain_values_are_returned_as_they_are(tmp_path: Path, value: Any) -> None:
    assert result(value, tmp_path) == {"values": [value]}


@pytest.mark.parametrize("value", [{"samples": torch.zeros(1, 4, 2, 2)}, torch.zeros(1, 4, 2, 2, 2), None])
def test_what_cannot_leave_is_refused_with_what_can(tmp_path: Path, value: Any) -> None:
    with pytest.raises(NoResult, match="'picture'") as refused:
        result(value, tmp_path)
    assert "decode a LATENT to an IMAGE" in refused.value.remedy


def test_infinite_numbers_are_no_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'picture' is inf"):
        result(float("inf"), tmp_path)


def test_it_is_an_output_node_that_takes_anything() -> None:
    spec = builtin()["WorkflowOutput"]
    assert spec.output_node and spec.by_name["value"].type == "*" and spec.hidden
