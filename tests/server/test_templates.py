"""The workflows that ship with the project, as the canvas gets them."""

from __future__ import annotations

import io
import json

import pytest
from aiohttp import ClientSession
from PIL import Image

from nodes import builtin
from tests.server.conftest import ROOT, get
from workflows import TEMPLATES
from workflows.document import formatted
from workflows.formats import convert
from workflows.formats.definitions import remembered

NAMES = sorted(path.stem for path in TEMPLATES.glob("*.json"))


async def test_each_template_is_listed_with_words_and_a_picture(http: ClientSession) -> None:
    found = (await get(http, "/api/v1/templates"))["templates"]
    assert found[0]["name"] == "text_to_image"
    assert sorted(entry["name"] for entry in found) == NAMES and len(NAMES) >= 5
    for entry in found:
        assert entry["title"] and entry["description"].endswith(".")
        async with http.get(entry["picture"]) as response:
            assert response.status == 200 and response.content_type == "image/jpeg"
            data = await response.read()
        assert len(data) <= 40_000 and min(Image.open(io.BytesIO(data)).size) >= 200


async def test_a_template_comes_with_its_workflow(http: ClientSession) -> None:
    found = await get(http, "/api/v1/templates/text_to_image")
    assert found["workflow"] == json.loads((TEMPLATES / "text_to_image.json").read_text())
    assert found["title"] == found["workflow"]["extra"]["info"]["name"]


@pytest.mark.parametrize(
    "path", ["/nope", "/nope/picture", "/..%2F..%2Ftext_to_image", "/text_to_image.json"]
)
async def test_there_is_nothing_under_other_names(http: ClientSession, path: str) -> None:
    assert (await get(http, f"/api/v1/templates{path}", 404))["error"]["code"] == "not_found"


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_a_sound_workflow_of_builtin_nodes(name: str) -> None:
    registry = builtin()
    files = {"checkpoints": ["darkroom-demo.safetensors"], "safety_checker": ["darkroom-demo"], "input": []}
    definitions = remembered(
        lambda kind: spec.object_info(lambda folder: files[folder]) if (spec := registry.get(kind)) else None
    )
    text = (TEMPLATES / f"{name}.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert text == formatted(document)
    assert convert(document, definitions).findings == ()
    boxes = [(*node["pos"], *node["size"]) for node in document["nodes"]]
    for index, (x, y, width, height) in enumerate(boxes):
        for left, top, wide, high in boxes[:index]:
            apart = x >= left + wide or left >= x + width or y >= top + high or top >= y + height
            assert apart, f"two nodes of {name} lie on each other at {x}, {y}"


def test_the_package_brings_the_templates() -> None:
    assert "library/templates/*" in (ROOT / "pyproject.toml").read_text()
