"""Small real nodes for tests of the engine, and shorthand for the prompts that wire them.

What ran is written to a `Journal` passed as a resource, so assertions read `ran == ["sum", "show"]`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, cast

from engine.cache import Cache
from engine.context import Context, Preview
from engine.driver import Outcome, run_sync
from engine.events import Event
from engine.folders import Folders
from engine.graph import Graph
from engine.node import Ui, node
from engine.registry import Registry
from engine.types import (
    Files,
    ForceInput,
    Multiline,
    NodeId,
    OptionalInput,
    Range,
    SeedControl,
    Socket,
    Uncacheable,
)

Number = Annotated[int, ForceInput()]
Anything = Annotated[Any, Socket("*")]
Image = Annotated[str, Socket("IMAGE")]
Mask = Annotated[str, Socket("MASK")]


class Journal:
    """Which nodes ran, in order, and how many at once."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.threads: dict[str, str] = {}
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()

    @contextmanager
    def note(self, name: str) -> Generator[None]:
        """Count the node as running inside the block."""
        with self._lock:
            self.ran.append(name)
            self.threads[name] = threading.current_thread().name
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


class Remedied(ValueError):
    """An error that knows what to do."""

    remedy = "Use a smaller number"


@node("Number", title="A number", category="toys", lane="cpu")
def number(value: Annotated[int, Range(-1000, 1000)] = 0, *, context: Context) -> int:
    """Give a number."""
    with context.resource(Journal).note(context.node_id):
        return value


@node("Add", category="toys")
def add(a: Number, b: Number = 0, c: Annotated[int, OptionalInput()] = 0, *, context: Context) -> int:
    """Add two or three numbers.

    Args:
        a: the first summand,
            which may be large.
        c: one more, if wanted.

    Returns:
        The sum.
    """
    with context.resource(Journal).note(context.node_id):
        return a + b + c


class Parts(NamedTuple):
    """Both results of a division."""

    quotient: int
    rest: int


@node("Divide", category="toys", lane="cpu")
def divide(a: Number, b: int = 2, *, context: Context) -> Parts:
    """Divide whole numbers.

    Returns:
        quotient: how often it goes.
        rest: what is left.
    """
    with context.resource(Journal).note(context.node_id):
        return Parts(*divmod(a, b))


@node("Paint", category="toys/pictures")
def paint(
    text: Annotated[str, Multiline(dynamic_prompts=True)],
    mask: Mask | None = None,
    seed: Annotated[int, SeedControl()] = 0,
    strength: Annotated[float, Range(0, 1, step=0.01, round=0.001)] = 0.5,
    mode: Literal["soft", "hard"] = "soft",
    upside_down: bool = False,
    *,
    context: Context,
) -> Image:
    """Describe a picture nobody paints."""
    with context.resource(Journal).note(context.node_id):
        return f"{text} {mask} {seed} {strength} {mode} {upside_down}"


@node("Show", category="toys", lane="io", output=True, hidden=("PROMPT", "EXTRA_PNGINFO"))
def show(value: Anything, label: str = "value", *, context: Context) -> Ui[None]:
    """Show a value."""
    with context.resource(Journal).note(context.node_id):
        return Ui({label: [value]})


@node("Fail", category="toys")
def fail(value: Number, *, context: Context) -> int:
    """Raise an error that carries a remedy."""
    with context.resource(Journal).note(context.node_id):
        raise Remedied(f"{value} is too large")


@node("Exit", category="toys")
def leave(value: Number) -> int:
    """Try to end the process."""
    raise SystemExit(value)


@node("Meet", category="toys", lane="io")
def meet(value: Number, *, context: Context) -> int:
    """Wait until as many nodes as the barrier has parties are here at once."""
    with context.resource(Journal).note(context.node_id):
        context.resource(threading.Barrier).wait(timeout=10)
        return value


@node("MeetLater", category="toys")
async def meet_later(value: Number, *, context: Context) -> int:
    """The same as a coroutine."""
    with context.resource(Journal).note(context.node_id):
        await asyncio.wait_for(context.resource(asyncio.Barrier).wait(), 10)
        return value


@node("Exclusive", category="toys", lane="device")
def exclusive(value: Number, *, context: Context) -> int:
    """Occupy the device for a moment."""
    with context.resource(Journal).note(context.node_id):
        threading.Event().wait(0.01)
        return value


@node("Steps", category="toys")
def steps(value: Number, count: int = 3, *, context: Context) -> int:
    """Report progress, with a preview at the end of each step."""
    with context.resource(Journal).note(context.node_id):
        for step in range(count):
            context.progress(step + 1, count, Preview(bytes([step]), "image/png"))
        return value


@node("UntilCancelled", category="toys")
def until_cancelled(value: Number, *, context: Context) -> int:
    """Work for ever, as long as nobody objects."""
    with context.resource(Journal).note(context.node_id):
        context.resource(threading.Event).set()
        while True:
            threading.Event().wait(0.001)
            context.check()


@node("Doze", category="toys")
async def doze(value: Number, seconds: float = 0.0, *, context: Context) -> int:
    """Sleep without occupying a thread."""
    with context.resource(Journal).note(context.node_id):
        await asyncio.sleep(seconds)
        return value


@node("Load", category="toys", lane="io")
def load(name: Annotated[str, Files("checkpoints")], *, context: Context) -> str:
    """Read a file of the checkpoints folder."""
    with context.resource(Journal).note(context.node_id):
        return context.folders.find("checkpoints", name).read_text()


@node("Picture", category="toys", lane="io")
def picture(image: Annotated[str, Files("input")], *, context: Context) -> Image:
    """Name a file of the input folder."""
    with context.resource(Journal).note(context.node_id):
        return context.folders.annotated(image).name


def _time(**literals: Any) -> Uncacheable:
    return Uncacheable("it reads the clock")


@node("Clock", category="toys", fingerprint=_time)
def clock(offset: int = 0, *, context: Context) -> int:
    """Something that is never the same twice."""
    with context.resource(Journal).note(context.node_id):
        return time.monotonic_ns() + offset


def _even(value: int) -> str | None:
    return None if value % 2 == 0 else f"{value} is odd"


@node("Even", category="toys", check=_even)
def even(value: Annotated[int, Range(0, 10)] = 0, *, context: Context) -> int:
    """Give a number its own check has seen."""
    with context.resource(Journal).note(context.node_id):
        return value


REGISTRY = Registry(
    (
        *(number, add, divide, paint, show, fail, leave, meet, exclusive, steps, until_cancelled),
        *(meet_later, doze, load, picture, clock, even),
    )
)
NOWHERE = Folders.at(Path("/nonexistent"))


def prompt(**nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """`prompt(a=("Number", {"value": 1}))` in API format; inputs given as tuples are links."""
    return {
        name: {"class_type": kind, "inputs": {key: _wire(value) for key, value in inputs.items()}}
        for name, (kind, inputs) in nodes.items()
    }


def _wire(value: object) -> object:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def link(name: str, slot: int = 0) -> tuple[str, int]:
    """A link to an output."""
    return (name, slot)


def sum_prompt(first: int = 1, second: int = 2) -> dict[str, Any]:
    """one, two → sum → show."""
    return prompt(
        one=("Number", {"value": first}),
        two=("Number", {"value": second}),
        sum=("Add", {"a": link("one"), "b": link("two")}),
        show=("Show", {"value": link("sum"), "label": "value"}),
    )


def execute(
    wired: dict[str, Any],
    cache: Cache | None = None,
    *,
    resources: dict[type, object] | None = None,
    targets: list[str] | None = None,
    registry: Registry = REGISTRY,
    **options: Any,
) -> tuple[Outcome, Journal, list[Event]]:
    """Run a prompt; gives the outcome, what ran, and the events."""
    journal = Journal()
    events: list[Event] = []
    outcome = run_sync(
        Graph.parse(wired),
        registry,
        cache,
        emit=events.append,
        resources={Journal: journal, **(resources or {})},
        targets=None if targets is None else [NodeId(t) for t in targets],
        **{"folders": NOWHERE, **options},
    )
    return outcome, journal, events
