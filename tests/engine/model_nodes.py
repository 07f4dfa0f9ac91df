"""Toy nodes of every kind that the engine treats differently.

They compute with small numbers, so that different ways often end in the same value.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

from engine.context import Context, current_call
from engine.graph import Link
from engine.node import Ui, node
from engine.registry import Registry
from engine.returns import Blocker, Expand
from engine.types import Files, Lazy, NodeId, Socket, Uncacheable
from tests.toys import Anything, Journal

Maybe = Annotated[Any, Socket("*"), Lazy()]
Several = Annotated[Any, Socket("*", is_list=True)]


def total(*values: Any) -> int:
    """A small number from anything."""
    return sum(value if isinstance(value, int) else len(str(value)) for value in values) % 4


def wants(on: Any, yes: Any = None, no: Any = None) -> list[str]:
    """Which branch a switch asks for."""
    return ["yes"] if on and yes is None else ["no"] if not on and no is None else []


async def wants_later(on: Any, yes: Any = None, no: Any = None) -> list[str]:
    """The same as a coroutine."""
    return wants(on, yes, no)


def never(**given: Any) -> Uncacheable:
    """A fingerprint that refuses."""
    return Uncacheable("it is never the same")


def chain(prefix: str, a: Any, length: int) -> dict[str, dict[str, Any]]:
    """The nodes an expansion makes: sums of sums, and one that nobody needs."""
    nodes: dict[str, dict[str, Any]] = {"spare": {"class_type": "Sum", "inputs": {"a": 77, "b": a, "c": 0}}}
    for i in range(length):
        before = a if i == 0 else [f"{prefix}{i - 1}", 0]
        nodes[str(i)] = {"class_type": "Sum", "inputs": {"a": before, "b": 0, "c": 1}}
    return {f"{prefix}{name}": entry for name, entry in nodes.items()}


@node("Sum", category="model", lane="device")
def sum_(a: Anything, b: Anything, c: int = 0, *, context: Context) -> Anything:
    """A plain value."""
    with context.resource(Journal).note(context.node_id):
        return total(a, b, c)


@node("Pair", category="model", lane="cpu")
def pair(a: Anything, b: Anything, *, context: Context) -> Anything:
    """A value that is not plain."""
    with context.resource(Journal).note(context.node_id):
        return (total(a), total(b))


@node("Name", category="model", lane="cpu")
def name_(value: Anything, *, context: Context) -> Anything:
    """The name of a file."""
    with context.resource(Journal).note(context.node_id):
        return "xy"[total(value) % 2]


@node("Read", category="model", lane="io")
def read(name: Annotated[str, Files("checkpoints")], *, context: Context) -> Anything:
    """A file's content."""
    with context.resource(Journal).note(context.node_id):
        return int(context.folders.find("checkpoints", name).read_text())


@node("Tick", category="model", lane="io", fingerprint=never)
def tick(a: Anything, *, context: Context) -> Anything:
    """Uncacheable, with a plain value."""
    with context.resource(Journal).note(context.node_id):
        return total(a)


@node("Tock", category="model", lane="io", fingerprint=never)
def tock(a: Anything, *, context: Context) -> Anything:
    """Uncacheable, with a value that is not plain."""
    with context.resource(Journal).note(context.node_id):
        return (total(a),)


@node("Doze", category="model")
async def doze(a: Anything, *, context: Context) -> Anything:
    """A coroutine."""
    with context.resource(Journal).note(context.node_id):
        return total(a, 1)


@node("Switch", category="model", lane="cpu", needs=wants)
def switch(on: Anything, yes: Maybe | None = None, no: Maybe | None = None, *, context: Context) -> Anything:
    """One of two inputs."""
    with context.resource(Journal).note(context.node_id):
        return yes if on else no


@node("SwitchLater", category="model", needs=wants_later)
async def switch_later(
    on: Anything, yes: Maybe | None = None, no: Maybe | None = None, *, context: Context
) -> Anything:
    """One of two inputs, as a coroutine."""
    with context.resource(Journal).note(context.node_id):
        return yes if on else no


@node("Count", category="model", lane="cpu")
def count(to: Anything, *, context: Context) -> Several:
    """A list, at times empty."""
    with context.resource(Journal).note(context.node_id):
        return list(range(total(to)))


@node("Total", category="model", lane="cpu", takes_lists=True)
def total_(values: Anything, *, context: Context) -> Anything:
    """One value for a list."""
    with context.resource(Journal).note(context.node_id):
        return total(*cast("list[Any]", values))


@node("Odd", category="model", lane="io")
def odd(a: Anything, *, context: Context) -> Anything:
    """Block what is even."""
    with context.resource(Journal).note(context.node_id):
        return a if total(a) % 2 else Blocker()


@node("Grow", category="model", lane="cpu")
def grow(a: Anything, length: int = 1, *, context: Context) -> Anything:
    """Expand into a chain of sums."""
    with context.resource(Journal).note(context.node_id):
        call = current_call()
        prefix = f"{context.node_id}.{call.index if call else 0}."
        return Expand(chain(prefix, a, length), (Link(NodeId(f"{prefix}{length - 1}"), 0),))


@node("Show", category="model", lane="io", output=True)
def show(value: Anything, *, context: Context) -> Ui[None]:
    """Show a value."""
    with context.resource(Journal).note(context.node_id):
        return Ui({"shown": [repr(value)]})


REGISTRY = Registry(
    (
        *(sum_, pair, name_, read, tick, tock, doze, switch, switch_later),
        *(count, total_, odd, grow, show),
    )
)
SOURCES = {
    "Sum": ("a", "b"),
    "Pair": ("a", "b"),
    "Name": ("value",),
    "Read": ("name",),
    "Tick": ("a",),
    "Tock": ("a",),
    "Doze": ("a",),
    "Switch": ("on", "yes", "no"),
    "SwitchLater": ("on", "yes", "no"),
    "Count": ("to",),
    "Total": ("values",),
    "Odd": ("a",),
    "Grow": ("a",),
    "Show": ("value",),
}
"""The inputs of each class that may be linked."""
LITERALS = {"Sum": ("c", 5), "Grow": ("length", 3)}
"""Inputs that are always values, and how many there are to choose from."""
LAZY = frozenset({"yes", "no"})
