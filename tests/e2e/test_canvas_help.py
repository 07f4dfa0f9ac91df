"""Reading about nodes inside the canvas: the built-in ones with their examples, and those of packs."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Locator, expect

from tests.e2e.canvas import Canvas
from tests.e2e.conftest import NewPage, shot
from tests.e2e.program import ROOT, Program
from tests.e2e.test_canvas_for_everyone import violations


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A server with a pack that has pages for its nodes."""
    base = tmp_path_factory.mktemp("program")
    shutil.copytree(ROOT / "tests/packs/web_routes", base / "custom_nodes" / "web_routes")
    with Program(base) as started:
        started.get("/api/v1/packs")  # answered once the pack is loaded
        yield started


def page_of(canvas: Canvas, title: str) -> Locator:
    """What the panel shows of a node."""
    return canvas.page.get_by_test_id("panel-node").get_by_role("article", name=title, exact=True)


def is_drawn(picture: Locator) -> None:
    expect(picture).to_be_visible()
    expect(picture).not_to_have_js_property("naturalWidth", 0)


def test_a_key_opens_the_page_of_a_node_and_escape_leads_back(canvas: Canvas) -> None:
    node = canvas.of_type("KSampler")
    node.locator("[data-title]").click()
    canvas.press("i")
    page = page_of(canvas, "KSampler")
    expect(page.get_by_role("heading", level=3)).to_be_focused()
    expect(page).to_contain_text("denoise the latent image")
    expect(page.get_by_text("0 to 100, in steps of 0.1")).to_be_visible()
    is_drawn(page.get_by_role("img", name="The same seed with ever more steps."))
    choices = page.locator("details", has_text="choices").first
    expect(choices.get_by_text("uni_pc_bh2")).to_be_hidden()
    choices.locator("summary").click()
    expect(choices.get_by_text("uni_pc_bh2")).to_be_visible()
    shot(canvas.page, "help-builtin-dark")
    assert violations(canvas) == []

    # Another page, in the same place, and back.
    page.get_by_role("button", name="Load Checkpoint").first.click()
    expect(page_of(canvas, "Load Checkpoint").get_by_role("heading", level=3)).to_be_focused()
    canvas.page.get_by_role("button", name="Back to the page before").click()
    expect(page).to_be_visible()
    canvas.press("Escape")
    expect(canvas.page.get_by_test_id("panel-node")).to_have_count(0)
    canvas.press("F2")
    expect(node.get_by_role("textbox").first).to_be_focused()
    assert canvas.complaints == []


def test_the_panel_follows_the_selection_and_opens_examples(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url, dark=False).open()
    canvas.of_type("VAEDecode").locator("[data-title]").click(button="right")
    canvas.page.get_by_role("menuitem", name="Help on this node").click()
    expect(page_of(canvas, "VAE Decode")).to_be_visible()
    canvas.of_type("KSampler").locator("[data-title]").click()
    page = page_of(canvas, "KSampler")
    expect(page.get_by_role("img", name="The same seed")).to_be_visible()
    shot(canvas.page, "help-builtin-light")
    assert violations(canvas) == []
    page.get_by_role("button", name="Open this example").click()
    expect(canvas.page.get_by_test_id("workflow-tab").filter(has_text="Example of KSampler")).to_be_visible()
    expect(canvas.of_type("GridValues")).to_be_visible()
    shot(canvas.page, "help-example")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(canvas.of_type("KSampler")).to_have_count(2)
    assert canvas.complaints == []


def test_while_choosing_a_node_one_reads_the_page_its_pack_has_in_ones_language(
    canvases: NewPage, program: Program
) -> None:
    canvas = canvases(program.url, locale="zh-CN").open()
    asked: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    canvas.page.on("dialog", dismiss)
    canvas.page.mouse.dblclick(*canvas.empty_spot())
    search = canvas.page.get_by_role("dialog", name="添加节点").get_by_role("textbox")
    expect(search).to_be_focused()
    canvas.page.keyboard.type("WebRoutesAnnounce")
    canvas.press("F1")
    page = page_of(canvas, "Announce")
    expect(page).to_contain_text("把文本告诉所有打开的页面。")
    is_drawn(page.get_by_role("img", name="有人说话"))
    expect(page.get_by_role("cell", name="要告诉的内容")).to_be_visible()
    # The list has moved aside, and goes on.
    expect(search).to_be_focused()
    panel, box = canvas.page.get_by_test_id("panel-node").bounding_box(), search.bounding_box()
    assert panel is not None and box is not None and box["x"] >= panel["x"] + panel["width"]
    shot(canvas.page, "help-palette")
    canvas.press("Enter")
    expect(canvas.of_type("WebRoutesAnnounce")).to_be_in_viewport(ratio=0.99)
    # Of its HTML only the words are there.
    page.get_by_text("大声").click()
    expect(page.locator("script, [onclick]")).to_have_count(0)
    expect(canvas.page.get_by_role("status").filter(has_text="Announce 的帮助")).to_be_attached()
    page.get_by_text("输入和输出").click()
    expect(page.locator("dt").filter(has_text="file")).to_be_visible()
    assert violations(canvas) == []
    shot(canvas.page, "help-pack")
    page.get_by_role("button", name="String", exact=True).first.click()
    expect(page_of(canvas, "String")).to_be_visible()
    assert asked == [] and canvas.complaints == []
