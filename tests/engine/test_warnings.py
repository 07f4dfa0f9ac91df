"""What a node warns of: told while it runs, and again when its result is a kept one."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Generator
from contextvars import copy_context
from pathlib import Path
from typing import Annotated, Any

import pytest

from engine.cache import Cache, MemoryCache
from engine.context import Context
from engine.events import NodeFinished, NodeStarted, NodeWarned, from_json, to_json
from engine.flights import Flights
from engine.graph import Link
from engine.journal import Journal
from engine.journal_file import JournalFile
from engine.node import node
from engine.registry import Registry
from engine.returns import Expand
from engine.types import NodeId, Socket
from engine.warning import Ear, listen, warn
from tests.toys import REGISTRY as TOYS
from tests.toys import execute, link, prompt


@node("Doubtful", category="test")
def doubtful(*, text: str, context: Context) -> str:
    """Warns of its own text."""
    context.warn(f"{text} is missing")
    return text


@node("Deep", category="test", lane="io")
def deep(*, text: str) -> str:
    """Warns from code that has no context, on a thread of its own, by the log of a library below."""
    log = logging.getLogger("below.it")
    thread = threading.Thread(target=copy_context().run, args=(log.warning, "%s", text))
    thread.start()
    thread.join()
    return text


@node("Awaiting", category="test")
async def awaiting(*, text: str) -> str:
    """Warns twice of the same."""
    for _ in range(2):
        warn(text)
        await asyncio.sleep(0)
    return text


@node("Failing", category="test")
def failing(*, text: str) -> str:
    """Warns, and then fails."""
    warn(text)
    raise ValueError("no more")


@node("Maker", category="test")
def maker(*, text: str) -> Annotated[Any, Socket("*")]:
    """Makes a node that warns."""
    inner = {"made": {"class_type": "Doubtful", "inputs": {"text": text}}}
    return Expand(inner, (Link(NodeId("made"), 0),))


REGISTRY = Registry((*TOYS, doubtful, deep, awaiting, failing, maker))


class Desk:
    """A cache and a journal that several runs use."""

    def __init__(self, journal: Journal | None = None, cache: Cache | None = None) -> None:
        self.journal = Journal() if journal is None else journal
        self.cache = MemoryCache(2**24) if cache is None else cache
        self.ran: list[str] = []

    def warned(self, wired: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
        """Node and message of every warning, in order."""
        found = execute(wired, self.cache, registry=REGISTRY, journal=self.journal, **options)
        events = found[2]
        self.ran = [e.node_id for e in events if isinstance(e, NodeStarted)]
        return [(e.node_id, e.message) for e in events if isinstance(e, NodeWarned)]


def shown(kind: str, text: str = "one") -> dict[str, Any]:
    return prompt(n=(kind, {"text": text}), show=("Show", {"value": link("n")}))


@pytest.fixture
def ear() -> Generator[None]:
    listen("below")
    yield
    log = logging.getLogger("below")
    for handler in [one for one in log.handlers if isinstance(one, Ear)]:
        log.removeHandler(handler)


def test_a_warning_is_told_between_the_start_and_the_end_of_its_node() -> None:
    _, _, events = execute(shown("Doubtful"), registry=REGISTRY)
    kinds = (NodeStarted, NodeWarned, NodeFinished)
    of_node = [type(e) for e in events if isinstance(e, kinds) and e.node_id == "n"]
    assert of_node == [NodeStarted, NodeWarned, NodeFinished]
    [told] = [e for e in events if isinstance(e, NodeWarned)]
    assert (told.class_type, told.message) == ("Doubtful", "one is missing")
    assert from_json(to_json(told)) == told


def test_a_node_that_fails_has_warned_before() -> None:
    assert Desk().warned(shown("Failing")) == [("n", "one")]


def test_the_same_words_are_told_once() -> None:
    assert Desk().warned(shown("Awaiting")) == [("n", "one")]


@pytest.mark.usefixtures("ear")
def test_what_a_library_logs_on_a_thread_of_the_node_is_a_warning_of_the_node(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert Desk().warned(shown("Deep")) == [("n", "one")]


@pytest.mark.usefixtures("ear")
def test_outside_of_nodes_the_log_has_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("below").warning("alone")
    warn("nobody hears")
    assert caplog.messages == ["alone", "nobody hears"]


def test_a_kept_result_warns_again_and_nothing_runs() -> None:
    desk = Desk()
    first = desk.warned(shown("Doubtful"))
    assert desk.warned(shown("Doubtful")) == first == [("n", "one is missing")] and desk.ran == []


def test_each_of_two_workflows_that_number_nodes_alike_keeps_its_warnings() -> None:
    desk = Desk()
    for text in ("one", "two", "one", "two"):
        assert desk.warned(shown("Doubtful", text)) == [("n", f"{text} is missing")]


def test_a_node_that_warns_no_more_is_quiet_from_then_on() -> None:
    desk = Desk()
    desk.warned(shown("Doubtful"))
    desk.cache.clear()
    quiet = Registry((*TOYS, node("Doubtful", category="test")(_quiet)))
    wired = shown("Doubtful")
    execute(wired, desk.cache, registry=quiet, journal=desk.journal)
    found = execute(wired, desk.cache, registry=quiet, journal=desk.journal)
    assert not [e for e in found[2] if isinstance(e, NodeWarned)]


def _quiet(*, text: str) -> str:
    """Says nothing."""
    return text


def test_equal_nodes_both_show_the_warning_of_the_one_that_runs() -> None:
    wired = prompt(
        a=("Doubtful", {"text": "x"}),
        b=("Doubtful", {"text": "x"}),
        one=("Show", {"value": link("a")}),
        two=("Show", {"value": link("b")}),
    )
    desk = Desk()
    assert (
        sorted(desk.warned(wired))
        == sorted(desk.warned(wired))
        == [("a", "x is missing"), ("b", "x is missing")]
    )


def test_what_a_node_made_warns_for_it_when_its_own_result_is_kept() -> None:
    _, _, events = execute(shown("Maker"), registry=REGISTRY)
    [told] = [e for e in events if isinstance(e, NodeWarned)]
    assert (told.node_id, told.display_id) == ("made", "n")
    desk = Desk()
    assert desk.warned(shown("Maker")) == [("made", "one is missing")]
    assert desk.warned(shown("Maker")) == [("n", "one is missing")] and desk.ran == []


def test_warnings_outlive_the_process(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    desk = Desk(Journal(JournalFile(file)))
    first = desk.warned(shown("Doubtful"))
    desk.journal.save()
    again = Desk(Journal(JournalFile(file)), desk.cache)
    assert again.warned(shown("Doubtful")) == first and again.ran == []


def test_a_result_another_run_makes_brings_its_warning_along() -> None:
    desk = Desk()
    first = desk.warned(shown("Doubtful"), flights=Flights())
    changed = prompt(
        other=("Number", {"value": 1}), n=("Doubtful", {"text": "one"}),
        show=("Show", {"value": link("n"), "label": "another"}),
    )  # fmt: skip
    assert desk.warned(changed, flights=Flights()) == first and desk.ran == ["show"]
