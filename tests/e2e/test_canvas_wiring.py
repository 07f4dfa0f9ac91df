"""From an empty canvas to a picture, by mouse and by keyboard, with what is on the page alone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.canvas import Canvas
from tests.e2e.conftest import shot

LINKS = [
    ("CheckpointLoaderSimple", 0, "KSampler", "model"),
    ("CheckpointLoaderSimple", 1, "CLIPTextEncode", "clip"),
    ("CheckpointLoaderSimple", 1, "CLIPTextEncode:2", "clip"),
    ("CLIPTextEncode", 0, "KSampler", "positive"),
    ("CLIPTextEncode:2", 0, "KSampler", "negative"),
    ("EmptyLatentImage", 0, "KSampler", "latent_image"),
    ("KSampler", 0, "VAEDecode", "samples"),
    ("CheckpointLoaderSimple", 2, "VAEDecode", "vae"),
    ("VAEDecode", 0, "SaveImage", "images"),
]
PLACES = {
    "CheckpointLoaderSimple": (110, 130),
    "EmptyLatentImage": (110, 560),
    "CLIPTextEncode": (470, 130),
    "CLIPTextEncode:2": (470, 430),
    "KSampler": (930, 130),
    "VAEDecode": (930, 560),
    "SaveImage": (1300, 130),
}


@pytest.fixture
def empty(canvas: Canvas) -> Iterator[Canvas]:
    """A new, empty workflow."""
    canvas.command("New workflow")
    expect(canvas.nodes).to_have_count(0)
    yield canvas
    assert canvas.complaints == []


def test_the_default_graph_is_wired_and_run_by_mouse(empty: Canvas) -> None:
    canvas = empty
    canvas.zoom_out()
    for name, place in PLACES.items():
        canvas.add(name.partition(":")[0], place)
    expect(canvas.nodes).to_have_count(len(PLACES))
    for source, slot, target, name in LINKS:
        canvas.drag(canvas.output(canvas.nth(source), slot), canvas.input(canvas.nth(target), name))
    expect(canvas.links).to_have_count(len(LINKS))
    canvas.type_into(canvas.widget(canvas.nth("CLIPTextEncode"), "text"), "a fox face on a teal background")
    canvas.type_into(canvas.widget(canvas.nth("EmptyLatentImage"), "width"), "128")
    canvas.type_into(canvas.widget(canvas.nth("EmptyLatentImage"), "height"), "128")
    shot(canvas.page, "wired-by-mouse")
    canvas.page.get_by_test_id("run-button").click()
    canvas.wait_until("SaveImage", "done")
    expect(canvas.of_type("SaveImage").locator("img").first).to_be_visible()


def test_a_wrong_link_is_refused_and_the_reason_said(empty: Canvas) -> None:
    canvas = empty
    canvas.add("VAEDecode", (300, 200))
    canvas.add("KSampler", (800, 200))
    canvas.take(canvas.output(canvas.of_type("VAEDecode"), 0))
    x, y = canvas.middle_of(canvas.input(canvas.of_type("KSampler"), "model"))
    canvas.page.mouse.move(x, y, steps=8)
    shot(canvas.page, "link-refused-while-dragging")
    canvas.page.mouse.up()
    expect(canvas.page.get_by_text(re.compile("IMAGE.*MODEL"))).to_be_visible()
    expect(canvas.links).to_have_count(0)


def test_dropping_a_link_on_the_empty_canvas_offers_what_fits(empty: Canvas) -> None:
    canvas = empty
    canvas.add("EmptyLatentImage", (300, 200))
    canvas.take(canvas.output(canvas.of_type("EmptyLatentImage"), 0))
    canvas.page.mouse.move(900, 500, steps=8)
    canvas.page.mouse.up()
    options = canvas.page.get_by_role("option")
    expect(options.filter(has_text="KSampler").first).to_be_visible()
    expect(options.filter(has_text="Load Checkpoint")).to_have_count(0)
    shot(canvas.page, "palette-after-link-drop")
    canvas.page.keyboard.type("KSampler")
    canvas.press("Enter")
    expect(canvas.of_type("KSampler")).to_have_count(1)
    expect(canvas.links).to_have_count(1)


def test_what_was_done_is_undone_and_done_again(empty: Canvas) -> None:
    canvas = empty
    canvas.add("EmptyLatentImage", (300, 200))
    canvas.add("KSampler", (800, 200))
    canvas.drag(
        canvas.output(canvas.of_type("EmptyLatentImage"), 0),
        canvas.input(canvas.of_type("KSampler"), "latent_image"),
    )
    expect(canvas.links).to_have_count(1)
    canvas.of_type("EmptyLatentImage").click(position={"x": 40, "y": 12})
    canvas.press("Delete")
    expect(canvas.nodes).to_have_count(1)
    expect(canvas.links).to_have_count(0)
    canvas.press("Control+z")
    expect(canvas.nodes).to_have_count(2)
    expect(canvas.links).to_have_count(1)
    for _ in range(3):
        canvas.press("Control+z")
    expect(canvas.nodes).to_have_count(0)
    for _ in range(4):
        canvas.press("Control+Shift+z")
    expect(canvas.nodes).to_have_count(1)


def test_the_default_graph_is_wired_and_run_by_keyboard(empty: Canvas) -> None:
    canvas = empty
    picker = canvas.page.get_by_role("dialog").get_by_role("textbox")

    def add(name: str) -> None:
        before = canvas.nodes.count()
        canvas.press("a")  # Tab is for those who use the mouse; here it moves on to the next thing
        expect(picker).to_be_focused()
        canvas.page.keyboard.type(name)
        canvas.press("Enter")
        expect(canvas.nodes).to_have_count(before + 1)

    def connect(own: str, other: str, down: int = 0) -> None:
        before = canvas.links.count()
        canvas.press("c")
        for words in (own, other):
            expect(picker).to_be_focused()
            expect(picker).to_have_value("")
            canvas.page.keyboard.type(words)
            if words == other:
                for _ in range(down):
                    canvas.press("ArrowDown")
            canvas.press("Enter")
        expect(canvas.links).to_have_count(before + 1)

    add("CheckpointLoaderSimple")
    for words in ("a rocket on a green background", ""):
        add("CLIPTextEncode")
        connect("clip", "checkpoint clip")
        canvas.press("Enter")
        canvas.page.keyboard.type(words)
        canvas.press("Escape")
    add("EmptyLatentImage")
    canvas.press("Enter")
    canvas.press("Control+a")
    canvas.page.keyboard.type("128")
    canvas.press("Tab")
    canvas.press("Control+a")
    canvas.page.keyboard.type("128")
    canvas.press("Escape")
    add("KSampler")
    connect("model", "checkpoint")
    connect("positive", "clip text")
    connect("negative", "clip text", down=1)
    connect("latent_image", "empty latent")
    add("VAEDecode")
    connect("samples", "ksampler")
    connect("vae", "checkpoint")
    add("SaveImage")
    connect("images", "vae decode")
    canvas.press("Alt+l")
    canvas.press(".")
    canvas.press("Control+Enter")
    canvas.wait_until("SaveImage", "done")
    expect(canvas.of_type("SaveImage").locator("img").first).to_be_visible()
    shot(canvas.page, "wired-by-keyboard")
