"""Coroutine nodes in V1 form: overlap, errors, laziness, blockers, expansion; partial runs; progress."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import torch

from engine.cache import Cache
from engine.events import NodeProgress
from engine.returns import Blocker
from engine.types import NodeId
from nodes.comfy.execution.builder import GraphBuilder
from nodes.comfy.names.utils import ProgressBar
from tests.nodes.comfy.bench import Bench, graph, ran
from tests.nodes.comfy.toys import ANY, TOYS, Constant, Made, Pause, Show, Spec


def meeting(parties: int) -> type[Pause]:
    """A pause that ends once so many are in it at the same time."""
    barrier = asyncio.Barrier(parties)

    class Meeting(Pause):
        async def pause(self, value: Any, seconds: float) -> Made:
            await asyncio.wait_for(barrier.wait(), 10)
            return (value,)

    return Meeting


def three_pauses() -> dict[str, Any]:
    return graph(
        a=("Pause", {"value": 1, "seconds": 0.01}),
        b=("Pause", {"value": 2, "seconds": 0.02}),
        c=("Pause", {"value": 4, "seconds": 0.03}),
        ab=("Add", {"a": ("a", 0), "b": ("b", 0)}),
        abc=("Add", {"a": ("ab", 0), "b": ("c", 0)}),
        show=("Show", {"value": ("abc", 0)}),
    )


def test_coroutines_overlap_and_their_results_are_cached(cache: Cache) -> None:
    bench = Bench({**TOYS, "Pause": meeting(3)}, cache)
    assert bench.shown(three_pauses()) == [7]
    assert ran(bench.run(three_pauses())) == set()


def test_coroutines_of_one_expansion_overlap(cache: Cache) -> None:
    class Three(Constant):
        def give(self, value: Any) -> Any:
            builder = GraphBuilder()
            pauses = [builder.node("Pause", value=n, seconds=0.01) for n in (1, 2, 4)]
            sum_ = builder.node("Add", a=pauses[0].out(0), b=pauses[1].out(0))
            last = builder.node("Add", a=sum_.out(0), b=pauses[2].out(0))
            return {"result": (last.out(0),), "expand": builder.finalize()}

    bench = Bench({**TOYS, "Three": Three, "Pause": meeting(3)}, cache)
    assert bench.shown(graph(it=("Three", {"value": 1}), show=("Show", {"value": ("it", 0)}))) == [7]


def test_a_lazy_input_from_a_coroutine_that_is_not_needed_is_not_started(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    prompt = graph(
        slow=("Pause", {"value": 1, "seconds": 30}),
        fast=("Constant", {"value": 2}),
        it=("Choose", {"first": 0, "a": ("slow", 0), "b": ("fast", 0)}),
        show=("Show", {"value": ("it", 0)}),
    )
    assert bench.shown(prompt) == [2]


def test_async_check_lazy_status(cache: Cache) -> None:
    class Asking(Constant):
        @classmethod
        def INPUT_TYPES(cls) -> Spec:
            return {"required": {"value": (ANY, {"lazy": True})}}

        async def check_lazy_status(self, value: Any = None) -> list[str]:
            await asyncio.sleep(0)
            return ["value"] if value is None else []

    bench = Bench({**TOYS, "Asking": Asking}, cache)
    prompt = graph(
        a=("Constant", {"value": 3}), it=("Asking", {"value": ("a", 0)}), show=("Show", {"value": ("it", 0)})
    )
    assert bench.shown(prompt) == [3]


def test_an_error_in_a_coroutine_names_its_node_and_the_next_prompt_works(cache: Cache) -> None:
    class Late(Pause):
        async def pause(self, value: Any, seconds: float) -> Made:
            await asyncio.wait_for(asyncio.sleep(10), 0.01)
            return (value,)

    bench = Bench({**TOYS, "Late": Late}, cache)
    bad = graph(it=("Late", {"value": 1, "seconds": 1.0}), show=("Show", {"value": ("it", 0)}))
    outcome = bench.run(bad)
    assert [(e.node_id, e.exception_type) for e in outcome.errors] == [("it", "TimeoutError")]
    assert bench.shown(three_pauses()) == [7]


def test_an_error_of_a_sync_node_is_told_while_a_coroutine_waits(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    prompt = graph(
        slow=("Pause", {"value": 1, "seconds": 0.2}),
        bad=("Fail", {"value": 1}),
        sum=("Add", {"a": ("slow", 0), "b": ("bad", 0)}),
        show=("Show", {"value": ("sum", 0)}),
    )
    outcome = bench.run(prompt)
    assert [error.node_id for error in outcome.errors] == ["bad"]


def test_blockers_work_with_coroutines(cache: Cache) -> None:
    class Blocking(Pause):
        async def pause(self, value: Any, seconds: float) -> Any:
            await asyncio.sleep(seconds)
            return (Blocker(None),)

    bench = Bench({**TOYS, "Blocking": Blocking}, cache)
    outcome = bench.run(
        graph(it=("Blocking", {"value": 1, "seconds": 0.01}), show=("Show", {"value": ("it", 0)}))
    )
    assert outcome.status == "success"
    assert not outcome.ui.get(NodeId("show"), {}).get("shown")


def test_what_a_coroutine_holds_is_released(cache: Cache) -> None:
    class Holding(Pause):
        held: ClassVar[list[str]] = []

        @classmethod
        def IS_CHANGED(cls, **given: Any) -> float:
            return float("nan")

        async def pause(self, value: Any, seconds: float) -> Made:
            assert not self.held
            self.held.append("it")
            try:
                await asyncio.sleep(seconds)
            finally:
                self.held.pop()
            return (value,)

    bench = Bench({**TOYS, "Holding": Holding}, cache)
    prompt = graph(it=("Holding", {"value": 1, "seconds": 0.01}), show=("Show", {"value": ("it", 0)}))
    assert [bench.shown(prompt), bench.shown(prompt)] == [[1], [1]]


def test_an_output_node_may_expand_into_coroutines(cache: Cache) -> None:
    class Ends(Show):
        def show(self, value: Any) -> Any:
            builder = GraphBuilder()
            pause = builder.node("Pause", value=value, seconds=0.01)
            last = builder.node("Show", value=pause.out(0))
            return {"result": (last.out(0),), "expand": builder.finalize()}

    bench = Bench({**TOYS, "Ends": Ends}, cache)
    outcome = bench.run(graph(it=("Ends", {"value": 5})))
    assert outcome.status == "success"
    assert list(bench.announced.values()) == [[5]]


def chain_of_outputs() -> dict[str, Any]:
    return graph(
        a=("Constant", {"value": 1}),
        first=("Show", {"value": ("a", 0)}),
        second=("Show", {"value": ("first", 0)}),
        side=("Show", {"value": ("first", 0)}),
        b=("Constant", {"value": 2}),
        apart=("Show", {"value": ("b", 0)}),
    )


def test_only_listed_outputs_and_what_they_need_run(cache: Cache) -> None:
    bench = Bench({**TOYS, "Show": type("Show", (Show,), {"NOT_IDEMPOTENT": True})}, cache)
    assert ran(bench.run(chain_of_outputs(), ["apart"])) == {"b", "apart"}
    assert ran(bench.run(chain_of_outputs(), ["second"])) == {"a", "first", "second"}
    assert ran(bench.run(chain_of_outputs(), ["side", "apart"])) == {"side"}


def test_laziness_holds_within_partial_runs(cache: Cache) -> None:
    bench = Bench(TOYS, cache)
    prompt = {
        **chain_of_outputs(),
        **graph(
            it=("Choose", {"first": 1, "a": ("a", 0), "b": ("b", 0)}),
            chosen=("Show", {"value": ("it", 0)}),
        ),
    }
    assert ran(bench.run(prompt, ["chosen"])) == {"a", "it", "chosen"}


def test_a_progress_bar_reports_for_the_node_that_runs(cache: Cache) -> None:
    class Steps(Constant):
        def give(self, value: Any) -> Made:
            bar = ProgressBar(3)
            for _ in range(3):
                bar.update(1)
            return (value,)

    bench = Bench({**TOYS, "Steps": Steps}, cache)
    bench.run(graph(it=("Steps", {"value": 1}), show=("Show", {"value": ("it", 0)})))
    told = [(e.node_id, e.value, e.maximum) for e in bench.events if isinstance(e, NodeProgress)]
    assert told == [("it", 1, 3), ("it", 2, 3), ("it", 3, 3)]


def test_nodes_run_in_inference_mode_coroutines_too(cache: Cache) -> None:
    class Modes(Constant):
        def give(self, value: Any) -> Made:
            return (torch.is_inference_mode_enabled(),)

    class AsyncModes(Pause):
        async def pause(self, value: Any, seconds: float) -> Made:
            before = torch.is_inference_mode_enabled()
            await asyncio.sleep(seconds)
            return ((value, before, torch.is_inference_mode_enabled()),)

    bench = Bench({**TOYS, "Modes": Modes, "AsyncModes": AsyncModes}, cache)
    prompt = graph(
        a=("Modes", {"value": 1}),
        it=("AsyncModes", {"value": ("a", 0), "seconds": 0.01}),
        show=("Show", {"value": ("it", 0)}),
    )
    assert bench.shown(prompt) == [(True, True, True)]
