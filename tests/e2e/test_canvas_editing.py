"""Every kind of widget and every way of editing the graph, by hand in the browser."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import CDPSession, Locator, Position, Route, expect

from tests.e2e.canvas import Canvas, middle
from tests.e2e.conftest import NewPage, shot
from tests.e2e.program import Program

EVERY_WIDGET: dict[str, Any] = {
    "name": "EveryWidget",
    "display_name": "Every widget",
    "category": "tests",
    "description": "",
    "python_module": "custom_nodes.tests",
    "output_node": True,
    "output": ["STRING"],
    "output_name": ["STRING"],
    "output_is_list": [False],
    "input": {
        "required": {
            "whole": ["INT", {"default": 5, "min": 0, "max": 10}],
            "part": ["FLOAT", {"default": 0.5, "min": 0, "max": 1, "step": 0.01}],
            "seed": ["INT", {"default": 0, "min": 0, "max": 2**50, "control_after_generate": True}],
            "line": ["STRING", {"default": "one"}],
            "text": ["STRING", {"multiline": True, "default": ""}],
            "on": ["BOOLEAN", {"default": True, "label_on": "yes", "label_off": "no"}],
            "pick": ["COMBO", {"options": [f"choice {number}" for number in range(300)]}],
            "tags": ["COMBO", {"options": ["red", "green", "blue"], "multi_select": True}],
            "tint": ["COLOR", {"default": "#ff0000"}],
        }
    },
}
TITLE: Position = {"x": 70, "y": 12}
"""A place on a node's title."""


def size(canvas: Canvas) -> tuple[int, int]:
    """Nodes and links there are, once the workflow is drawn."""
    expect(canvas.links).not_to_have_count(0)
    return canvas.nodes.count(), canvas.links.count()


def expect_size(canvas: Canvas, nodes: int, links: int) -> None:
    expect(canvas.nodes).to_have_count(nodes)
    expect(canvas.links).to_have_count(links)


def choose(*nodes: Locator) -> None:
    for number, node in enumerate(nodes):
        node.click(position=TITLE, modifiers=["Shift"] if number else [])  # pyright: ignore[reportArgumentType]


def menu_item(canvas: Canvas, name: str) -> Locator:
    return canvas.page.get_by_role("menuitem", name=name)


def undo_until(canvas: Canvas, done: Locator, text: str) -> None:
    """Undo step by step until something reads as it did."""
    for _ in range(20):
        if text in done.inner_text():
            return
        canvas.press("Control+z")
        canvas.page.wait_for_timeout(60)
    raise AssertionError(f"20 steps undone and {done} is not as it was")


@pytest.fixture
def widgets(canvases: NewPage, program: Program) -> tuple[Canvas, Locator]:
    """An empty workflow with a node that has every kind of widget."""
    canvas = canvases(program.url)

    def known(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "EveryWidget": EVERY_WIDGET})

    canvas.page.route("**/object_info", known)
    canvas.open()
    canvas.command("New workflow")
    expect(canvas.nodes).to_have_count(0)
    canvas.add("Every widget")
    node = canvas.of_type("EveryWidget")
    expect(node).to_be_visible()
    return canvas, node


def test_numbers(widgets: tuple[Canvas, Locator]) -> None:
    canvas, node = widgets
    whole, part = canvas.widget(node, "whole"), canvas.widget(node, "part")
    # The node that was just added has the keyboard: Enter, and what is typed replaces the first value.
    canvas.press("Enter")
    canvas.page.keyboard.type("7")
    canvas.press("Enter")
    expect(whole).to_contain_text("7")
    for typed, shown in (("99", "10"), ("-3", "0"), ("1+2*3", "7"), ("none", "7")):
        canvas.type_into(whole, typed)
        expect(whole).to_contain_text(shown)
    canvas.type_into(part, "0,333")
    expect(part).to_contain_text("0.333")
    whole.click()
    canvas.press("ArrowUp")
    canvas.press("Enter")
    expect(whole).to_contain_text("8")
    canvas.press("ArrowDown")
    expect(whole).to_contain_text("7")
    x, y = middle(part)
    canvas.page.mouse.move(x, y)
    canvas.page.mouse.down()
    canvas.page.mouse.move(x + 42, y, steps=6)
    canvas.page.mouse.up()
    expect(part).to_contain_text("0.43")
    whole.get_by_role("button", name="Increase").click()
    expect(whole).to_contain_text("8")
    for widget, value in ((whole, "7"), (part, "0.333"), (whole, "8")):
        canvas.press("Control+z")
        expect(widget).to_contain_text(value)


def test_seeds(widgets: tuple[Canvas, Locator]) -> None:
    canvas, node = widgets
    seed = canvas.widget(node, "seed")
    expect(seed).to_have_text(re.compile(r"seed\s*0$"))
    seed.get_by_role("button", name="Draw").click()
    expect(seed).not_to_have_text(re.compile(r"seed\s*0$"))
    control = node.locator('[data-control="seed"] select')
    expect(control).to_have_value("randomize")
    control.select_option("fixed")
    expect(control).to_have_value("fixed")
    canvas.press("Escape")
    canvas.press("Control+z")
    expect(control).to_have_value("randomize")


def test_texts_switches_choices_colours(widgets: tuple[Canvas, Locator]) -> None:
    canvas, node = widgets
    line, text = (canvas.widget(node, name).locator("input, textarea") for name in ("line", "text"))
    canvas.type_into(line, "two")
    expect(line).to_have_value("two")
    long = "a very long prompt, " * 200
    text.click()
    canvas.page.keyboard.insert_text(long + "\nand a line")
    canvas.press("Escape")
    expect(text).to_have_value(long + "\nand a line")
    canvas.widget(node, "on").click()
    expect(canvas.widget(node, "on")).to_contain_text("no")
    canvas.widget(node, "pick").click()
    canvas.page.keyboard.type("299")
    expect(canvas.page.get_by_role("listbox", name="pick").get_by_role("option")).to_have_count(1)
    canvas.press("Enter")
    expect(canvas.widget(node, "pick")).to_contain_text("choice 299")
    canvas.widget(node, "tags").click()
    for tag in ("red", "blue", "green", "red"):
        canvas.page.get_by_role("option", name=tag).click()
    canvas.press("Escape")
    expect(canvas.widget(node, "tags")).to_contain_text("blue, green")
    canvas.widget(node, "tint").locator("input").fill("#00ff80")
    canvas.press("Tab")
    expect(canvas.widget(node, "tint")).to_contain_text("#00ff80")


def test_pictures_are_chosen_pasted_and_dropped(canvas: Canvas, tmp_path: Path) -> None:
    Image.new("RGB", (32, 24), (200, 80, 40)).save(tmp_path / "chosen.png")
    data = list((tmp_path / "chosen.png").read_bytes())
    canvas.command("New workflow")
    expect(canvas.nodes).to_have_count(0)
    canvas.add("LoadImage")
    node = canvas.of_type("LoadImage")
    with canvas.page.expect_file_chooser() as chooser:
        node.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(tmp_path / "chosen.png")
    expect(canvas.widget(node, "image")).to_contain_text("chosen")
    canvas.page.mouse.click(*canvas.empty_spot())
    canvas.page.evaluate(
        """bytes => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"}));
          document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
        }""",
        data,
    )
    expect(node).to_have_count(2)
    expect(canvas.widget(node.last, "image")).to_contain_text("pasted")
    canvas.page.evaluate(
        """([bytes, x, y]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
          const under = document.elementFromPoint(x, y);
          const at = {dataTransfer, bubbles: true, cancelable: true, clientX: x, clientY: y};
          for (const name of ["dragenter", "dragover", "drop"]) under.dispatchEvent(new DragEvent(name, at));
        }""",
        [data, *middle(node.first)],
    )
    expect(node.filter(has_text="dropped")).to_have_count(1)
    expect(node).to_have_count(2)
    expect(canvas.page.get_by_test_id("drop-zone")).to_have_count(0)


def test_a_widget_becomes_an_input_and_a_widget_again(canvas: Canvas) -> None:
    nodes, links = size(canvas)
    sampler = canvas.of_type("KSampler")
    steps = canvas.widget(sampler, "steps")
    canvas.input(sampler, "steps").scroll_into_view_if_needed()
    canvas.take(canvas.input(sampler, "steps"))
    canvas.page.mouse.move(*canvas.empty_spot(), steps=6)
    canvas.page.mouse.up()
    expect(canvas.page.get_by_role("dialog", name="Add a node").get_by_role("textbox")).to_be_focused()
    canvas.page.keyboard.type("Primitive")
    canvas.press("Enter")
    expect_size(canvas, nodes + 1, links + 1)
    expect(steps.get_by_role("spinbutton")).to_have_attribute("aria-disabled", "true")
    canvas.press("Control+z")
    expect_size(canvas, nodes, links)
    expect(steps.get_by_role("spinbutton")).not_to_have_attribute("aria-disabled", "true")


def test_deleting_and_copying_lose_nothing(canvas: Canvas) -> None:
    nodes, links = size(canvas)
    sampler = canvas.of_type("KSampler")
    choose(sampler)
    for keys, left in (("Delete", nodes - 1), ("Control+Delete", nodes - 1), ("Control+d", nodes + 1)):
        canvas.press(keys)
        expect(canvas.nodes).to_have_count(left)
        canvas.press("Control+z")
        expect_size(canvas, nodes, links)
        choose(sampler)
    canvas.press("Control+a")
    canvas.press("Control+x")
    expect(canvas.nodes).to_have_count(0)
    canvas.press("Control+v")
    expect_size(canvas, nodes, links)
    for _ in range(2):
        canvas.press("Control+z")
    expect_size(canvas, nodes, links)
    canvas.press("Control+y")
    expect(canvas.nodes).to_have_count(0)
    canvas.press("Control+z")
    expect_size(canvas, nodes, links)


def test_copies_go_to_another_tab_and_connect(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url).open()
    nodes, links = size(canvas)
    choose(canvas.of_type("KSampler"))
    canvas.press("Control+c")
    other = canvases(program.url, beside=canvas).open()
    other.command("New workflow")
    expect(other.nodes).to_have_count(0)
    other.page.mouse.click(*other.empty_spot())
    other.press("Control+v")
    expect(other.of_type("KSampler")).to_have_count(1)
    canvas.page.bring_to_front()
    canvas.page.mouse.click(*canvas.empty_spot())
    canvas.press("Control+Shift+v")
    expect_size(canvas, nodes + 1, links + 4)
    canvas.press("Control+z")
    expect_size(canvas, nodes, links)


def test_nodes_are_renamed_collapsed_muted_grouped(canvas: Canvas) -> None:
    size(canvas)
    sampler = canvas.of_type("KSampler")
    choose(sampler)
    canvas.press("F2")
    canvas.page.keyboard.type("Mine")
    canvas.press("Enter")
    expect(sampler).to_contain_text("Mine")
    for keys, name in (("Alt+c", "collapsed"), ("Control+m", "muted"), ("Control+b", "bypassed")):
        canvas.press(keys)
        shot(canvas.page, f"node-{name}")
    canvas.press("Control+g")
    canvas.page.keyboard.type("Sampling")
    canvas.press("Enter")
    expect(canvas.page.get_by_text("Sampling", exact=True)).to_be_visible()
    canvas.page.get_by_text("Sampling", exact=True).click(button="right")
    expect(menu_item(canvas, "Fit the group")).to_be_visible()
    canvas.press("Escape")
    undo_until(canvas, sampler, "KSampler")
    expect(canvas.page.get_by_text("Sampling", exact=True)).to_have_count(0)


def test_a_note_is_written_where_the_menu_was_opened(canvas: Canvas) -> None:
    nodes, links = size(canvas)
    x, y = canvas.empty_spot()
    canvas.page.mouse.click(x, y, button="right")
    menu_item(canvas, "Add a note").click()
    note = canvas.of_type("MarkdownNote").last
    canvas.page.keyboard.type("# Heading")
    canvas.press("Escape")
    expect(note.get_by_role("heading", name="Heading")).to_be_visible()
    box = note.bounding_box()
    assert box is not None and box["x"] <= x <= box["x"] + box["width"]
    canvas.press("Enter")
    expect(note.get_by_role("textbox")).to_be_focused()
    canvas.press("Escape")
    for _ in range(2):
        canvas.press("Control+z")
    expect_size(canvas, nodes, links)


def test_the_graph_is_laid_out_seen_and_searched(canvas: Canvas) -> None:
    nodes, _ = size(canvas)
    canvas.zoom_out(1)
    canvas.page.mouse.click(*canvas.empty_spot())
    canvas.press("Alt+l")
    for node in canvas.nodes.all():
        expect(node).to_be_in_viewport()
    canvas.press("Alt+m")
    expect(canvas.page.get_by_label("Map of the graph")).to_be_visible()
    canvas.press("Control+f")
    canvas.page.keyboard.type("decode")
    field = canvas.page.get_by_test_id("panel-outline").get_by_role("textbox").first
    expect(field).to_have_value("decode")
    canvas.press("Enter")
    expect(canvas.page.locator(".react-flow__node.selected [data-node-type='VAEDecode']")).to_be_visible()
    assert canvas.nodes.count() <= nodes


def test_a_reroute_goes_into_a_link(canvas: Canvas) -> None:
    nodes, links = size(canvas)
    latent, sampler = canvas.of_type("EmptyLatentImage"), canvas.of_type("KSampler")
    left, right = latent.bounding_box(), sampler.bounding_box()
    assert left is not None and right is not None
    heights = middle(canvas.output(latent, 0))[1], middle(canvas.input(sampler, "latent_image"))[1]
    half = ((left["x"] + left["width"] + right["x"]) / 2, sum(heights) / 2)
    canvas.page.mouse.click(*half, button="right")
    menu_item(canvas, "reroute").click()
    expect_size(canvas, nodes + 1, links + 1)
    expect(canvas.of_type("Reroute")).to_be_visible()
    canvas.press("Control+z")
    expect_size(canvas, nodes, links)
    canvas.page.keyboard.down("Alt")
    canvas.page.mouse.click(*half)
    canvas.page.keyboard.up("Alt")
    expect_size(canvas, nodes + 1, links + 1)


def test_a_subgraph_is_made_used_and_unpacked(canvas: Canvas) -> None:
    nodes, links = size(canvas)
    sampler = canvas.of_type("KSampler")
    choose(sampler, canvas.of_type("EmptyLatentImage"))
    canvas.press("Control+Shift+e")
    expect(canvas.nodes).to_have_count(nodes - 1)
    canvas.press("Shift+Enter")
    expect(canvas.of_type("SaveImage")).to_have_count(0)
    sampler.click(button="right", position=TITLE)
    menu_item(canvas, "Show on the subgraph").hover()
    menu_item(canvas, "Show steps").click()
    back = canvas.page.locator("main nav button")
    expect(back).to_have_text("Text to image")
    back.click()
    instances = canvas.titled("Subgraph")
    steps = instances.locator('[data-widget="steps"]')
    canvas.type_into(steps, "7")
    choose(instances)
    canvas.press("Control+d")
    expect(instances).to_have_count(2)
    canvas.type_into(steps.last, "3")
    expect(steps.first).to_contain_text("7")
    choose(instances.last)
    canvas.press("Delete")
    expect(instances).to_have_count(1)
    canvas.press("Control+Enter")
    expect(canvas.of_type("SaveImage")).to_have_attribute("data-state", "done", timeout=60_000)
    choose(instances)
    canvas.press("Shift+Enter")
    expect(sampler).to_have_attribute("data-state", re.compile("done|cached"))
    shot(canvas.page, "run-inside-a-subgraph")
    back.click()
    choose(instances)
    canvas.press("Control+Shift+u")
    expect_size(canvas, nodes, links)
    expect(canvas.widget(sampler, "steps")).to_contain_text("7")
    for _ in range(30):
        canvas.press("Control+z")
    expect_size(canvas, nodes, links)
    expect(canvas.widget(sampler, "steps")).to_contain_text("20")


def test_nodes_of_one_name_are_told_apart_when_wiring_by_keyboard(canvas: Canvas) -> None:
    size(canvas)
    choose(canvas.of_type("KSampler"))
    canvas.press("Control+d")
    expect(canvas.of_type("KSampler")).to_have_count(2)
    choose(canvas.of_type("CheckpointLoaderSimple"))
    canvas.press("c")
    expect(canvas.page.get_by_placeholder("Search sockets")).to_be_focused()
    canvas.page.keyboard.type("model")
    canvas.press("Enter")
    options = canvas.page.get_by_role("listbox", name="Sockets").get_by_role("option")
    expect(options).to_have_count(2)
    texts = options.all_inner_texts()
    assert len(set(texts)) == 2 and all(re.search(r"#\d+", text) for text in texts), texts
    number = re.findall(r"#\d+", texts[1])[0]
    canvas.page.keyboard.type(number)
    expect(options).to_have_count(1)


class Fingers:
    """Touches by the browser's own protocol."""

    def __init__(self, canvas: Canvas) -> None:
        self.session: CDPSession = canvas.page.context.new_cdp_session(canvas.page)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        touched = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        event = {"type": f"touch{kind}", "touchPoints": touched}
        self.session.send("Input.dispatchTouchEvent", event)  # pyright: ignore[reportUnknownMemberType]


def view(canvas: Canvas) -> tuple[float, float, float]:
    """Where the view is and how near."""
    style = canvas.page.locator(".react-flow__viewport").evaluate("one => getComputedStyle(one).transform")
    numbers: list[float] = json.loads("[" + style.removeprefix("matrix(").removesuffix(")") + "]")
    return numbers[4], numbers[5], numbers[0]


def test_fingers_pan_pinch_connect_and_ask(canvases: NewPage, program: Program) -> None:
    canvas = canvases(program.url, touch=True).open()
    _, links = size(canvas)
    fingers = Fingers(canvas)
    x, y = canvas.empty_spot()
    before = view(canvas)
    fingers.touch("Start", (x, y))
    for step in range(1, 6):
        fingers.touch("Move", (x + 10 * step, y + 4 * step))
    fingers.touch("End")
    panned = view(canvas)
    assert panned[0] > before[0] + 20 and panned[2] == before[2], (before, panned)
    fingers.touch("Start", (x, y), (x + 60, y))
    for step in range(1, 6):
        fingers.touch("Move", (x - 8 * step, y), (x + 60 + 8 * step, y))
    fingers.touch("End")
    assert view(canvas)[2] > panned[2]
    canvas.press(".")
    source = canvas.output(canvas.of_type("CheckpointLoaderSimple"), 2)
    expect(source).to_be_in_viewport()
    canvas.page.wait_for_timeout(300)
    canvas.page.touchscreen.tap(*middle(canvas.output(canvas.of_type("CLIPTextEncode").first, 0)))
    canvas.page.touchscreen.tap(*middle(canvas.input(canvas.of_type("KSampler"), "negative")))
    undo = canvas.page.get_by_role("button", name="Undo")
    expect(undo).to_be_enabled()
    expect(canvas.links).to_have_count(links)  # one in place of the other
    canvas.press("Control+z")
    expect(undo).to_be_disabled()
    at = canvas.empty_spot()
    fingers.touch("Start", at)
    expect(menu_item(canvas, "Add a node")).to_be_visible()
    fingers.touch("End")
