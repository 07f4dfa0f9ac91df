"""The canvas as a person uses it: by mouse and keyboard, looking at what is on the page."""

import re
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

ROUGHLY = 8
"""Steps of a mouse movement: a drag of one step is none for the canvas."""


class Canvas:
    """One page. `complaints` is what its console said in red."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        expected = "status of 40" in message.text  # such as a graph that cannot run yet
        if message.type == "error" and not expected:
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def open(self, where: str = "") -> "Canvas":
        """The page, ready to be used."""
        self.page.goto(f"{self.url}/{where}")
        # A first start loads the node classes, and then a workflow is there: the last one, or the example.
        expect(self.nodes.first).to_be_visible(timeout=30_000)
        return self

    @property
    def pane(self) -> Locator:
        return self.page.locator(".react-flow__pane")

    @property
    def nodes(self) -> Locator:
        return self.page.locator("[data-node-type]")

    def of_type(self, class_type: str) -> Locator:
        """The nodes of a class."""
        return self.page.locator(f'[data-node-type="{class_type}"]')

    def titled(self, title: str) -> Locator:
        return self.nodes.filter(has_text=title)

    @property
    def links(self) -> Locator:
        return self.page.locator("[data-link]")

    def output(self, node: Locator, index: int) -> Locator:
        return node.locator(f'[data-socket-out="{index}"]')

    def input(self, node: Locator, name: str) -> Locator:
        return node.locator(f'[data-socket-in="{name}"]')

    def widget(self, node: Locator, name: str) -> Locator:
        return node.locator(f'[data-widget="{name}"]')

    def drag(self, start: Locator, end: Locator) -> None:
        """Press on the middle of one thing and let go on the middle of another."""
        self.take(start)
        x, y = middle(end)
        self.page.mouse.move(x, y, steps=ROUGHLY)
        self.page.mouse.up()

    def take(self, start: Locator) -> None:
        """Press on the middle of a thing."""
        self.page.mouse.move(*middle(start))
        self.page.mouse.down()

    def empty_spot(self) -> tuple[int, int]:
        """A place of the pane with nothing on it."""
        found = self.page.evaluate(
            """() => {
              const pane = document.querySelector(".react-flow__pane");
              const box = pane.getBoundingClientRect();
              for (let y = box.top + 60; y < box.bottom - 60; y += 20)
                for (let x = box.left + 80; x < box.right - 200; x += 20) {
                  const near = [[0, 0], [60, 0], [0, 30]];
                  const hits = near.map(([a, b]) => document.elementFromPoint(x + a, y + b));
                  if (hits.every((hit) => hit === pane)) return [x, y];
                }
              return null;
            }"""
        )
        assert found is not None, "the canvas is full"
        return found[0], found[1]

    def add(self, name: str, at: tuple[int, int] | None = None) -> None:
        """Double click on the canvas, type, take the first that is found."""
        self.page.mouse.dblclick(*(at or self.empty_spot()))
        expect(self.page.get_by_role("dialog", name="Add a node").get_by_role("textbox")).to_be_focused()
        self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")

    def nth(self, name: str) -> Locator:
        """`KSampler`, or the second of its class as `KSampler:2`."""
        class_type, _, number = name.partition(":")
        return self.of_type(class_type).nth(int(number or 1) - 1)

    def type_into(self, widget: Locator, text: str) -> None:
        """Replace what a widget holds, as one does: click, select all, type, leave."""
        widget.click()
        self.press("Control+a")
        self.page.keyboard.type(text)
        self.press("Tab")

    def command(self, name: str) -> None:
        """Do something by its name in the command palette."""
        self.press("Control+k")
        box = self.page.get_by_role("dialog").get_by_role("textbox")
        expect(box).to_be_focused()
        self.page.keyboard.type(name)
        self.page.get_by_role("dialog").get_by_text(name, exact=True).first.click()

    def zoom_out(self, times: int = 3) -> None:
        """Turn the wheel over the middle of the canvas."""
        self.page.mouse.move(720, 450)
        for _ in range(times):
            self.page.mouse.wheel(0, 120)

    def wait_until(self, name: str, state: str, seconds: float = 60) -> None:
        """Until a node is in a state: `queued`, `running`, `cached`, `done`, `failed`, or one of `a|b`."""
        pattern = re.compile(f"^({state})$")
        expect(self.nth(name)).to_have_attribute("data-state", pattern, timeout=seconds * 1000)

    def middle_of(self, thing: Locator) -> tuple[float, float]:
        return middle(thing)

    def press(self, keys: str) -> None:
        self.page.keyboard.press(keys)

    def drop_file(self, path: Path, media: str) -> None:
        """Drop a file from the desktop onto the canvas."""
        data = self.page.evaluate_handle(
            """async ([bytes, name, type]) => {
              const transfer = new DataTransfer();
              transfer.items.add(new File([new Uint8Array(bytes)], name, {type}));
              return transfer;
            }""",
            [list(path.read_bytes()), path.name, media],
        )
        for event in ("dragenter", "dragover", "drop"):
            self.pane.dispatch_event(event, {"dataTransfer": data, "clientX": 500, "clientY": 400})


def middle(thing: Locator) -> tuple[float, float]:
    box = thing.bounding_box()
    assert box is not None, f"{thing} is not on the page"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
