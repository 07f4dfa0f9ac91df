"""Lists, lazy inputs per item, blockers and expansions, for V1 nodes."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from engine.cache import Cache
from engine.events import NodeBlocked
from engine.returns import Blocker
from engine.types import NodeId
from nodes.comfy.execution.builder import GraphBuilder
from tests.nodes.comfy.bench import Bench, graph, ran
from tests.nodes.comfy.toys import ANY, TOYS, Constant, Gather, Made, Show, Spec


class Mixed(Constant):
    """Odd numbers come from an expansion, every third from a dict."""

    def give(self, value: Any) -> Any:
        if value % 2:
            builder = GraphBuilder()
            return {
                "result": (builder.node("Constant", value=value * 10).out(0),),
                "expand": builder.finalize(),
            }
        return {"result": (value,)} if value % 3 == 0 else (value,)


class BlockTwo(Constant):
    """Lets through all but the number two."""

    def give(self, value: Any) -> Any:
        return (Blocker(None) if value == 2 else value,)


def spread_through(kind: str, count: int = 4) -> dict[str, Any]:
    return graph(
        list=("Spread", {"count": count}),
        it=(kind, {"value": ("list", 0)}),
        all=("Gather", {"values": ("it", 0)}),
        show=("Show", {"value": ("all", 0)}),
    )


def test_calls_of_one_node_may_return_values_dicts_and_expansions(cache: Cache) -> None:
    bench = Bench({**TOYS, "Mixed": Mixed}, cache)
    assert bench.shown(spread_through("Mixed")) == [[0, 10, 2, 30]]
    assert ran(bench.run(spread_through("Mixed"))) == set()


def test_shorter_lists_repeat_their_last_value(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    prompt = graph(
        long=("Spread", {"count": 4}),
        short=("Spread", {"count": 2}),
        sum=("Add", {"a": ("long", 0), "b": ("short", 0)}),
        all=("Gather", {"values": ("sum", 0)}),
        show=("Show", {"value": ("all", 0)}),
    )
    assert bench.shown(prompt) == [[0, 2, 3, 4]]


def test_an_output_node_shows_each_value_of_a_list(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    assert bench.shown(graph(l=("Spread", {"count": 3}), show=("Show", {"value": ("l", 0)}))) == [0, 1, 2]


def test_input_is_list_wraps_literals_and_hidden_values_too(cache: Cache) -> None:
    class Whole:
        RETURN_TYPES: ClassVar[Any] = (ANY,)
        INPUT_IS_LIST = (True,)
        FUNCTION = "give"

        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {"a": (ANY, {}), "b": ("INT", {})}, "hidden": {"me": "UNIQUE_ID"}}

        def give(self, a: Any, b: Any, me: Any) -> Made:
            return ((a, b, me),)

    bench = Bench({**TOYS, "Whole": Whole}, cache)
    prompt = graph(
        list=("Spread", {"count": 2}),
        it=("Whole", {"a": ("list", 0), "b": 7}),
        show=("Show", {"value": ("it", 0)}),
    )
    assert bench.shown(prompt) == [([0, 1], [7], ["it"])]


def test_lazy_requests_may_differ_by_item(cache: Cache) -> None:
    bench = Bench({**TOYS, "Parity": Parity}, cache)
    prompt = graph(
        list=("Spread", {"count": 3}),
        odd=("Parity", {"value": ("list", 0)}),
        yes=("Text", {"value": "odd"}),
        no=("Text", {"value": "even"}),
        it=("Choose", {"first": ("odd", 0), "a": ("yes", 0), "b": ("no", 0)}),
        all=("Gather", {"values": ("it", 0)}),
        show=("Show", {"value": ("all", 0)}),
    )
    assert bench.shown(prompt) == [["even", "odd", "even"]]


class Parity(Constant):
    def give(self, value: Any) -> Made:
        return (value % 2 == 1,)


def choosing(first: bool) -> dict[str, Any]:
    return graph(
        first=("Constant", {"value": int(first)}),
        yes=("Text", {"value": "yes"}),
        no=("Text", {"value": "no"}),
        it=("Choose", {"first": ("first", 0), "a": ("yes", 0), "b": ("no", 0)}),
        show=("Show", {"value": ("it", 0)}),
    )


def test_a_lazy_input_that_is_not_asked_for_does_not_run(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    assert ran(bench.run(choosing(True))) == {"first", "yes", "it", "show"}
    assert ran(bench.run(choosing(False))) == {"first", "no", "it", "show"}


def test_without_check_lazy_status_lazy_inputs_stay_none(cache: Cache) -> None:
    class Never(Constant):
        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {"value": (ANY, {"lazy": True})}}

        def give(self, value: Any = "default") -> Made:
            return (str(value),)

    bench = Bench({**TOYS, "Never": Never}, cache)
    prompt = graph(
        a=("Constant", {"value": 1}), it=("Never", {"value": ("a", 0)}), show=("Show", {"value": ("it", 0)})
    )
    outcome = bench.run(prompt)
    assert outcome.ui[NodeId("show")]["shown"] == ["None"]
    assert "a" not in ran(outcome)


def test_a_raw_link_is_handed_over_as_it_stands(cache: Cache) -> None:
    class Raw(Constant):
        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {"value": (ANY, {"rawLink": True})}}

    bench = Bench({**TOYS, "Raw": Raw}, cache)
    prompt = graph(
        a=("Constant", {"value": 1}), it=("Raw", {"value": ("a", 0)}), show=("Show", {"value": ("it", 0)})
    )
    outcome = bench.run(prompt)
    assert outcome.ui[NodeId("show")]["shown"] == [["a", 0]]
    assert "a" in ran(outcome)


def test_a_blocker_in_one_item_blocks_that_item(cache: Cache) -> None:
    bench = Bench({**TOYS, "BlockTwo": BlockTwo}, cache)
    prompt = graph(
        list=("Spread", {"count": 4}),
        it=("BlockTwo", {"value": ("list", 0)}),
        show=("Show", {"value": ("it", 0)}),
    )
    assert bench.shown(prompt) == [0, 1, 3]


def test_a_blocked_list_of_a_collecting_node_blocks_it(cache: Cache) -> None:
    bench = Bench({**TOYS, "BlockTwo": BlockTwo}, cache)
    outcome = bench.run(spread_through("BlockTwo"))
    assert outcome.status == "success"
    assert NodeId("show") not in outcome.ui or outcome.ui[NodeId("show")] == {"shown": []}


def test_a_list_node_passes_a_blocker_on_as_one_item(cache: Cache) -> None:
    class Twice:
        RETURN_TYPES: ClassVar[Any] = (ANY,)
        OUTPUT_IS_LIST = (True,)
        FUNCTION = "give"

        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {"value": (ANY, {})}}

        def give(self, value: Any) -> Made:
            return ([value, value],)

    bench = Bench({**TOYS, "BlockTwo": BlockTwo, "Twice": Twice}, cache)
    prompt = graph(
        list=("Spread", {"count": 4}),
        some=("BlockTwo", {"value": ("list", 0)}),
        it=("Twice", {"value": ("some", 0)}),
        show=("Show", {"value": ("it", 0)}),
    )
    assert bench.shown(prompt) == [0, 0, 1, 1, 3, 3]


def test_a_blocker_with_a_message_is_told_once_and_the_run_succeeds(cache: Cache) -> None:
    class Stop(Constant):
        def give(self, value: Any) -> Any:
            return Blocker("enough")

    bench = Bench({**TOYS, "Stop": Stop}, cache)
    prompt = graph(
        it=("Stop", {"value": 1}), sum=("Add", {"a": ("it", 0), "b": 1}), show=("Show", {"value": ("sum", 0)})
    )
    assert bench.run(prompt).status == "success"
    told = [event for event in bench.events if isinstance(event, NodeBlocked)]
    assert [(event.node_id, event.message) for event in told] == [("sum", "enough")]


def test_missing_and_surplus_values_and_bare_texts(cache: Cache) -> None:
    class Returns:
        RETURN_TYPES: ClassVar[Any] = (ANY, ANY)
        FUNCTION = "give"
        made: ClassVar[Any] = ()

        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {}}

        def give(self) -> Any:
            return self.made

    def second_and_first(made: Any) -> Any:
        kind = type("Kind", (Returns,), {"made": made, "NOT_IDEMPOTENT": True, "IS_CHANGED": None})
        bench = Bench({**TOYS, "Kind": kind}, cache)
        prompt = graph(it=("Kind", {}), a=("Show", {"value": ("it", 0)}), b=("Show", {"value": ("it", 1)}))
        outcome = bench.run(prompt)
        if outcome.status == "error":
            return outcome.errors[0].exception_type
        return outcome.ui[NodeId("a")]["shown"], outcome.ui[NodeId("b")]["shown"]

    assert second_and_first((1, 2, 3)) == ([1], [2])
    assert second_and_first([1]) == ([1], [None])
    assert second_and_first("xyz") == (["x"], ["y"])
    assert second_and_first({}) == ([None], [None])
    assert second_and_first({"ui": {"shown": ["s"]}}) == ([None], [None])
    assert second_and_first(None) == "TypeError"
    assert second_and_first(5) == "TypeError"
    assert second_and_first({"expand": {}}) == "ValueError"


def test_ui_without_result_is_shown_and_made_plain(cache: Cache) -> None:
    import numpy as np

    class Ends(Show):
        RETURN_TYPES: ClassVar[Any] = ()

        def show(self, value: Any) -> Any:
            return {"ui": {"shown": (np.float32(0.5), {"n": np.int64(2)})}}

    bench = Bench({**TOYS, "Show": Ends}, cache)
    assert bench.shown(graph(show=("Show", {"value": 1}))) == [0.5, {"n": 2}]


def test_a_cycle_made_by_an_expansion_names_the_submitted_node(cache: Cache) -> None:
    class Cyclic(Constant):
        def give(self, value: Any) -> Any:
            builder = GraphBuilder()
            first = builder.node("Add", a=1)
            second = builder.node("Add", a=first.out(0), b=1)
            first.set_input("b", second.out(0))
            return {"result": (second.out(0),), "expand": builder.finalize()}

    bench = Bench({**TOYS, "Cyclic": Cyclic}, cache)
    outcome = bench.run(graph(it=("Cyclic", {"value": 1}), show=("Show", {"value": ("it", 0)})))
    assert outcome.status == "error"
    assert outcome.errors[0].node_id == "it"


def test_gather_of_a_list_output_collects(cache: Cache) -> None:
    assert Gather().gather([1]) == ([1],)
    bench = Bench(TOYS, cache)
    prompt = graph(
        l=("Spread", {"count": 3}), all=("Gather", {"values": ("l", 0)}), show=("Show", {"value": ("all", 0)})
    )
    assert bench.shown(prompt) == [[0, 1, 2]]


@pytest.mark.parametrize("count", [0, 1])
def test_zero_calls_for_an_empty_list(cache: Cache, count: int) -> None:
    bench = Bench(TOYS, cache)
    outcome = bench.run(graph(l=("Spread", {"count": count}), show=("Show", {"value": ("l", 0)})))
    assert outcome.status == "success"
    assert list(outcome.ui.get(NodeId("show"), {}).get("shown", [])) == list(range(count))
