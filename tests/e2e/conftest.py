"""A real browser on the real page of a real server. What it showed at the end of a test is kept."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.e2e.browser import find, flags
from tests.e2e.canvas import Canvas
from tests.e2e.program import ROOT, Program

SHOTS = Path(os.environ.get("DARKROOM_SCREENSHOTS", ROOT / "build" / "screenshots"))
DESK: ViewportSize = {"width": 1440, "height": 900}
NewPage = Callable[..., Canvas]

expect.set_options(timeout=15_000)  # a guard against waiting for ever, not against a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the session: Playwright keeps an event loop running, and asynchronous tests need their own.
    if not (ROOT / "server/static/canvas/index.html").is_file():
        pytest.fail("the canvas is not built: run `make canvas`")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find(), args=flags())
        yield started
        started.close()


@pytest.fixture
def canvases(browser: Browser, request: pytest.FixtureRequest) -> Iterator[NewPage]:
    """Makes pages: of a new person by default, or a further tab of `beside`'s."""
    contexts: list[BrowserContext] = []
    made: list[Canvas] = []

    def make(
        url: str,
        *,
        beside: Canvas | None = None,
        size: ViewportSize = DESK,
        locale: str = "en-US",
        touch: bool = False,
        dark: bool = True,
    ) -> Canvas:
        if beside is None:
            scheme = "dark" if dark else "light"
            context = browser.new_context(viewport=size, locale=locale, has_touch=touch, color_scheme=scheme)
            context.set_default_timeout(15_000)
            context.grant_permissions(["clipboard-read", "clipboard-write"])
            contexts.append(context)
        else:
            context = beside.page.context
        made.append(Canvas(context.new_page(), url))
        return made[-1]

    yield make
    for number, canvas in enumerate(made):
        if not canvas.page.is_closed():
            shot(canvas.page, f"{request.node.name}{f'-{number}' if number else ''}")
    for context in contexts:
        context.close()


@pytest.fixture
def canvas(canvases: NewPage, program: Program) -> Canvas:
    """The page of the demo server, seen for the first time."""
    return canvases(program.url).open()


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page as it is now."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
