"""Toy nodes that ask, expand, block and take lists, beside those of `tests.toys`."""

from __future__ import annotations

import weakref
from typing import Annotated, Any, cast

from engine.context import Context, current_call
from engine.graph import Link
from engine.node import Ui, node
from engine.registry import Registry
from engine.returns import Blocker, Expand
from engine.types import ForceInput, Lazy, NodeId, OptionalInput, Socket
from tests import toys
from tests.toys import Anything, Journal, Number

LazyAnything = Annotated[Any, Socket("*"), Lazy()]
Numbers = Annotated[int, Socket("INT", is_list=True)]


def _branch(on: bool, yes: object = None, no: object = None) -> list[str]:
    return ["yes"] if on and yes is None else ["no"] if not on and no is None else []


@node("Switch", category="growing", needs=_branch)
def switch(
    on: bool = True, yes: LazyAnything | None = None, no: LazyAnything | None = None, *, context: Context
) -> Anything:
    """One of two values; the other is not even made."""
    with context.resource(Journal).note(context.node_id):
        return yes if on else no


async def _branch_later(on: bool, yes: object = None, no: object = None) -> list[str]:
    return _branch(on, yes, no)


@node("AsyncSwitch", category="growing", needs=_branch_later)
async def async_switch(
    on: bool = True, yes: LazyAnything | None = None, no: LazyAnything | None = None
) -> Anything:
    """The same as a coroutine, whose question is one, too."""
    return yes if on else no


def _nonsense(a: object = None) -> list[str]:
    return ["nothing"]


@node("AsksNonsense", category="growing", needs=_nonsense)
def asks_nonsense(a: LazyAnything | None = None) -> Anything:
    """Ask for an input that does not exist."""
    return a


@node("Count", category="growing", lane="cpu")
def count(to: Number, *, context: Context) -> Numbers:
    """The numbers below `to`."""
    with context.resource(Journal).note(context.node_id):
        return cast(int, list(range(to)))


@node("Total", category="growing", lane="cpu", takes_lists=True)
def total(values: Number, plus: Annotated[int, OptionalInput()] = 0, *, context: Context) -> int:
    """The sum of all that comes."""
    with context.resource(Journal).note(context.node_id):
        more = cast("list[int]", plus) if plus else []
        return sum([*cast("list[int]", values), *more])


@node("Odd", category="growing", lane="cpu")
def odd(value: Number, message: str = "") -> int:
    """Let odd numbers pass and block even ones."""
    return value if value % 2 else cast(int, Blocker(message or None))


@node("Tell", category="growing", lane="io", output=True)
def tell(value: Anything) -> Ui[None]:
    """Show a value in a list."""
    return Ui({"told": [value]})


@node("Power", category="growing", lane="cpu")
def power(base: Number, exponent: int = 1, *, context: Context) -> int:
    """`base` to the `exponent`, by expanding into a product with a smaller power."""
    with context.resource(Journal).note(context.node_id):
        if exponent == 0:
            return 1
        call = current_call()
        prefix = f"{context.node_id}.{call.index if call else 0}."
        if exponent == 1:
            return base
        less = {"class_type": "Power", "inputs": {"base": base, "exponent": exponent - 1}}
        product = {"class_type": "Times", "inputs": {"a": base, "b": [f"{prefix}less", 0]}}
        nodes = {f"{prefix}less": less, f"{prefix}times": product}
        return cast(int, Expand(nodes, (Link(NodeId(f"{prefix}times"), 0),)))


@node("Times", category="growing", lane="cpu")
def times(a: Number, b: Number, *, context: Context) -> int:
    """The product."""
    with context.resource(Journal).note(context.node_id):
        return a * b


@node("Grow", category="growing", lane="cpu")
def grow(nodes: Anything, *, context: Context) -> Anything:
    """Expand into whatever is given, its last node's first output being the result."""
    with context.resource(Journal).note(context.node_id):
        last = NodeId(list(nodes)[-1])
        return Expand(nodes, (Link(last, 0),))


@node("Loop", category="growing", lane="cpu")
def loop(
    rounds: Annotated[int, ForceInput()],
    value: Number,
    round: Annotated[int, OptionalInput()] = 0,
    *,
    context: Context,
) -> int:
    """Add one, `rounds` times, each time through a new node and a new `Loop`."""
    if round == rounds:
        return value
    root = context.graph.root(context.node_id)
    body, again = f"{root}.{round}.add", f"{root}.{round}.loop"
    nodes = {
        body: {"class_type": "Add", "inputs": {"a": value, "b": 1}},
        again: {"class_type": "Loop", "inputs": {"rounds": rounds, "value": [body, 0], "round": round + 1}},
    }
    return cast(int, Expand(nodes, (Link(NodeId(again), 0),)))


class Watch:
    """How many large values of a loop are alive."""

    def __init__(self) -> None:
        self.made = 0
        self.most_at_once = 0
        self._alive: weakref.WeakSet[Large] = weakref.WeakSet()

    def make(self) -> Large:
        """One more."""
        one = Large()
        self.made += 1
        self._alive.add(one)
        self.most_at_once = max(self.most_at_once, len(self._alive))
        return one


class Large:
    """Stands for a picture."""


@node("MakeLarge", category="growing", lane="cpu")
def make_large(before: Anything | None = None, *, context: Context) -> Anything:
    """A large value made from the one before."""
    return context.resource(Watch).make()


@node("Watched", category="growing", lane="cpu")
def watched(rounds: int = 1, picture: Anything | None = None, *, context: Context) -> Anything:
    """A loop whose rounds make a large value each, of which only the last is wanted."""
    if rounds == 0:
        return "done"
    root = context.graph.root(context.node_id)
    body, again = f"{root}.{rounds}.large", f"{root}.{rounds}"
    before = {} if rounds % 40 == 0 else {"before": [f"{root}.{rounds + 1}.large", 0]}
    nodes = {
        body: {"class_type": "MakeLarge", "inputs": before},
        again: {"class_type": "Watched", "inputs": {"rounds": rounds - 1, "picture": [body, 0]}},
    }
    return Expand(nodes, (Link(NodeId(again), 0),))


REGISTRY = Registry(
    (
        *toys.REGISTRY,
        *(switch, async_switch, asks_nonsense, count, total, odd, tell, power, times, grow, loop),
        *(make_large, watched),
    )
)
