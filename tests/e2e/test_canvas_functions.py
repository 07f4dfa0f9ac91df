"""Workflows as functions: published by pointing, run through a form, used as a node, upgraded."""

import copy
import json
import re
import urllib.parse
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from tests.e2e.canvas import Canvas
from tests.e2e.conftest import NewPage, shot
from tests.e2e.program import ROOT, Program
from tests.e2e.test_canvas_for_everyone import violations
from workflows.library import newest

PROMPT: dict[str, Any] = json.loads((ROOT / "workflows/library/text_to_image.json").read_text())
STEPS = 4


def function(*more: dict[str, Any]) -> dict[str, Any]:
    """A prompt and, optionally, further inputs; gives a picture."""
    prompt = {"name": "prompt", "type": "STRING", "targets": [{"node": "positive", "input": "text"}]}
    picture = {"name": "picture", "type": "IMAGE", "source": {"node": "decode", "slot": 0}}
    return {"title": "Portrait", "inputs": [prompt, *more], "outputs": [picture]}


def publish(program: Program, name: str, number: str, declared: dict[str, Any], steps: int = STEPS) -> None:
    """Commit the demo graph with this declaration, and release it."""
    graph = copy.deepcopy(PROMPT)
    graph["sampler"]["inputs"]["steps"] = steps
    document = {"prompt": graph, "extra": {"darkroom": {"function": declared}}}
    path = f"/api/v1/workflows/{urllib.parse.quote(name)}"
    if number == "1.0.0":
        status, made = program.post("/api/v1/workflows", {"name": name, "document": document})
        version = made["id"]
    else:
        head = program.get(path)["head"]["id"]
        status, made = program.post(f"{path}/versions", {"document": document, "parent": head})
        version = made["version"]["id"]
    assert status == 200, made
    status, made = program.post(f"{path}/releases", {"version": version, "number": number})
    assert status == 200, made


def end_of_run(canvas: Canvas) -> Locator:
    """The newest result of a form, once it is over."""
    result = canvas.page.get_by_test_id("form-result")
    expect(result).to_have_attribute("data-state", "success", timeout=60_000)
    return result


def form(canvas: Canvas, address: str) -> None:
    canvas.page.goto(f"{canvas.url}/#/form/{address}")
    expect(canvas.page.get_by_test_id("form-run")).to_be_visible(timeout=30_000)


def test_what_is_pointed_at_is_published_and_run_through_a_form(canvas: Canvas, tmp_path: Path) -> None:
    graph = copy.deepcopy(PROMPT)
    graph["sampler"]["inputs"]["steps"] = STEPS
    path = tmp_path / "pointed.json"
    path.write_text(json.dumps(graph))
    canvas.drop_file(path, "application/json")
    expect(canvas.of_type("KSampler")).to_have_count(1)
    canvas.command("Publish as function…")
    panel = canvas.page.get_by_test_id("panel-publish")
    expect(panel.get_by_test_id("publish")).to_be_disabled()
    canvas.press(".")

    canvas.widget(canvas.titled("Prompt").first, "text").click()
    canvas.widget(canvas.of_type("KSampler"), "cfg").click()
    canvas.widget(canvas.of_type("KSampler"), "seed").click()
    canvas.widget(canvas.of_type("KSampler"), "cfg").click()
    canvas.of_type("SaveImage").locator("[data-title]").click()
    entries = panel.locator('[data-testid^="publish-entry-"]')
    expect(entries).to_have_count(3)
    marked = canvas.page.locator("[data-chosen]:not([data-node-type])")
    assert marked.evaluate_all("all => all.map(one => one.dataset.chosen)") == ["prompt", "seed", "image"]
    name = panel.get_by_role("textbox", name="Name of the input").first
    name.fill("What to draw")
    expect(panel.get_by_text("Small letters, digits")).to_be_visible()
    name.fill("subject")
    panel.get_by_test_id("publish-title").fill("Pointed at")
    panel.get_by_role("button", name="More of seed").click()
    panel.get_by_role("button", name=re.compile("^seed, number 2")).focus()
    canvas.press("Alt+ArrowUp")
    expect(panel.get_by_role("textbox", name="Name of the input").first).to_have_value("seed")
    shot(canvas.page, "publish-panel")
    assert violations(canvas) == []
    canvas.press("Control+z")  # the order
    expect(panel.get_by_role("textbox", name="Name of the input").first).to_have_value("subject")

    panel.get_by_test_id("publish").click()
    canvas.page.get_by_test_id("ask-name").fill("pointed at")
    canvas.page.get_by_test_id("ask-yes").click()
    expect(canvas.page.get_by_test_id("release-first")).to_be_checked(timeout=20_000)
    shot(canvas.page, "publish-dialog")
    canvas.page.get_by_test_id("release-yes").click()
    expect(canvas.page.get_by_test_id("release-done")).to_contain_text("pointed at@1.0.0")
    canvas.page.get_by_role("link", name="Open the form").click()

    expect(canvas.page.get_by_role("heading", name="Pointed at")).to_be_visible()
    canvas.page.get_by_label("Subject").fill("a red apple on a white background")
    canvas.press("Control+Enter")
    picture = end_of_run(canvas).locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 128
    shot(canvas.page, "form-done")
    assert violations(canvas) == []
    assert canvas.complaints == []


def test_a_form_keeps_what_was_made_and_is_shared_by_its_address(canvases: NewPage, program: Program) -> None:
    steps = {
        "name": "steps",
        "type": "INT",
        "targets": [{"node": "sampler", "input": "steps"}],
        "default": STEPS,
        "min": 1,
        "max": 8,
    }
    publish(program, "shared", "1.0.0", function(steps))
    canvas = canvases(program.url, dark=False)
    form(canvas, "shared@1.0.0?prompt=a%20blue%20owl&steps=2")
    prompt = canvas.page.get_by_label("Prompt")
    expect(prompt).to_have_value("a blue owl")
    canvas.page.get_by_role("textbox", name="Steps").fill("9")
    canvas.page.get_by_test_id("form-run").click()
    expect(canvas.page.get_by_text("8 is the most.")).to_be_visible()
    expect(canvas.page.get_by_role("textbox", name="Steps")).to_be_focused()
    canvas.page.get_by_role("textbox", name="Steps").fill("3")
    canvas.page.get_by_test_id("form-run").click()
    end_of_run(canvas)

    prompt.fill("something else")
    canvas.page.wait_for_url(re.compile("something%20else&steps=3"))
    canvas.page.reload()
    expect(prompt).to_have_value("something else")
    canvas.page.get_by_test_id("form-past").get_by_role("button").first.click()
    expect(prompt).to_have_value("a blue owl")
    expect(canvas.page.get_by_test_id("form-result").locator("img")).to_be_visible()
    canvas.page.get_by_test_id("form-share").click()
    shared = str(canvas.page.evaluate("navigator.clipboard.readText()"))
    assert shared.endswith("#/form/shared@1.0.0?prompt=a%20blue%20owl&steps=3")
    assert violations(canvas) == []

    phone = canvases(program.url, size={"width": 390, "height": 844}, locale="zh-CN", touch=True)
    form(phone, "shared")
    assert phone.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(phone.page.get_by_test_id("form-run")).to_be_in_viewport()
    expect(phone.page.get_by_test_id("form-run")).to_contain_text(re.compile("[\u4e00-\u9fff]"))
    assert canvas.complaints == phone.complaints == []


def test_a_sweep_from_the_form_gives_a_grid_and_a_table(
    canvases: NewPage, program: Program, tmp_path: Path
) -> None:
    inputs = [
        {"name": name, "type": kind, "targets": [{"node": "sampler", "input": name}], "default": value}
        for name, kind, value in (("steps", "INT", 2), ("cfg", "FLOAT", 4))
    ]
    publish(program, "swept", "1.0.0", function(*inputs))
    canvas = canvases(program.url)
    form(canvas, "swept")
    canvas.page.get_by_test_id("form-sweep").click()
    steps, cfg = (canvas.page.get_by_test_id(f"axis-{name}") for name in ("steps", "cfg"))
    steps.get_by_text("List").click()
    steps.get_by_role("textbox", name="Steps").fill("1, 2, many")
    expect(steps).to_contain_text("These do not fit: many")
    expect(canvas.page.get_by_test_id("sweep-start")).to_be_disabled()
    steps.get_by_role("textbox", name="Steps").fill("1, 2")
    cfg.get_by_text("Range").click()
    cfg.get_by_role("textbox", name="To").fill("6")
    cfg.get_by_role("textbox", name="Step").fill("2")
    expect(canvas.page.get_by_test_id("sweep-count")).to_have_text("4 runs")
    shot(canvas.page, "sweep-setup")
    assert violations(canvas) == []
    canvas.page.get_by_test_id("sweep-start").click()
    sweep = canvas.page.get_by_test_id("sweep")
    expect(sweep).to_have_attribute("data-state", "done", timeout=60_000)
    grid = canvas.page.get_by_test_id("sweep-grid")
    expect(grid).to_be_visible()
    assert grid.evaluate("async (image) => { await image.decode(); return image.naturalWidth }") > 256
    rows = canvas.page.get_by_test_id("sweep-rows").locator("tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.last.locator("img")).to_be_visible()
    assert violations(canvas) == []
    shot(canvas.page, "sweep")

    table = tmp_path / "runs.csv"
    table.write_text("steps,cfg,mood\n1,3,dark\n2,5,light\n")
    canvas.page.get_by_role("link", name="Back to the form").click()
    canvas.page.get_by_test_id("form-sweep").click()
    canvas.page.get_by_test_id("sweep-setup").locator("input[type=file]").first.set_input_files(table)
    expect(canvas.page.get_by_test_id("sweep-table")).to_contain_text("2 runs. Columns: steps, cfg")
    expect(canvas.page.get_by_test_id("sweep-table")).to_contain_text("mood")
    expect(canvas.page.get_by_test_id("sweep-start")).to_have_text("Start 2 runs")
    assert canvas.complaints == []


def test_a_form_that_is_not_there_says_so(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url)
    canvas.page.goto(f"{program.url}/#/form/nowhere")
    expect(canvas.page.get_by_test_id("form-error")).to_contain_text("nowhere")


def test_a_release_is_a_node_and_is_upgraded_with_its_differences_in_sight(
    canvas: Canvas, program: Program
) -> None:
    publish(program, "Portrait study", "1.0.0", function())
    canvas.press("Control+Alt+n")
    expect(canvas.nodes).to_have_count(0)
    canvas.press("r")  # the classes anew: somebody else has published
    canvas.page.get_by_test_id("panel-button-templates").click()
    canvas.page.get_by_role("link", name="Library").click()
    card = canvas.page.get_by_test_id("library-Portrait study")
    expect(card).to_contain_text("1.0.0")
    shot(canvas.page, "library")
    assert violations(canvas) == []
    card.get_by_role("button", name="Insert Portrait study as node").click()
    node = canvas.of_type("workflow/Portrait study@1.0.0")
    expect(node).to_contain_text("Portrait")
    canvas.type_into(canvas.widget(node, "prompt"), "a green cactus in a pot")
    box = node.bounding_box()
    assert box is not None
    canvas.add("PreviewImage", (int(box["x"] + box["width"]) + 80, int(box["y"]) + 60))
    expect(canvas.of_type("PreviewImage")).to_be_visible()
    canvas.drag(canvas.output(node, 0), canvas.input(canvas.of_type("PreviewImage"), "images"))
    expect(canvas.links).to_have_count(1)
    canvas.press("Control+Enter")
    canvas.wait_until("PreviewImage", "done")

    cfg = {
        "name": "cfg",
        "type": "FLOAT",
        "targets": [{"node": "sampler", "input": "cfg"}],
        "default": 5,
        "min": 1,
        "max": 9,
    }
    publish(program, "Portrait study", "1.1.0", function(cfg), steps=STEPS + 1)
    canvas.command("Reload node classes and model lists")
    badge = node.get_by_title("Upgrade to 1.1.0…")
    expect(badge).to_be_visible(timeout=30_000)
    badge.click()
    dialog = canvas.page.get_by_test_id("upgrade")
    expect(dialog.get_by_test_id("upgrade-interface")).to_contain_text("cfg")
    expect(dialog.get_by_test_id("upgrade-inside")).to_contain_text(re.compile(f"{STEPS}.*{STEPS + 1}"))
    shot(canvas.page, "upgrade")
    assert violations(canvas) == []
    dialog.get_by_test_id("upgrade-yes").click()
    upgraded = canvas.of_type("workflow/Portrait study@1.1.0")
    expect(canvas.widget(upgraded, "prompt").get_by_role("textbox")).to_have_value("a green cactus in a pot")
    expect(canvas.widget(upgraded, "cfg")).to_contain_text("5")
    expect(canvas.links).to_have_count(1)
    shot(canvas.page, "upgraded")
    canvas.press("Control+z")
    expect(node).to_be_visible()
    canvas.press("Control+Shift+z")
    canvas.press("Control+Enter")
    canvas.wait_until("PreviewImage", "done|cached")
    assert canvas.complaints == []


def test_a_release_that_is_not_here_says_what_to_do(canvas: Canvas, program: Program, tmp_path: Path) -> None:
    publish(program, "half here", "1.0.0", function())
    lost = {"1": {"class_type": "workflow/half here@7.0.0", "inputs": {"prompt": "a fox"}}}
    path = tmp_path / "lost.json"
    path.write_text(json.dumps(lost))
    canvas.drop_file(path, "application/json")
    node = canvas.of_type("workflow/half here@7.0.0")
    expect(node).to_contain_text("missing")
    missing = canvas.page.get_by_test_id("missing-release-workflow/half here@7.0.0")
    missing.get_by_role("button", name="Choose another release").click()
    canvas.page.get_by_test_id("upgrade-yes").click()
    expect(canvas.of_type("workflow/half here@1.0.0")).to_be_visible()
    expect(missing).to_have_count(0)


def test_every_shipped_workflow_has_a_form(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url)
    shipped = {one.name for one in newest().values()}
    found = {one["name"]: one for one in program.get("/api/v1/functions")["functions"]}
    assert shipped <= found.keys()
    for name in sorted(shipped):
        form(canvas, name)
        title = canvas.page.get_by_role("heading", level=1, name=found[name]["title"], exact=True)
        expect(title).to_be_visible()
    assert canvas.complaints == []
