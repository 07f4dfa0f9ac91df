"""Nothing a person did is lost: closed tabs, killed servers, second tabs, files from elsewhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from playwright.sync_api import expect

from tests.e2e.canvas import Canvas
from tests.e2e.conftest import NewPage, shot
from tests.e2e.program import ROOT, Program

WORKFLOWS = ROOT / "tests/workflows"


def text_of(canvas: Canvas) -> str:
    return canvas.widget(canvas.titled("Prompt").first, "text").locator("textarea").input_value()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[list[Program]]:
    """Servers a test may kill."""
    started: list[Program] = []
    yield started
    for program in started:
        program.process.kill()
        program.process.wait()


def serve(own: list[Program], base: Path, port: int = 0) -> Program:
    own.append(Program(base, *(("--port", str(port)) if port else ())))
    return own[-1].__enter__()


def test_a_picture_made_by_comfyui_opens_as_the_workflow_in_it(canvas: Canvas, tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", (WORKFLOWS / "text_to_image.api.json").read_text())
    info.add_text("workflow", (WORKFLOWS / "text_to_image.json").read_text())
    file = tmp_path / "ComfyUI_00001_.png"
    Image.new("RGB", (64, 64), "teal").save(file, pnginfo=info)
    canvas.drop_file(file, "image/png")
    document = json.loads((WORKFLOWS / "text_to_image.json").read_text())
    expect(canvas.nodes).to_have_count(len(document["nodes"]))
    shot(canvas.page, "dropped-picture")
    assert canvas.complaints == []


def test_nodes_nobody_knows_stay_and_what_is_missing_is_listed(canvas: Canvas) -> None:
    canvas.drop_file(WORKFLOWS / "object_widgets.json", "application/json")
    document = json.loads((WORKFLOWS / "object_widgets.json").read_text())
    expect(canvas.nodes).to_have_count(len(document["nodes"]))
    expect(canvas.page.locator('[data-testid^="missing-pack-"]').first).to_be_visible()
    shot(canvas.page, "missing")


def test_edits_outlive_a_closed_tab(canvases: NewPage, program: Program) -> None:
    first = canvases(program.url).open()
    first.type_into(first.widget(first.titled("Prompt").first, "text"), "kept in the tab")
    first.page.wait_for_timeout(200)
    again = canvases(program.url, beside=first)
    first.page.close()
    again.open()
    assert text_of(again) == "kept in the tab"
    again.press("Control+z")
    expect(again.widget(again.titled("Prompt").first, "text").locator("textarea")).not_to_have_value(
        "kept in the tab"
    )


def test_a_server_killed_while_one_edits_costs_nothing(
    canvases: NewPage, own: list[Program], tmp_path: Path
) -> None:
    program = serve(own, tmp_path)
    port = int(program.url.rsplit(":", 1)[1])
    canvas = canvases(program.url).open()
    canvas.type_into(canvas.widget(canvas.titled("Prompt").first, "text"), "before the fall")
    program.process.kill()
    program.process.wait()
    canvas.type_into(canvas.widget(canvas.titled("Prompt").first, "text"), "a fox face on a blue background")
    expect(canvas.page.get_by_text(re.compile("server", re.IGNORECASE)).first).to_be_visible()
    shot(canvas.page, "server-gone")
    serve(own, tmp_path, port)
    expect(canvas.page.get_by_text("Connected").first).to_be_attached(timeout=40_000)
    assert text_of(canvas) == "a fox face on a blue background"
    canvas.press("Control+Enter")
    canvas.wait_until("SaveImage", "done|cached")
    # Another browser finds the edits on the server.
    drafts = own[-1].get("/api/v1/drafts")
    assert drafts["drafts"], drafts


def test_a_part_of_the_page_asked_for_while_the_server_is_gone_comes_once_it_is_back(
    canvases: NewPage, own: list[Program], tmp_path: Path
) -> None:
    program = serve(own, tmp_path)
    port = int(program.url.rsplit(":", 1)[1])
    canvas = canvases(program.url).open()
    expect(canvas.page.get_by_text("Connected").first).to_be_attached()
    program.process.kill()
    program.process.wait()
    expect(canvas.page.get_by_text("Offline").first).to_be_attached()
    canvas.press("Control+Comma")
    # The page goes on without.
    canvas.type_into(canvas.widget(canvas.titled("Prompt").first, "text"), "typed meanwhile")
    shot(canvas.page, "part-missing")
    expect(canvas.page.get_by_role("dialog", name="Settings")).to_have_count(0)
    serve(own, tmp_path, port)
    expect(canvas.page.get_by_role("dialog", name="Settings")).to_be_visible(timeout=40_000)
    canvas.press("Escape")
    assert text_of(canvas) == "typed meanwhile"


def test_a_second_tab_on_a_workflow_does_not_overwrite_the_first(canvases: NewPage, program: Program) -> None:
    first = canvases(program.url).open()
    first.type_into(first.widget(first.titled("Prompt").first, "text"), "first tab")
    first.page.wait_for_timeout(300)
    second = canvases(program.url, beside=first).open()
    expect(second.page.get_by_test_id("banner-elsewhere")).to_be_visible()
    shot(second.page, "second-tab")
    second.type_into(second.widget(second.titled("Prompt").first, "text"), "second tab")
    second.page.wait_for_timeout(500)
    assert text_of(first) == "first tab"
    first.page.reload()
    expect(first.nodes.first).to_be_visible()
    assert text_of(first) == "first tab"


def test_a_saved_workflow_is_a_document_comfyui_opens(canvas: Canvas, program: Program) -> None:
    canvas.type_into(canvas.widget(canvas.titled("Prompt").first, "text"), "saved by hand")
    canvas.command("Save as…")
    canvas.page.get_by_test_id("ask-name").fill("by hand")
    canvas.page.get_by_test_id("ask-yes").click()
    expect(canvas.page.get_by_test_id("workflow-tab").filter(has_text="by hand")).to_be_visible()
    saved = program.get("/api/v1/workflows/by%20hand/versions/main")["document"]
    assert saved["version"] == 0.4 and any(
        "saved by hand" in str(n["widgets_values"]) for n in saved["nodes"]
    )
    canvas.page.goto(f"{program.url}/#/workflow/by%20hand")
    expect(canvas.widget(canvas.titled("Prompt").first, "text").locator("textarea")).to_have_value(
        "saved by hand"
    )


def test_a_file_becomes_a_workflow_when_it_is_saved(canvas: Canvas, program: Program) -> None:
    document = json.loads((WORKFLOWS / "text_to_image.json").read_text())
    status, _ = program.post("/userdata/workflows%2Fold%2Ffrom%20before.json", document)
    assert status == 200
    canvas.page.get_by_test_id("panel-button-workflows").click()
    canvas.page.get_by_test_id("folder-old/").click()
    canvas.page.get_by_test_id("file-old/from before").click()
    expect(canvas.nodes).to_have_count(len(document["nodes"]))
    canvas.press("Control+s")
    # A model of it is missing, which a panel tells.
    canvas.page.get_by_test_id("panel-button-workflows").click()
    expect(canvas.page.get_by_test_id("workflow-from before")).to_be_visible()
    assert program.get("/api/v1/workflows/from%20before")["head"]["number"] == 1
    assert program.get("/userdata/workflows%2Fold%2Ffrom%20before.json") == document
