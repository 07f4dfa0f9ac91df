"""The canvas without a mouse, without seeing it, in Chinese, on a phone."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.canvas import Canvas
from tests.e2e.conftest import NewPage, shot
from tests.e2e.program import ROOT, Program

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
SERIOUS = {"serious", "critical"}


def violations(canvas: Canvas) -> list[str]:
    """What axe-core finds that would keep somebody out."""
    canvas.page.evaluate(AXE.read_text() + ";0")
    found: Any = canvas.page.evaluate("async () => (await axe.run(document)).violations")
    return [
        f"{v['id']}: {v['help']} at {[n['target'] for n in v['nodes']][:3]}"
        for v in found
        if v["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
def test_axe_finds_nothing_serious(canvases: NewPage, program: Program, dark: bool) -> None:
    canvas = canvases(program.url, dark=dark).open()
    expect(canvas.of_type("KSampler")).to_be_visible()
    assert violations(canvas) == []
    for panel in (
        "templates",
        "workflows",
        "versions",
        "outline",
        "models",
        "queue",
        "history",
        "gallery",
        "problems",
    ):
        canvas.page.get_by_test_id(f"panel-button-{panel}").click()
        canvas.page.wait_for_timeout(400)
        shot(canvas.page, f"panel-{panel}-{'dark' if dark else 'light'}")
        assert violations(canvas) == [], panel


def test_the_page_speaks_chinese(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url, locale="zh-CN").open()
    expect(canvas.page.locator("html")).to_have_attribute("lang", re.compile("^zh"))
    expect(canvas.page.get_by_test_id("run-button")).to_contain_text(re.compile("[\u4e00-\u9fff]"))
    shot(canvas.page, "chinese")


def test_the_page_fits_a_phone(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url, size={"width": 390, "height": 844}, touch=True).open()
    expect(canvas.page.get_by_test_id("run-button")).to_be_in_viewport()
    assert canvas.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(canvas.page, "phone")


def test_the_outline_tells_the_graph_and_wires_it(canvas: Canvas) -> None:
    canvas.page.get_by_test_id("panel-button-outline").click()
    outline = canvas.page.get_by_test_id("panel-outline")
    expect(outline).to_contain_text("KSampler")
    source = outline.locator('[data-testid^="outline-source-"][data-testid$="-latent_image"]')
    expect(source.first).to_be_visible()
    shot(canvas.page, "outline")
