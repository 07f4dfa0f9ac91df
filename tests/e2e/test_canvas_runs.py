"""Running what is on the canvas: states of nodes, pictures, caching, history, errors."""

import re

from playwright.sync_api import expect

from tests.e2e.canvas import Canvas
from tests.e2e.conftest import NewPage, shot
from tests.e2e.program import Program


def prompt_of(canvas: Canvas, text: str) -> None:
    canvas.type_into(canvas.widget(canvas.titled("Prompt").first, "text"), text)


def test_the_demo_workflow_is_there_and_one_press_makes_a_picture(canvas: Canvas) -> None:
    expect(canvas.of_type("KSampler")).to_be_visible()
    canvas.press("Control+Enter")
    canvas.wait_until("SaveImage", "done|cached")
    picture = canvas.of_type("SaveImage").locator("img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("async (img) => { await img.decode(); return img.naturalWidth }") == 128
    shot(canvas.page, "demo-done")
    assert canvas.complaints == []


def test_only_what_changed_runs_again(canvas: Canvas) -> None:
    prompt_of(canvas, "a mushroom on a purple background")
    canvas.press("Control+Enter")
    canvas.wait_until("SaveImage", "done|cached")
    prompt_of(canvas, "a cactus on a white background")
    canvas.press("Control+Enter")
    canvas.wait_until("CheckpointLoaderSimple", "cached")
    canvas.wait_until("KSampler", "done")
    canvas.wait_until("SaveImage", "done|cached")
    expect(canvas.titled("Negative").first).to_have_attribute("data-state", "cached")
    shot(canvas.page, "cached-nodes")
    assert canvas.complaints == []


def test_a_problem_is_pinned_to_its_node_and_says_what_to_do(canvas: Canvas) -> None:
    canvas.of_type("EmptyLatentImage").click(position={"x": 40, "y": 12})
    canvas.press("Delete")
    canvas.press("Control+Enter")
    expect(canvas.of_type("KSampler")).to_have_attribute("data-problem", "true")
    canvas.page.get_by_test_id("panel-button-problems").click()
    problem = canvas.page.get_by_test_id("problem-item").first
    expect(problem).to_contain_text("latent_image")
    shot(canvas.page, "problem-pinned")


def test_history_opens_a_picture_as_it_was(canvas: Canvas) -> None:
    prompt_of(canvas, "a rocket on a yellow background")
    canvas.press("Control+Enter")
    canvas.wait_until("SaveImage", "done|cached")
    prompt_of(canvas, "something else")
    canvas.page.get_by_test_id("panel-button-history").click()
    newest = canvas.page.locator('[data-testid^="history-item-"]').first
    expect(newest.locator("img").first).to_be_visible()
    shot(canvas.page, "history")
    newest.get_by_role("button", name=re.compile("as it was", re.IGNORECASE)).click()
    text = canvas.widget(canvas.titled("Prompt").first, "text").locator("textarea")
    expect(text).to_have_value("a rocket on a yellow background")


def test_the_gallery_shows_pictures_with_what_made_them(canvas: Canvas) -> None:
    canvas.press("Control+Enter")
    canvas.wait_until("SaveImage", "done|cached")
    canvas.page.get_by_test_id("panel-button-gallery").click()
    canvas.page.get_by_test_id("gallery-item").first.click()
    viewer = canvas.page.get_by_test_id("viewer")
    expect(viewer).to_be_visible()
    expect(viewer.get_by_text("fox").first).to_be_visible()
    shot(canvas.page, "gallery-viewer")
    canvas.press("Escape")
    expect(viewer).to_have_count(0)


def test_a_deep_link_shows_a_run(canvases: NewPage, program: Program) -> None:
    first = canvases(program.url).open()
    prompt_of(first, "a ghost on a black background")
    first.press("Control+Enter")
    first.wait_until("SaveImage", "done|cached")
    job = program.get("/api/v1/jobs?limit=1")["jobs"][0]["id"]
    second = canvases(program.url).open(f"#/run/{job}")
    text = second.widget(second.titled("Prompt").first, "text").locator("textarea")
    expect(text).to_have_value("a ghost on a black background")
    expect(second.of_type("SaveImage").locator("img").first).to_be_visible()
