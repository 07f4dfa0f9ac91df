"""What ships: documents that never change under their number, each a function that can be called."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.workflows_library.definitions import definitions
from workflows import TEMPLATES
from workflows.canonical import digest
from workflows.document import function_of, split
from workflows.functions import Function, compare, declared, prompt_of
from workflows.library import FOLDER, MANIFEST, Shipped, newest, shipped
from workflows.store.names import workflow_name

LIBRARY = shipped()


def test_what_is_asked_for_ships() -> None:
    assert list(newest()) == [
        "text_to_image",
        "image_to_image",
        "inpaint",
        "hires_two_pass",
        "batch_of_seeds",
        "compare_samplers",
        "xy_grid",
        "safety_checked",
    ]


def test_every_file_of_the_library_belongs_to_a_release() -> None:
    files = set(TEMPLATES.iterdir())
    assert files == {one.path for one in LIBRARY} | {one.thumbnail for one in LIBRARY}
    assert {path.name for path in FOLDER.glob("*.json")} == {MANIFEST.name, "text_to_image.json"}


@pytest.mark.parametrize("one", LIBRARY, ids=lambda one: f"{one.name}@{one.release}")
def test_a_release_holds_the_document_it_was_released_with(one: Shipped) -> None:
    remedy = "a released document never changes: ship the new one under the next number, in a file of its own"
    assert digest(split(one.document).meaning) == one.digest, remedy
    assert workflow_name(one.name) == one.name and one.labels


@pytest.mark.parametrize("one", newest().values(), ids=lambda one: one.name)
def test_a_workflow_declares_a_function_that_fits_its_nodes(one: Shipped) -> None:
    document = one.document
    function = declared(document, definitions)
    told = function_of(document)
    assert told is not None and document["extra"]["info"] == {
        "name": told["title"],
        "description": told["description"],
    }
    assert one.description.endswith(".")
    for part in (*function.inputs, *function.outputs):
        assert part.description.endswith("."), part.name
    widgets = [entry for entry in function.inputs if entry.type not in ("IMAGE", "MASK")]
    assert all(entry.default is not None for entry in widgets), "it can be called with nothing given"
    assert not [entry.name for entry in function.inputs if entry.required]


@pytest.mark.parametrize("one", newest().values(), ids=lambda one: one.name)
def test_what_the_workflow_saves_is_what_the_function_returns(one: Shipped) -> None:
    document = one.document
    prompt = prompt_of(document, definitions)
    function = Function.of(document)
    assert function is not None
    returned = {(output.source.node, output.source.slot) for output in function.outputs}
    saved = {tuple(node["inputs"]["images"]) for node in prompt.values() if node["class_type"] == "SaveImage"}
    assert saved and saved <= returned


def test_releases_of_a_workflow_follow_from_what_changed() -> None:
    previous: dict[str, tuple[tuple[int, ...], Any]] = {}
    for one in LIBRARY:
        number, function = tuple(map(int, one.release.split("."))), Function.of(one.document)
        if one.name in previous:
            before, old = previous[one.name]
            assert number > before
            if compare(old, function).level == "major":
                assert number[0] > before[0], f"{one.name}@{one.release}"
        previous[one.name] = (number, function)


def test_the_manifest_is_written_as_json_is(tmp_path: Path) -> None:
    text = MANIFEST.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2) + "\n"
