"""What is around the canvas: waiting for the server, queue, history, pictures, files, settings."""

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Route, expect

from tests.e2e.canvas import Canvas
from tests.e2e.conftest import NewPage, shot
from tests.e2e.program import ROOT, Program

WORKFLOWS = ROOT / "tests/workflows"
BROKEN = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "broken.png"}},
    "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
}


def panel(canvas: Canvas, name: str) -> Locator:
    """Open a panel."""
    canvas.page.get_by_test_id(f"panel-button-{name}").click()
    return canvas.page.get_by_test_id(f"panel-{name}")


def run(canvas: Canvas) -> None:
    canvas.press("Control+Enter")
    canvas.wait_until("SaveImage", "done|cached")


def prompt(canvas: Canvas) -> Locator:
    return canvas.widget(canvas.titled("Prompt").first, "text")


def number(canvas: Canvas, class_type: str, name: str, value: str) -> None:
    """Type a number into a widget."""
    widget = canvas.widget(canvas.of_type(class_type), name)
    widget.click()
    expect(widget.locator("input")).to_be_focused()
    canvas.press("Control+a")
    canvas.page.keyboard.type(value)
    canvas.press("Enter")


def seed(canvas: Canvas) -> str:
    box = canvas.widget(canvas.of_type("KSampler"), "seed").get_by_role("spinbutton")
    return box.get_attribute("aria-valuenow") or ""


def drop(canvas: Canvas, files: dict[str, str]) -> None:
    """Drop several text files at once."""
    data = canvas.page.evaluate_handle(
        """(files) => {
          const transfer = new DataTransfer();
          for (const [name, text] of Object.entries(files))
            transfer.items.add(new File([text], name, {type: "application/json"}));
          return transfer;
        }""",
        files,
    )
    for event in ("dragenter", "dragover", "drop"):
        canvas.pane.dispatch_event(event, {"dataTransfer": data, "clientX": 500, "clientY": 400})


def exported(canvas: Canvas, command: str) -> Any:
    """What a command gives to download, read as JSON."""
    with canvas.page.expect_download() as download:
        canvas.command(command)
    return json.loads(download.value.path().read_text())


def save_as(canvas: Canvas, name: str) -> None:
    canvas.command("Save as…")
    canvas.page.get_by_test_id("ask-name").fill(name)
    canvas.page.get_by_test_id("ask-yes").click()
    expect(canvas.page.get_by_test_id("workflow-tab").filter(has_text=name.split("/")[-1])).to_be_visible()


def test_a_first_start_says_what_it_waits_for(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url)
    held: list[Route] = []
    canvas.page.route("**/object_info", lambda route: held.append(route))
    canvas.page.goto(program.url)
    expect(canvas.page.get_by_test_id("waiting")).to_contain_text("loading its node classes")
    shot(canvas.page, "first-start")
    held[0].continue_()
    expect(canvas.of_type("KSampler")).to_be_visible(timeout=30_000)
    assert canvas.complaints == []


def test_a_worker_that_cannot_start_is_told_and_asked_again(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url)
    error = {"code": "worker_failed", "message": "the worker cannot start: no driver", "where": "worker"}
    canvas.page.route("**/object_info", lambda route: route.fulfill(status=503, json={"error": error}))
    canvas.open()
    banner = canvas.page.get_by_test_id("banner-nodes")
    expect(banner).to_contain_text("the worker cannot start: no driver")
    expect(canvas.page.get_by_test_id("run-button")).to_be_disabled()
    shot(canvas.page, "worker-failed")
    canvas.page.unroute("**/object_info")
    banner.get_by_role("button").click()
    expect(banner).to_have_count(0)
    run(canvas)


def test_the_queue_is_paused_put_in_order_and_cleared(canvas: Canvas) -> None:
    queue = panel(canvas, "queue")
    pause = canvas.page.get_by_test_id("queue-pause")
    pause.click()
    expect(pause).to_contain_text("Resume")
    try:
        canvas.page.get_by_test_id("run-count").fill("3")
        seeds = {seed(canvas)}
        canvas.press("Control+Enter")
        jobs = queue.locator('[data-testid^="queue-item-"]')
        expect(jobs).to_have_count(3)
        assert seed(canvas) not in seeds, "the seed is to move on"
        ids = [str(job.get_attribute("data-testid")) for job in jobs.all()]

        jobs.nth(2).drag_to(jobs.nth(0))
        expect(jobs.nth(0)).to_have_attribute("data-testid", ids[2])
        jobs.nth(0).get_by_role("button", name=re.compile("Alt with up or down")).focus()
        canvas.press("Alt+ArrowDown")
        expect(jobs.nth(1)).to_have_attribute("data-testid", ids[2])
        shot(canvas.page, "queue-order")

        jobs.nth(0).get_by_role("button", name=re.compile("^More for")).click()
        canvas.page.get_by_role("menuitem", name="Priority…").click()
        expect(canvas.page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
        canvas.page.keyboard.type("1000")
        canvas.press("Enter")
        expect(jobs.nth(2)).to_have_attribute("data-testid", ids[0])
        expect(jobs.nth(2)).to_contain_text("priority 1000")

        jobs.nth(0).get_by_role("button", name=re.compile("out of the queue")).click()
        expect(jobs).to_have_count(2)
        canvas.page.get_by_test_id("queue-clear").click()
        canvas.page.get_by_role("dialog").get_by_role("button", name="Clear").click()
        expect(jobs).to_have_count(0)
    finally:
        pause.click()
    expect(pause).to_contain_text("Pause")
    assert canvas.complaints == []


def test_previews_come_while_sampling_and_the_run_can_be_stopped(canvas: Canvas) -> None:
    number(canvas, "KSampler", "steps", "5000")
    canvas.press("Control+Enter")
    expect(canvas.of_type("KSampler").locator("img, canvas").first).to_be_visible()
    shot(canvas.page, "sampling")
    canvas.page.get_by_test_id("cancel-button").click()
    expect(canvas.page.get_by_test_id("cancel-button")).to_be_disabled()
    history = panel(canvas, "history")
    expect(history.locator('[data-testid^="history-item-"]').first).to_contain_text("Stopped")


def test_explain_tells_what_would_run(canvas: Canvas) -> None:
    run(canvas)
    canvas.page.get_by_test_id("explain-button").click()
    expect(canvas.of_type("CLIPTextEncode").first.get_by_text("cached", exact=True)).to_have_count(1)
    canvas.type_into(prompt(canvas), "an umbrella on a pink background")
    expect(canvas.of_type("KSampler")).to_contain_text("will run")
    shot(canvas.page, "explained")
    canvas.page.get_by_test_id("explain-button").click()
    expect(canvas.of_type("KSampler")).not_to_contain_text("will run")


def test_a_changed_graph_runs_by_itself(canvas: Canvas, program: Program) -> None:
    try:
        canvas.page.get_by_role("button", name="More ways to run").click()
        canvas.page.get_by_role("menuitemradio", name="When the graph changes").click()
        expect(canvas.page.get_by_test_id("run-button")).to_contain_text("Run on change")
        canvas.type_into(prompt(canvas), "a boat on an orange background")
        canvas.wait_until("SaveImage", "done")
    finally:
        program.post("/settings", {"Darkroom.AutoQueue": "off"})


def test_a_node_that_fails_shows_where(canvas: Canvas, program: Program) -> None:
    (program.base / "input").mkdir(exist_ok=True)
    (program.base / "input/broken.png").write_text("no picture")
    canvas.press("r")
    drop(canvas, {"broken.json": json.dumps(BROKEN)})
    expect(canvas.nodes).to_have_count(2)
    canvas.press("Control+Enter")
    canvas.wait_until("LoadImage", "failed")
    item = panel(canvas, "problems").get_by_test_id("problem-item")
    expect(item).to_contain_text("broken.png is not a picture")
    expect(item.get_by_text("File ")).not_to_be_visible()
    item.get_by_text("Traceback").click()
    expect(item.get_by_text("load_image").first).to_be_visible()
    shot(canvas.page, "traceback")


def test_an_old_failure_is_not_told_again(canvas: Canvas, program: Program) -> None:
    (program.base / "input").mkdir(exist_ok=True)
    (program.base / "input/broken.png").write_text("no picture")
    drop(canvas, {"old.json": json.dumps(BROKEN)})
    expect(canvas.nodes).to_have_count(2)
    canvas.press("Control+Enter")
    told = canvas.page.get_by_text("The run failed")
    expect(told.first).to_be_visible()
    canvas.page.reload()
    canvas.wait_until("LoadImage", "failed")
    expect(told.and_(canvas.page.locator(":visible"))).to_have_count(0)


def test_history_compares_repeats_and_forgets(canvas: Canvas) -> None:
    run(canvas)
    canvas.type_into(prompt(canvas), "a castle on a green background")
    run(canvas)
    history = panel(canvas, "history")
    items = history.locator('[data-testid^="history-item-"]')
    items.nth(0).get_by_role("checkbox").check()
    items.nth(1).get_by_role("checkbox").check()
    expect(history).to_contain_text("a castle on a green background")
    shot(canvas.page, "history-compare")
    first = str(items.nth(0).get_attribute("data-testid"))
    items.nth(0).get_by_role("button", name="Run the same again").click()
    expect(items.nth(0)).not_to_have_attribute("data-testid", first)
    expect(items.nth(0)).to_contain_text("Done")
    history.get_by_test_id(first).hover()
    history.get_by_test_id(first).get_by_role("button", name=re.compile("^Forget")).click()
    expect(history.get_by_test_id(first)).to_have_count(0)


def test_history_comes_page_by_page(canvas: Canvas, program: Program) -> None:
    graph = {
        "1": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "2": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "darkroom-demo.safetensors"}},
        "3": {"class_type": "VAEDecode", "inputs": {"samples": ["1", 0], "vae": ["2", 2]}},
        "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
    }
    for _ in range(64):
        program.post("/prompt", {"prompt": graph})
    oldest = program.get("/api/v1/jobs?limit=1&sort_order=asc")["jobs"][0]["id"]
    history = panel(canvas, "history")
    last = history.get_by_test_id(f"history-item-{oldest}")
    for _ in range(20):
        if last.count():
            break
        # The list may draw its rows anew at any moment: ask the element itself rather than wait for it.
        history.locator('[data-testid^="history-item-"]').last.evaluate("row => row.scrollIntoView()")
        canvas.page.wait_for_timeout(200)
    expect(last).to_be_attached()


def test_the_viewer_zooms_compares_and_hands_on(canvas: Canvas) -> None:
    run(canvas)
    run(canvas)
    panel(canvas, "gallery")
    canvas.page.get_by_test_id("gallery-item").first.click()
    viewer = canvas.page.get_by_test_id("viewer")
    picture = viewer.locator("img").first
    expect(picture).to_be_visible()
    before = picture.bounding_box()
    canvas.press("+")
    canvas.page.wait_for_timeout(200)
    after = picture.bounding_box()
    assert before is not None and after is not None and after["width"] > before["width"]
    canvas.press("c")
    expect(viewer.get_by_role("slider")).to_be_visible()
    canvas.press("s")
    expect(viewer.get_by_role("slider")).to_have_count(0)
    shot(canvas.page, "viewer-side-by-side")
    with canvas.page.expect_download() as download:
        viewer.get_by_role("button", name="Download").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    viewer.get_by_role("button", name="Use in Load Image").click()
    expect(viewer).to_have_count(0)
    expect(canvas.of_type("LoadImage").locator("img")).to_be_visible()


def test_a_model_is_put_into_the_graph_by_click_and_by_drag(canvas: Canvas) -> None:
    models = panel(canvas, "models")
    item = models.get_by_test_id("model-item").filter(has_text="darkroom-demo").first
    item.drag_to(canvas.pane, target_position={"x": 600, "y": 60})
    expect(canvas.of_type("CheckpointLoaderSimple")).to_have_count(2)
    canvas.pane.click(position={"x": 600, "y": 20})
    item.get_by_role("button", name=re.compile("^Use ")).click()
    expect(canvas.of_type("CheckpointLoaderSimple")).to_have_count(3)
    canvas.press("Control+z")
    expect(canvas.of_type("CheckpointLoaderSimple")).to_have_count(2)


def test_language_theme_and_seeds_change_at_once(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url).open()
    try:
        canvas.page.get_by_role("button", name="Settings").first.click()
        dialog = canvas.page.get_by_role("dialog")
        dialog.get_by_text("Light", exact=True).click()
        expect(canvas.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")
        dialog.get_by_text("Before a run", exact=True).click()
        dialog.get_by_role("textbox", name="Language").or_(
            dialog.get_by_role("combobox", name="Language")
        ).first.click()
        canvas.page.get_by_role("option", name="简体中文").click()
        expect(canvas.page.get_by_test_id("run-button")).to_contain_text("运行")
        expect(dialog).to_contain_text("设置")
        canvas.press("Escape")
        shot(canvas.page, "chinese-light")
        run(canvas)
        shown = seed(canvas)
        canvas.press("Control+Enter")
        expect(canvas.of_type("KSampler")).to_have_attribute("data-state", re.compile("running|done"))
        canvas.wait_until("SaveImage", "done")
        job = program.get("/api/v1/jobs?limit=1")["jobs"][0]["id"]
        ran = program.get(f"/history/{job}")[job]["prompt"][2]
        used = next(n["inputs"]["seed"] for n in ran.values() if n["class_type"] == "KSampler")
        assert str(used) == seed(canvas) != shown, "before a run: the seed shown is the one that ran"
    finally:
        # Settings are the server's, too: the next test is to find it as it was.
        program.post(
            "/settings",
            {"Darkroom.Theme": "system", "Comfy.Locale": None, "Comfy.WidgetControlMode": "after"},
        )
    assert canvas.complaints == []


def test_workflows_are_renamed_labelled_duplicated_and_put_away(canvas: Canvas, program: Program) -> None:
    save_as(canvas, "fox portrait")
    library = panel(canvas, "workflows")
    expect(library.get_by_test_id("workflow-fox portrait")).to_be_visible()
    library.get_by_role("button", name="More for fox portrait", exact=True).click()
    canvas.page.get_by_role("menuitem", name="Rename…").click()
    canvas.page.get_by_test_id("ask-name").fill("red fox")
    canvas.page.get_by_test_id("ask-yes").click()
    row = library.get_by_test_id("workflow-red fox")
    expect(row).to_be_visible()
    expect(canvas.page.get_by_test_id("workflow-tab").filter(has_text="red fox")).to_be_visible()

    library.get_by_role("button", name="More for red fox", exact=True).click()
    canvas.page.get_by_role("menuitem", name="Labels…").click()
    row.locator("input").first.fill("woodland")
    canvas.press("Enter")
    row.get_by_role("button", name="Keep").click()
    library.get_by_role("button", name="woodland", exact=True).click()
    expect(library.locator('[data-testid^="workflow-"]')).to_have_count(1)
    shot(canvas.page, "workflow-library")
    library.get_by_role("button", name="woodland", exact=True).click()

    library.get_by_role("button", name="More for red fox", exact=True).click()
    canvas.page.get_by_role("menuitem", name="Duplicate").click()
    expect(library.get_by_test_id("workflow-red fox 2")).to_be_visible()
    library.get_by_role("button", name="More for red fox", exact=True).click()
    canvas.page.get_by_role("menuitem", name="Archive").click()
    expect(row).to_have_count(0)
    assert program.get("/api/v1/workflows/red%20fox")["archived"] is True
    canvas.page.get_by_role("button", name="Back from the archive").click()
    expect(row).to_be_visible()


def test_files_are_kept_in_folders_renamed_and_deleted(canvas: Canvas, program: Program) -> None:
    document = json.loads((WORKFLOWS / "text_to_image.json").read_text())
    program.post("/userdata/workflows%2Fportraits%2Ffox.json", document)
    files = panel(canvas, "workflows")
    files.get_by_test_id("folder-portraits/").click()
    row = files.get_by_test_id("file-portraits/fox")
    expect(row).to_be_visible()
    shot(canvas.page, "workflow-files")
    files.get_by_role("button", name="More for fox", exact=True).click()
    canvas.page.get_by_role("menuitem", name="Rename…").click()
    canvas.page.get_by_test_id("ask-name").fill("portraits/vixen")
    canvas.page.get_by_test_id("ask-yes").click()
    expect(row).to_have_count(0)
    renamed = files.get_by_test_id("file-portraits/vixen")
    expect(renamed).to_be_visible()
    assert program.get("/userdata/workflows%2Fportraits%2Fvixen.json")["nodes"]
    files.get_by_role("button", name="More for vixen", exact=True).click()
    canvas.page.get_by_role("menuitem", name="Delete…").click()
    canvas.page.get_by_test_id("ask-yes").click()
    expect(renamed).to_have_count(0)
    expect(canvas.of_type("KSampler")).to_be_visible()


def test_what_is_exported_opens_again_and_runs_elsewhere(canvas: Canvas, program: Program) -> None:
    canvas.type_into(prompt(canvas), "a star on a black background")
    api = exported(canvas, "Export for the API")
    assert program.run(api)["status"]["status_str"] == "success"
    ours = exported(canvas, "Export as a Darkroom workflow")
    ui = exported(canvas, "Export for ComfyUI")
    for name, content in {"ours": ours, "ui": ui, "api": api}.items():
        drop(canvas, {f"{name}.json": json.dumps(content)})
        expect(canvas.page.get_by_test_id("workflow-tab").filter(has_text=name).first).to_be_visible()
        expect(prompt(canvas).locator("textarea")).to_have_value("a star on a black background")
        expect(canvas.links).to_have_count(9)
    assert canvas.complaints == []


def test_several_files_are_dropped_and_one_is_damaged(canvas: Canvas) -> None:
    whole = (WORKFLOWS / "text_to_image.json").read_text()
    prompts = (WORKFLOWS / "text_to_image.api.json").read_text()
    drop(canvas, {"whole.json": whole, "torn.json": whole[:700], "prompt.json": prompts})
    tabs = canvas.page.get_by_test_id("workflow-tab")
    expect(tabs.filter(has_text="prompt")).to_be_visible()
    expect(tabs.filter(has_text="whole")).to_be_visible()
    expect(tabs.filter(has_text="Text to image")).to_have_count(0)  # the example made room
    expect(tabs).to_have_count(2)
    expect(canvas.page.get_by_text("torn").first).to_be_visible()
    shot(canvas.page, "several-files")


def test_a_template_is_opened_from_its_page(canvas: Canvas) -> None:
    canvas.page.get_by_test_id("panel-button-templates").click()
    page = canvas.page.get_by_test_id("templates-page")
    expect(page.locator("img").first).to_be_visible()
    page.locator('[data-testid^="template-"]').filter(has_text="Image to image").get_by_role("link").click()
    expect(page).to_have_count(0)
    expect(canvas.of_type("VAEEncode")).to_be_visible()


def test_a_link_to_nothing_says_so(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url).open("#/workflow/not%20there")
    expect(canvas.page.get_by_text("There is no “not there”")).to_be_visible()


def test_another_browser_is_offered_the_edits(canvases: NewPage, program: Program) -> None:
    first = canvases(program.url).open()
    first.type_into(prompt(first), "started at the desk")
    expect(first.page.get_by_test_id("kept")).to_have_attribute("data-kept", "both")
    second = canvases(program.url).open()
    banner = second.page.get_by_test_id("banner-offers")
    shot(second.page, "offered-edits")
    banner.get_by_role("button").first.click()
    expect(prompt(second).locator("textarea")).to_have_value("started at the desk")
    expect(banner).to_have_count(0)


def test_what_is_missing_is_listed_with_the_nodes_that_lack_it(canvas: Canvas, tmp_path: Path) -> None:
    canvas.drop_file(WORKFLOWS / "lora.json", "application/json")
    missing = canvas.page.get_by_test_id("panel-missing")
    expect(missing).to_be_visible()
    expect(missing).to_contain_text(".safetensors")
    expect(missing).to_contain_text("LoraLoader")
    shot(canvas.page, "missing-models")


def test_the_help_sheet_and_the_palette_know_every_command(canvas: Canvas) -> None:
    canvas.press("?")
    sheet = canvas.page.get_by_role("dialog")
    for name in ("Run", "Undo", "Add a node", "Save", "Copy"):
        expect(sheet.get_by_text(name, exact=True).first).to_be_visible()
    canvas.press("Escape")
    expect(sheet).to_have_count(0)
    canvas.command("Show everything")
    canvas.command("Pause or resume the queue")
    expect(canvas.page.get_by_test_id("queue-count")).to_be_visible()
    canvas.command("Pause or resume the queue")
