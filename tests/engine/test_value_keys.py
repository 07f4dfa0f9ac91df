"""Keys made once the sources have run: what ends in the same small value goes no further."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import pytest

from engine.cache import LruCache, MemoryCache
from engine.context import Context
from engine.folders import Folders
from engine.graph import Link
from engine.node import node
from engine.registry import Registry
from engine.returns import Expand
from engine.spec import InputSpec, NodeSpec, OutputSpec
from engine.types import NodeId, Socket, Uncacheable
from tests.growing import REGISTRY as GROWING
from tests.toys import Number, execute, link, prompt


def _refuse(**given: Any) -> Uncacheable:
    return Uncacheable("it asks somebody")


@node("Ask", category="x", fingerprint=_refuse)
def ask() -> int:
    """Uncacheable, though the answer is always the same."""
    return 5


@node("Box", category="x")
def box(value: Number) -> Annotated[Any, Socket("BOX")]:
    """A value that is not plain."""
    return (value,)


def _given(**given: Any) -> Any:
    return given


def _once_more(value: int, *, context: Context) -> Any:
    """The node that `value` comes from again, with `value` as its first input: the end of a loop."""
    graph, name = context.graph, context.node_id
    source = graph[graph[name].links["value"].node]
    entry = {"class_type": source.class_type, "inputs": {**source.literals, "a": value}}
    return Expand({f"{name}.again": entry}, (Link(NodeId(f"{name}.again"), 0),))


def spec(name: str, *inputs: InputSpec, **options: Any) -> NodeSpec:
    """A class with one output, as packs have them."""
    return NodeSpec(name, name, "x", "", inputs, (OutputSpec("value", "*"),), **options)


RAW = InputSpec("a", "*", MappingProxyType({"rawLink": True}))
REGISTRY = Registry(
    (
        *(*GROWING, ask, box),
        spec("Given", InputSpec("a", "*", optional=True), variadic=True, function=_given),
        spec("GivenLink", RAW, function=_given),
        spec(
            "OnceMore",
            InputSpec("value", "*"),
            hidden={"graph": "DYNPROMPT"},
            takes_context=True,
            function=_once_more,
        ),
    )
)


def ran(wired: dict[str, Any], cache: Any, **options: Any) -> list[str]:
    outcome, journal, _ = execute(wired, cache, registry=REGISTRY, **options)
    assert outcome.status == "success", outcome.errors
    return journal.ran


def sums(a: int, b: int) -> dict[str, Any]:
    return prompt(
        a=("Number", {"value": a}),
        b=("Number", {"value": b}),
        sum=("Add", {"a": link("a"), "b": link("b")}),
        more=("Add", {"a": link("sum"), "b": 1}),
        show=("Show", {"value": link("more")}),
    )


@pytest.mark.parametrize("cache", [MemoryCache(2**20), LruCache(100)])
def test_a_change_that_ends_in_the_same_number_stops_there(cache: Any) -> None:
    ran(sums(1, 4), cache)
    assert set(ran(sums(2, 3), cache)) == {"a", "b", "sum"}
    assert ran(sums(2, 3), cache) == [], "the next run knows it beforehand"


def test_a_linked_number_is_as_good_as_a_given_one() -> None:
    cache = MemoryCache(2**20)
    ran(prompt(x=("Add", {"a": 5, "b": 1}), show=("Show", {"value": link("x")})), cache)
    wired = prompt(
        n=("Number", {"value": 5}),
        x=("Add", {"a": link("n"), "b": 1}),
        show=("Show", {"value": link("x")}),
    )
    assert ran(wired, cache) == ["n"]


def test_linked_values_of_different_types_are_different() -> None:
    cache = MemoryCache(2**20)
    for given in (1, True, 1.0, "1", None):
        wired = prompt(s=("Switch", {"on": True, "yes": given}), show=("Show", {"value": link("s")}))
        assert ran(wired, cache) == ["s", "show"]


def test_an_uncacheable_source_with_the_same_number_ends_there() -> None:
    cache = MemoryCache(2**20)
    wired = prompt(n=("Ask", {}), x=("Add", {"a": link("n")}), show=("Show", {"value": link("x")}))
    assert ran(wired, cache) == ["x", "show"]
    outcome, journal, _ = execute(wired, cache, registry=REGISTRY)
    assert journal.ran == [] and outcome.executed == ("n",)
    assert outcome.ui == {"show": {"value": [5]}}


def test_what_is_not_plain_counts_by_where_it_comes_from() -> None:
    cache = MemoryCache(2**20)
    for value, expected in ((5, ["n", "show"]), (6, ["n", "show"])):
        wired = prompt(
            n=("Number", {"value": value}),
            b=("Box", {"value": link("n")}),
            show=("Show", {"value": link("b")}),
        )
        assert ran(wired, cache) == expected
    wired = prompt(n=("Ask", {}), b=("Box", {"value": link("n")}), show=("Show", {"value": link("b")}))
    assert ran(wired, cache) == [], "a box of the same number comes from the same place"


def test_lazy_inputs_count_by_where_they_come_from() -> None:
    cache = MemoryCache(2**20)

    def switched(a: int, b: int) -> dict[str, Any]:
        return prompt(
            a=("Number", {"value": a}),
            b=("Number", {"value": b}),
            sum=("Add", {"a": link("a"), "b": link("b")}),
            s=("Switch", {"on": True, "yes": link("sum")}),
            show=("Show", {"value": link("s")}),
        )

    ran(switched(1, 4), cache)
    assert set(ran(switched(2, 3), cache)) == {"a", "b", "sum", "s"}


def value(wired: dict[str, Any], target: str, cache: Any) -> Any:
    outcome, _, _ = execute(wired, cache, registry=REGISTRY, targets=[target])
    assert outcome.status == "success", outcome.errors
    return outcome.values[NodeId(target)][0]


def test_an_undeclared_link_is_not_taken_for_an_undeclared_value() -> None:
    cache = MemoryCache(2**20)
    for x, expected in ((5, {}), (link("n"), {"x": 5})):  # values are passed only under declared names
        wired = prompt(n=("Number", {"value": 5}), v=("Given", {"x": x}))
        assert value(wired, "v", cache) == expected


def test_a_link_passed_as_such_is_not_taken_for_its_value() -> None:
    cache = MemoryCache(2**20)
    for a, expected in ((5, {"a": 5}), (link("n"), {"a": ["n", 0]})):
        wired = prompt(n=("Number", {"value": 5}), v=("GivenLink", {"a": a}))
        assert value(wired, "v", cache) == expected


def test_a_loop_whose_first_round_ends_the_same_is_another_loop() -> None:
    """Its end makes the body anew from the graph, so the values it is given do not say all."""
    cache = MemoryCache(2**20)
    for kind, expected in (("Add", 6), ("Times", 8)):  # 2 + 2 and 2 * 2 begin alike
        wired = prompt(step=(kind, {"a": 2, "b": 2}), end=("OnceMore", {"value": link("step")}))
        assert value(wired, "end", cache) == expected


def test_a_file_named_by_a_link_counts_with_its_content(tmp_path: Path) -> None:
    @node("Name", category="x")
    def name() -> str:
        """The name of a file."""
        return "m.ckpt"

    file = tmp_path / "models/checkpoints/m.ckpt"
    file.parent.mkdir(parents=True)
    registry, cache, folders = Registry([*GROWING, name]), MemoryCache(2**20), Folders.at(tmp_path)
    wired = prompt(
        n=("Name", {}), load=("Load", {"name": link("n")}), again=("Show", {"value": link("load")})
    )

    def shown(content: str) -> tuple[list[str], Any]:
        file.write_text(content)
        outcome, journal, _ = execute(wired, cache, registry=registry, folders=folders)
        return journal.ran, outcome.ui[NodeId("again")]["value"]

    assert shown("one") == (["load", "again"], ["one"])
    assert shown("one") == ([], ["one"])
    assert shown("two") == (["load", "again"], ["two"])
    assert shown("one") == ([], ["one"])


def test_what_an_expansion_was_given_as_values_is_as_good_as_what_was_linked() -> None:
    cache = MemoryCache(2**20)
    ran(prompt(x=("Times", {"a": 3, "b": 9}), show=("Show", {"value": link("x")})), cache)
    wired = prompt(p=("Power", {"base": 3, "exponent": 3}), show=("Show", {"value": link("p")}))
    assert "p.0.times" not in ran(wired, cache)
