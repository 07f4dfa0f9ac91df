"""Merges of files, as git asks for them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.spec import InputSpec, NodeSpec, OutputSpec
from tests.workflows_versions.merging import put, values
from tests.workflows_versions.test_document import DEFINITIONS, canvas
from workflows.document import DocumentError, formatted
from workflows.merge.files import merge_files, remembered_definitions


def of_files(write: Callable[[Any], str], base: Any, ours: Any, theirs: Any) -> tuple[str, bool]:
    return merge_files(write(base), write(ours), write(theirs), DEFINITIONS)


def test_git_gets_a_formatted_file_and_the_conflicts_in_it() -> None:
    base = canvas("text_to_image")
    sides = [copy.deepcopy(base), copy.deepcopy(base)]
    put(3, 2, 30)(sides[0])
    put(3, 3, 5)(sides[1])
    text, clean = of_files(formatted, base, *sides)
    assert clean and formatted(json.loads(text)) == text
    assert values(json.loads(text), 3)[2:4] == [30, 5]
    put(3, 2, 40)(sides[1])
    text, clean = of_files(formatted, base, *sides)
    left = json.loads(text)
    assert not clean and left["extra"]["darkroom"]["conflicts"][0]["id"] == "/3/steps"
    assert values(left, 3)[2] == 30
    # Once somebody has looked at it and merges on, the list is gone.
    again, clean = merge_files(formatted(base), text, formatted(base), DEFINITIONS)
    assert clean and "conflicts" not in again


def test_git_merges_bare_prompts_and_files_both_added() -> None:
    prompt = canvas("text_to_image.api")["prompt"]
    ours, theirs = copy.deepcopy(prompt), copy.deepcopy(prompt)
    ours["3"]["inputs"]["steps"] = 30
    theirs["3"]["inputs"]["cfg"] = 5
    text, clean = of_files(json.dumps, prompt, ours, theirs)
    assert (
        clean
        and json.loads(text)["3"]["inputs"]["steps"] == 30
        and json.loads(text)["3"]["inputs"]["cfg"] == 5
    )
    theirs["3"]["inputs"]["steps"] = 40
    text, clean = merge_files("", formatted(ours), formatted(theirs), DEFINITIONS)
    assert not clean and json.loads(text).keys() == prompt.keys()
    both, clean = merge_files("", formatted(prompt), formatted(prompt), DEFINITIONS)
    assert clean and json.loads(both).keys() == prompt.keys()


def test_git_gets_a_clear_answer_for_what_is_no_workflow() -> None:
    with pytest.raises(DocumentError, match="theirs is no JSON"):
        merge_files("{}", "{}", "<<<<<<< ours", DEFINITIONS)


def test_without_a_server_the_classes_it_wrote_down_name_values(tmp_path: Path) -> None:
    assert remembered_definitions(tmp_path / "missing.json")("KSampler") is None
    path = tmp_path / "specs.json"
    path.write_text("damaged", encoding="utf-8")
    assert remembered_definitions(path)("KSampler") is None
    inputs = (InputSpec("image", "IMAGE"), InputSpec("steps", "INT"))
    specs = [NodeSpec("Photo", "Photo", "x", "", inputs, (OutputSpec("value", "*"),)).to_json()]
    path.write_text(json.dumps({"code": "x", "specs": specs}), encoding="utf-8")
    definition = remembered_definitions(path)("Photo")
    assert definition is not None and list(definition.by_name) == ["image", "steps"]
