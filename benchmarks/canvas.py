"""How fast the canvas is: a real server, the real build, a real browser drawing in software.

    python -m benchmarks.canvas [--nodes 200 1000] [--seconds 3] [--url http://127.0.0.1:8188]

Each workflow is rows of KSampler nodes, every input linked: about four links a node, most of them long.
Frames are counted by `requestAnimationFrame` while the mouse pans and the wheel zooms, with all in sight
("fit") and at 100 %. Dragging counts the milliseconds from a movement of the mouse to the end of the frame
that shows it. Loading is opening a saved workflow in an open page, until it is drawn.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import statistics
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser import find, flags
from tests.e2e.program import Program

SIZE = (1280, 800)
WIDTH, HEIGHT = 360, 340
"""Of the grid's cells; a KSampler is 315 by 292."""

COUNT_FRAMES = """() => {
  const frames = (window.benchFrames = []);
  let last = performance.now();
  const next = (act) => { window.benchTick = requestAnimationFrame(act); };
  const tick = (now) => { frames.push(now - last); last = now; next(tick); };
  next((now) => { last = now; next(tick); });
}"""
STOP_FRAMES = "() => { cancelAnimationFrame(window.benchTick); return window.benchFrames; }"

COUNT_WORK = """() => {
  const work = (window.benchWork = []);
  const channel = new MessageChannel();
  let began = 0;
  channel.port1.onmessage = () => { work.push(performance.now() - began); began = 0; };
  window.benchMoved = () => {
    if (began !== 0) return;
    began = performance.now();
    // The first task after a frame: style, layout and paint are behind it.
    requestAnimationFrame(() => channel.port2.postMessage(0));
  };
  window.addEventListener("pointermove", window.benchMoved, true);
}"""
STOP_WORK = (
    '() => { window.removeEventListener("pointermove", window.benchMoved, true); return window.benchWork; }'
)

OPEN = """async ([hash, nodes]) => {
  const began = performance.now();
  location.hash = hash;
  for (;;) {
    await new Promise(requestAnimationFrame);
    const mark = performance.getEntriesByName("canvas-shown").at(-1);
    if (mark !== undefined && mark.startTime > began && mark.detail.nodes === nodes) {
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - began;
    }
    if (performance.now() - began > 60000) throw new Error("the workflow was not drawn within a minute");
  }
}"""

READY = """() => new Promise((done) => {
  const look = () => {
    const mark = performance.getEntriesByName("canvas-shown").at(0);
    if (mark === undefined) requestAnimationFrame(look);
    else setTimeout(() => done(performance.now()));
  };
  look();
})"""


SCALE = """() => {
  const viewport = document.querySelector(".react-flow__viewport");
  return new DOMMatrix(getComputedStyle(viewport).transform).a;
}"""


def workflow(count: int) -> dict[str, Any]:
    """Rows of samplers: each row has its loader and prompts, each sampler goes on with the one before."""
    columns = math.ceil(math.sqrt(count))
    nodes: list[dict[str, Any]] = []
    links: list[list[Any]] = []

    def node(kind: str, column: float, row: int, values: list[Any], inputs: list[str]) -> int:
        number = len(nodes) + 1
        nodes.append(
            {
                "id": number,
                "type": kind,
                "pos": [column * WIDTH, row * HEIGHT + 30],
                "size": [315, 262],
                "flags": {},
                "order": number,
                "mode": 0,
                "inputs": [{"name": name, "type": name.upper(), "link": None} for name in inputs],
                "outputs": [],
                "properties": {"Node name for S&R": kind},
                "widgets_values": values,
            }
        )
        return number

    def link(source: int, slot: int, target: int, index: int, kind: str) -> None:
        links.append([len(links) + 1, source, slot, target, index, kind])
        nodes[target - 1]["inputs"][index]["link"] = len(links)

    row = 0
    while len(nodes) < count:
        loader = node("CheckpointLoaderSimple", 0, row, ["darkroom-demo.safetensors"], [])
        prompts = [node("CLIPTextEncode", 1 + at, row, [f"picture {row}"], ["clip"]) for at in range(2)]
        latent = node("EmptyLatentImage", 3, row, [128, 128, 1], [])
        for prompt in prompts:
            link(loader, 1, prompt, 0, "CLIP")
        before = latent
        for column in range(4, columns):
            if len(nodes) >= count:
                break
            values = [row * columns + column, "fixed", 20, 8, "euler", "normal", 1]
            sampler = node("KSampler", column, row, values, ["model", "positive", "negative", "latent_image"])
            link(loader, 0, sampler, 0, "MODEL")
            link(prompts[0], 0, sampler, 1, "CONDITIONING")
            link(prompts[1], 0, sampler, 2, "CONDITIONING")
            link(before, 0, sampler, 3, "LATENT")
            before = sampler
        row += 1
    del nodes[count:]
    kept = [one for one in links if one[1] <= count and one[3] <= count]
    return {
        "last_node_id": len(nodes),
        "last_link_id": len(links),
        "nodes": nodes,
        "links": kept,
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def save(url: str, name: str, file: dict[str, Any]) -> None:
    """Put a workflow among the saved ones of the server."""
    path = urllib.parse.quote(f"workflows/{name}.json", safe="")
    body = json.dumps(file).encode()
    request = urllib.request.Request(f"{url}/userdata/{path}?overwrite=true", body, method="POST")
    urllib.request.urlopen(request, timeout=60).close()


class Frames:
    """One page with one workflow open; each measure gives the milliseconds of its frames."""

    def __init__(self, page: Page, seconds: float) -> None:
        self.page = page
        self.seconds = seconds
        self.middle = (SIZE[0] / 2 + 20, SIZE[1] / 2)

    def _during(
        self, act: Callable[[float], None], before: str = COUNT_FRAMES, after: str = STOP_FRAMES
    ) -> list[float]:
        self.page.evaluate(before)
        began = time.perf_counter()
        step = 0
        while (now := time.perf_counter()) - began < self.seconds:
            act(now - began)
            step += 1
            # As often as a mouse of 125 Hz would, if the browser keeps up.
            time.sleep(max(0.0, began + step * 0.008 - time.perf_counter()))
        return self.page.evaluate(after)

    def pan(self) -> list[float]:
        x, y = self.middle
        self.page.mouse.move(x, y)
        self.page.mouse.down(button="middle")
        found = self._during(
            lambda t: self.page.mouse.move(x + 250 * math.sin(2.5 * t), y + 160 * math.sin(1.7 * t))
        )
        self.page.mouse.up(button="middle")
        return found

    def zoom(self) -> list[float]:
        self.page.mouse.move(*self.middle)
        return self._during(lambda t: self.page.mouse.wheel(0, -24 if int(t / 0.75) % 2 == 0 else 24))

    def drag(self) -> list[float]:
        """Drags the node in the middle by its title."""
        titles = self.page.locator("[data-node-type] [data-title]").all()
        boxes = [box for box in (title.bounding_box() for title in titles) if box is not None]
        box = min(boxes, key=lambda box: math.dist((box["x"], box["y"]), self.middle))
        x, y = box["x"] + 20, box["y"] + 6
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        found = self._during(
            lambda t: self.page.mouse.move(x + 120 * math.sin(3 * t), y + 80 * math.sin(2 * t)),
            COUNT_WORK,
            STOP_WORK,
        )
        self.page.mouse.up()
        self.page.keyboard.press("Control+z")
        return found

    def settle(self) -> None:
        self.page.wait_for_timeout(800)


def fps(frames: Sequence[float]) -> str:
    """The median in frames a second, with the 99th percentile of a frame."""
    if not frames:
        return "-"
    median = statistics.median(frames)
    slow = sorted(frames)[min(len(frames) - 1, int(len(frames) * 0.99))]
    return f"{1000 / median:5.1f} fps   p99 {slow:5.1f} ms"


def measure(page: Page, url: str, count: int, seconds: float) -> None:
    """Print the table of one workflow."""
    name = f"bench-{count}"
    save(url, name, workflow(count))
    took = page.evaluate(OPEN, [f"#/workflow/{name}", count])
    frames = Frames(page, seconds)
    line = f"{count:5} nodes  "
    print(f"{line}{'load':18} {took:7.0f} ms", flush=True)
    frames.settle()
    print(f"{line}{'pan, fit':18} {fps(frames.pan())}", flush=True)
    print(f"{line}{'zoom, fit':18} {fps(frames.zoom())}", flush=True)
    at_full_size(page)
    frames.settle()
    print(f"{line}{'pan, 100 %':18} {fps(frames.pan())}", flush=True)
    print(f"{line}{'zoom, 100 %':18} {fps(frames.zoom())}", flush=True)
    at_full_size(page)
    frames.settle()
    drags = frames.drag()
    slow = sorted(drags)[int(len(drags) * 0.99)] if drags else 0.0
    print(
        f"{line}{'drag of one node':18} {statistics.median(drags):7.1f} ms    p99 {slow:5.1f} ms", flush=True
    )


def at_full_size(page: Page) -> None:
    """Everything in sight, then in by the wheel until nodes are as large as they are."""
    page.mouse.click(SIZE[0] - 60, SIZE[1] - 60)
    page.keyboard.press(".")
    page.wait_for_timeout(400)
    page.mouse.move(SIZE[0] / 2, SIZE[1] / 2)
    for _ in range(400):
        scale = page.evaluate(SCALE)
        if scale >= 0.99:
            break
        page.mouse.wheel(0, -min(120, max(4, 500 * math.log2(1 / scale))))
        page.wait_for_timeout(10)


def first_load(browser: Browser, url: str) -> None:
    """What a first visit fetches, and how long until the canvas can be used."""
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    scripts: list[bytes] = []
    page.on("response", lambda answer: scripts.append(answer.body()) if ".js" in answer.url else None)
    page.goto(url)
    ready = page.evaluate(READY)
    page.wait_for_timeout(500)
    packed = sum(len(gzip.compress(body, 9)) for body in scripts)
    print(f"{'first load, JavaScript':30} {packed / 1000:7.0f} kB gzip in {len(scripts)} files")
    print(f"{'time to interactive':30} {ready:7.0f} ms", flush=True)
    page.close()


@contextmanager
def server(url: str | None) -> Generator[str]:
    """One that runs already, or one of our own in a fresh folder."""
    if url is not None:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as folder, Program(Path(folder)) as program:
        program.get("/object_info")  # a first start in a folder waits for the worker: not what this is about
        yield program.url


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--url", help="a server that runs already")
    given = parser.parse_args()
    with server(given.url) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=flags())
        first_load(browser, url)
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto(url)
        page.evaluate(READY)
        page.wait_for_timeout(1000)
        for count in given.nodes:
            measure(page, url, count, given.seconds)
        browser.close()


if __name__ == "__main__":
    main()
