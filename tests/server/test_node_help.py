"""What the canvas shows of a node beside its entry in /object_info."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from aiohttp import ClientSession
from PIL import Image

from nodes import builtin
from server.routes.nodehelp import SHIPPED, candidates, examples
from tests.server.conftest import ROOT, get
from tools.docs import NODES


async def test_a_builtin_node_comes_with_its_example(http: ClientSession) -> None:
    found = await get(http, "/api/v1/nodes/KSampler/help")
    page = (NODES / "KSampler.md").read_text(encoding="utf-8")
    assert found["name"] == "KSampler" and found["page"] is None
    assert found["example"]["about"] in page and found["example"]["gives"] == ""
    graph = await get(http, found["example"]["graph"])
    assert "KSampler" in {node["class_type"] for node in graph.values()}
    async with http.get(found["example"]["picture"]) as answer:
        assert answer.content_type == "image/webp"
        data, tag = await answer.read(), answer.headers["ETag"]
    assert min(Image.open(io.BytesIO(data)).size) >= 64
    async with http.get(found["example"]["picture"], headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304


@pytest.mark.parametrize("path", ["help", "picture", "example"])
@pytest.mark.parametrize("name", ["Nope", "..%2FKSampler", "pictures%2FKSampler.webp"])
async def test_there_is_nothing_of_other_names(http: ClientSession, name: str, path: str) -> None:
    assert (await get(http, f"/api/v1/nodes/{name}/{path}", 404))["error"]["code"] == "not_found"


def test_every_page_with_an_example_is_in_the_index() -> None:
    shown = {
        match[1]: path
        for path in NODES.glob("*.md")
        if (match := re.search(r"\((examples/[^)]+)\)", path.read_text(encoding="utf-8")))
    }
    known = examples()
    assert {entry["graph"] for entry in known.values()} == set(shown)
    assert set(known) <= {spec.name for spec in builtin()}
    for name, entry in known.items():
        assert (SHIPPED / entry["graph"]).is_file(), name
        assert ("picture" in entry) != bool(entry["gives"]), name
        if "picture" in entry:
            assert (SHIPPED / entry["picture"]).is_file(), name


def test_the_package_brings_the_examples() -> None:
    declared = (ROOT / "pyproject.toml").read_text()
    for part in ("help.json", "examples/*", "pictures/*"):
        assert f'"static/nodes/{part}"' in declared


def test_the_page_in_ones_language_comes_first() -> None:
    assert list(candidates("Blur", "zh-CN")) == [
        "docs/Blur/zh-CN.md",
        "docs/Blur/zh.md",
        "docs/Blur.md",
        "docs/Blur/en.md",
    ]
    assert list(candidates("Blur", "../../x")) == ["docs/Blur.md", "docs/Blur/en.md"]


def test_an_installation_without_the_examples_does_without(tmp_path: Path) -> None:
    assert examples(tmp_path) == {}
