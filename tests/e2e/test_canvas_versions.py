"""Saving keeps versions: compared, restored, released, and merged where two people saved at once."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.canvas import Canvas
from tests.e2e.conftest import NewPage, shot
from tests.e2e.program import Program
from tests.e2e.test_canvas_for_everyone import violations

VERSIONS = "/api/v1/workflows/{}/versions"


def set_number(canvas: Canvas, node: Locator, name: str, value: str) -> None:
    canvas.widget(node, name).get_by_role("spinbutton").focus()
    canvas.press("Control+a")
    canvas.page.keyboard.type(value)
    canvas.press("Enter")


def number(canvas: Canvas, name: str) -> Locator:
    return canvas.widget(canvas.of_type("KSampler"), name).get_by_role("spinbutton")


def begin(canvas: Canvas, name: str) -> None:
    """Save what is open as a new workflow."""
    canvas.press("Control+s")
    canvas.page.get_by_test_id("ask-name").fill(name)
    canvas.page.get_by_test_id("ask-yes").click()
    expect(canvas.page.get_by_test_id("workflow-tab").filter(has_text=name)).to_be_visible()


def show_versions(canvas: Canvas) -> Locator:
    canvas.page.get_by_test_id("panel-button-versions").click()
    panel = canvas.page.get_by_test_id("panel-versions")
    expect(panel.get_by_test_id("version-1")).to_be_visible()
    return panel


def save_elsewhere(program: Program, name: str, **values: Any) -> None:
    """Another program adds a version to `main` with other values of the sampler: by place in the file."""
    path = VERSIONS.format(quote(name))
    head = program.get(f"{path}/main")
    (sampler,) = [node for node in head["document"]["nodes"] if node["type"] == "KSampler"]
    places = {"seed": 0, "steps": 2, "cfg": 3}
    for key, value in values.items():
        sampler["widgets_values"][places[key]] = value
    body = {"document": head["document"], "parent": head["id"], "message": "From another program"}
    status, answer = program.post(path, body)
    assert status in (200, 201), answer


def test_an_edit_is_committed_compared_and_taken_back(canvas: Canvas, program: Program) -> None:
    begin(canvas, "compared")
    sampler = canvas.of_type("KSampler")
    set_number(canvas, sampler, "steps", "12")
    canvas.press("Control+s")
    expect(canvas.page.get_by_text("Saved as #2: KSampler steps 20 → 12")).to_be_visible()
    canvas.titled("Negative Prompt").get_by_text("Negative Prompt").click()
    canvas.press("Delete")
    canvas.add("VAEEncode")
    panel = show_versions(canvas)
    expect(panel.get_by_test_id("unsaved-strip")).to_be_visible()

    # Marked on the canvas itself, which goes on being edited.
    panel.get_by_test_id("version-1").click()
    panel.get_by_role("button", name="Compare with now").click()
    marks = canvas.page.get_by_test_id("mark-layer")
    changed = marks.locator('[data-mark="changed"]').filter(has_text="steps")
    expect(changed.locator("li").filter(has_text="steps")).to_have_text("steps 20 → 12")
    expect(marks.locator('[data-mark="removed"]')).to_contain_text("Negative Prompt")
    expect(marks.locator('[data-mark="added"]')).to_contain_text("Added")
    set_number(canvas, sampler, "cfg", "7")
    expect(changed).to_contain_text("cfg")
    shot(canvas.page, "compare-canvas")
    assert violations(canvas) == []

    stage = canvas.page.get_by_test_id("compare-stage")
    stage.get_by_text("Side by side").click()
    expect(stage.get_by_test_id("graph-pane")).to_have_count(2)
    expect(stage.locator('[data-mark="removed"]')).to_have_count(1)
    stage.get_by_test_id("next-difference").click()
    shot(canvas.page, "compare-sides")
    canvas.press("Escape")
    expect(stage).to_have_count(0)

    panel.get_by_role("button", name="Restore").click()
    expect(number(canvas, "steps")).to_have_attribute("aria-valuenow", "20")
    expect(canvas.titled("Negative Prompt")).to_be_visible()
    canvas.press("Control+z")
    expect(number(canvas, "steps")).to_have_attribute("aria-valuenow", "12")
    canvas.press("Control+Shift+z")
    canvas.press("Control+s")
    expect(panel.get_by_test_id("version-3")).to_contain_text("You are here")
    # What was taken back is still there.
    log = program.get(VERSIONS.format("compared"))
    assert [version["number"] for version in log["versions"]] == [3, 2, 1]
    assert canvas.complaints == []


def test_two_who_save_at_once_lose_nothing_and_merge(canvas: Canvas, program: Program) -> None:
    begin(canvas, "diverging")
    set_number(canvas, canvas.of_type("KSampler"), "steps", "12")
    save_elsewhere(program, "diverging", steps=30, cfg=7)
    canvas.press("Control+s")
    question = canvas.page.get_by_role("dialog")
    expect(question).to_contain_text("From another program")
    expect(question).to_contain_text("KSampler steps 20 → 12")
    shot(canvas.page, "diverged")
    branches = program.get("/api/v1/workflows/diverging")["branches"]
    assert len(branches) == 2, branches

    canvas.page.get_by_test_id("ask-merge").click()
    stage = canvas.page.get_by_test_id("merge-stage")
    commit = stage.get_by_test_id("commit-merge")
    expect(commit).to_be_disabled()
    conflict = stage.get_by_test_id("conflicts").get_by_role("listitem")
    expect(conflict).to_have_count(1)
    expect(conflict).to_contain_text("steps")
    expect(stage.locator('[data-mark="conflict"]')).to_be_visible()
    shot(canvas.page, "merge")
    assert violations(canvas) == []
    conflict.get_by_test_id("take-own").click()
    conflict.get_by_role("textbox").fill("24")
    canvas.press("Enter")
    expect(commit).to_be_enabled()
    commit.click()
    expect(number(canvas, "steps")).to_have_attribute("aria-valuenow", "24")
    expect(number(canvas, "cfg")).to_have_attribute("aria-valuenow", "7")
    panel = show_versions(canvas)
    expect(panel.get_by_test_id("version-4")).to_contain_text("You are here")
    shot(canvas.page, "merged")
    merged = program.get(VERSIONS.format("diverging") + "/main")
    assert merged["number"] == 4 and len(merged["parents"]) == 2, merged


def test_a_second_tab_keeps_its_edits_and_is_told(canvases: NewPage, program: Program) -> None:
    first = canvases(program.url).open()
    begin(first, "two tabs")
    second = canvases(program.url, beside=first).open("#/workflow/two%20tabs")
    set_number(second, second.of_type("KSampler"), "steps", "8")
    set_number(first, first.of_type("KSampler"), "steps", "9")
    first.press("Control+s")
    expect(first.page.get_by_text(re.compile("Saved as #2"))).to_be_visible()
    second.press("Control+s")
    expect(second.page.get_by_role("dialog")).to_contain_text("Nothing was overwritten")
    second.page.get_by_test_id("ask-keep").click()
    log = program.get(VERSIONS.format("two%20tabs"))["versions"]
    assert [(version["number"], version["branches"][0]) for version in log[:2]] == [
        (3, log[0]["branches"][0]),
        (2, "main"),
    ]


def test_a_release_is_named_and_a_branch_begun(canvas: Canvas, program: Program) -> None:
    begin(canvas, "released")
    canvas.command("Name a release…")
    expect(canvas.page.get_by_test_id("release-number")).to_have_value("1.0.0")
    shot(canvas.page, "release")
    canvas.page.get_by_test_id("ask-yes").click()
    panel = show_versions(canvas)
    expect(panel.get_by_test_id("version-1")).to_contain_text("1.0.0")
    canvas.command("New branch…")
    canvas.page.get_by_test_id("ask-ref").fill("warmer")
    canvas.page.get_by_test_id("ask-yes").click()
    expect(panel.get_by_test_id("branch-menu")).to_have_text("warmer")
    set_number(canvas, canvas.of_type("KSampler"), "cfg", "5")
    canvas.press("Control+Alt+s")
    canvas.page.get_by_test_id("ask-message").fill("A warmer look")
    canvas.page.get_by_test_id("ask-yes").click()
    expect(panel.get_by_test_id("version-2")).to_contain_text("A warmer look")
    found = program.get("/api/v1/workflows/released")
    ends = {branch["name"]: branch["version"]["number"] for branch in found["branches"]}
    assert ends == {"main": 1, "warmer": 2}
    assert [release["number"] for release in found["releases"]] == ["1.0.0"]
    shot(canvas.page, "versions")


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
def test_the_history_is_for_everyone(canvases: NewPage, program: Program, dark: bool) -> None:
    canvas = canvases(program.url, dark=dark, locale="en-US" if dark else "zh-CN").open()
    name = f"everyone {dark}"
    begin(canvas, name)
    for steps in range(3):
        save_elsewhere(program, name, steps=5 + steps)
    canvas.page.get_by_test_id("panel-button-versions").click()
    timeline = canvas.page.get_by_test_id("timeline")
    expect(timeline.get_by_test_id("version-4")).to_be_visible()
    timeline.focus()
    for _ in range(3):
        canvas.press("ArrowDown")
    expect(timeline.get_by_test_id("version-2")).to_have_attribute("aria-selected", "true")
    assert violations(canvas) == []
    canvas.press("Enter")
    expect(canvas.page.get_by_test_id("graph-pane")).to_be_visible()
    assert violations(canvas) == []
    shot(canvas.page, f"history-{'dark' if dark else 'light'}")
    canvas.page.set_viewport_size({"width": 390, "height": 844})
    assert canvas.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(canvas.page, f"history-phone-{'dark' if dark else 'light'}")
