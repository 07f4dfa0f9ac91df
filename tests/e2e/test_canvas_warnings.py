"""What a person is told without a failure: warnings of nodes, and pictures the safety policy replaced."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import NewPage, shot
from tests.e2e.program import Program

PICTURES = Path(__file__).parents[1] / "safety_policy"


def mark_of(node: Locator) -> Locator:
    return node.get_by_test_id("warning-mark")


def test_a_missing_embedding_is_told_at_its_node_until_the_prompt_is_mended(
    canvases: NewPage, program: Program
) -> None:
    canvas = canvases(program.url).open()
    prompt = canvas.titled("Prompt").first
    canvas.type_into(canvas.widget(prompt, "text"), "a fox, embedding:moss")
    canvas.press("Control+Enter")
    canvas.wait_until("SaveImage", "done|cached")
    expect(mark_of(prompt)).to_be_visible()
    expect(prompt).not_to_have_attribute("data-problem", "true")
    mark_of(prompt).hover()
    expect(canvas.page.get_by_role("tooltip")).to_contain_text("'moss' is in none of the embedding folders")
    mark_of(prompt).click()
    listed = canvas.page.get_by_test_id("problem-item")
    expect(listed).to_contain_text("Warning of the node")
    expect(listed).to_contain_text("left out of the prompt")
    shot(canvas.page, "warning-at-node")

    canvas.pane.click(position={"x": 40, "y": 40})
    canvas.press("Control+Enter")
    # The seed is another one now; the prompt is as it was.
    expect(prompt).to_have_attribute("data-state", "cached", timeout=60_000)
    canvas.wait_until("SaveImage", "done")
    expect(mark_of(prompt)).to_be_visible()
    job = program.get("/api/v1/jobs?limit=1")["jobs"][0]
    another = canvases(program.url, locale="zh-CN").open(f"#/run/{job['id']}")
    node = another.of_type("CLIPTextEncode").filter(has=another.page.get_by_test_id("warning-mark"))
    expect(node).to_have_count(1)
    another.page.get_by_test_id("panel-button-problems").click()
    expect(another.page.get_by_test_id("problem-item")).to_contain_text("节点的警告")
    shot(another.page, "warning-from-the-cache")

    canvas.type_into(canvas.widget(prompt, "text"), "a fox on moss")
    canvas.press("Control+Enter")
    canvas.wait_until("KSampler", "done")
    expect(mark_of(prompt)).to_have_count(0)
    expect(listed).to_have_count(0)
    assert canvas.complaints == another.complaints == []


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A server with the safety policy, whose checker knows skulls."""
    base = tmp_path_factory.mktemp("guarded")
    (base / "input").mkdir()
    for name in ("skull.png", "fox.png"):
        shutil.copy(PICTURES / name, base / "input")
    with Program(base, "--safety", "required", "--safety-checker", "darkroom-demo") as started:
        yield started


@pytest.mark.parametrize(
    ("locale", "words"), [("en-US", "replaced by the safety policy"), ("zh-CN", "已被安全策略替换")]
)
def test_a_replaced_picture_is_marked_wherever_it_is_shown(
    canvases: NewPage, guarded: Program, locale: str, words: str
) -> None:
    guarded.run(
        {
            "1": {"class_type": "LoadImage", "inputs": {"image": "skull.png"}},
            "2": {"class_type": "LoadImage", "inputs": {"image": "fox.png"}},
            "3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["2", 0]}},
            "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": locale}},
        }
    )
    job = guarded.get("/api/v1/jobs?limit=1")["jobs"][0]["id"]
    canvas = canvases(guarded.url, locale=locale).open(f"#/run/{job}")
    saved, page = canvas.of_type("SaveImage"), canvas.page
    expect(saved.get_by_test_id("replaced")).to_have_text(words)
    expect(saved.get_by_test_id("replaced")).to_have_attribute("title", re.compile(".{20}"))
    expect(saved.locator("img")).to_have_count(2)
    expect(saved.get_by_role("note")).to_have_count(0)
    shot(page, f"replaced-node-{locale}")
    page.get_by_test_id("panel-button-history").click()
    expect(page.get_by_test_id(f"history-item-{job}").get_by_test_id("replaced")).to_have_text(words)
    shot(page, f"replaced-history-{locale}")
    page.get_by_test_id("panel-button-gallery").click()
    cells = page.get_by_test_id("gallery-item").filter(has=page.get_by_test_id("replaced"))
    expect(cells.first).to_contain_text(words)
    shot(page, f"replaced-gallery-{locale}")
    cells.first.click()
    viewer = page.get_by_test_id("viewer")
    expect(viewer.get_by_test_id("replaced")).to_have_text(words)
    expect(viewer.get_by_role("note")).to_be_visible()
    shot(page, f"replaced-viewer-{locale}")
    assert canvas.complaints == []
