"""Whole runs: lanes, events, failures, cancelling, sharing, memory."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache import LruCache, MemoryCache
from engine.context import Cancellation, Context, JobExtra, Preview, RunOptions
from engine.driver import Outcome, run, run_sync
from engine.events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunCached,
    RunFinished,
    RunStarted,
    blob,
    from_json,
    to_json,
)
from engine.graph import Graph
from engine.lanes import Lanes
from engine.node import node
from engine.registry import Registry
from engine.types import NodeId, Socket
from tests.engine.test_graphs import chain
from tests.toys import NOWHERE, REGISTRY, Journal, execute, link, prompt, sum_prompt

Thing = Annotated[Any, Socket("THING")]


def of_type(events: list[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_events_tell_the_run_in_order() -> None:
    _, _, events = execute(
        prompt(n=("Number", {"value": 5}), show=("Show", {"value": link("n")})), job_id="j"
    )
    assert [type(e) for e in events] == [
        RunStarted,
        RunCached,
        NodeStarted,
        NodeFinished,
        NodeStarted,
        NodeFinished,
        RunFinished,
    ]
    assert {e.job_id for e in events} == {"j"}
    assert [e.seq for e in events] == [1, 2, 3, 4, 5, 6, 7]
    assert of_type(events, NodeFinished)[1].ui == {"value": [5]}
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.status == "success" and finished.executed == ("n", "show")


def test_progress_and_previews_are_events() -> None:
    wired = prompt(
        n=("Number", {}), s=("Steps", {"value": link("n"), "count": 3}), o=("Show", {"value": link("s")})
    )
    _, _, events = execute(wired)
    ticks = of_type(events, NodeProgress)
    assert [(t.node_id, t.value, t.maximum) for t in ticks] == [("s", i, 3) for i in (1, 2, 3)]
    assert ticks[2].preview == Preview(b"\x02", "image/png")
    assert from_json(to_json(ticks[2]), blob(ticks[2])) == ticks[2]


def test_several_outputs_go_to_their_slots() -> None:
    wired = prompt(
        n=("Number", {"value": 17}),
        d=("Divide", {"a": link("n"), "b": 5}),
        q=("Show", {"value": link("d", 0)}),
        r=("Show", {"value": link("d", 1)}),
    )
    outcome, _, _ = execute(wired)
    assert outcome.ui == {"q": {"value": [3]}, "r": {"value": [2]}}


def test_targets_need_not_be_output_nodes() -> None:
    outcome, journal, _ = execute(sum_prompt(3, 4), targets=["sum"])
    assert outcome.values == {"sum": (7,)}
    assert "show" not in journal.ran


def test_only_the_asked_for_outputs_run() -> None:
    wired = sum_prompt() | prompt(other=("Show", {"value": link("one")}))
    outcome, journal, _ = execute(wired, targets=["other"])
    assert set(journal.ran) == {"one", "other"} and outcome.status == "success"


# Failures -------------------------------------------------------------------------------------------------


def failing() -> dict[str, Any]:
    return prompt(
        n=("Number", {"value": 9}),
        bad=("Fail", {"value": link("n")}),
        after=("Add", {"a": link("bad")}),
        lost=("Show", {"value": link("after")}),
        sum=("Add", {"a": link("n"), "b": link("n")}),
        kept=("Show", {"value": link("sum")}),
    )


def test_a_failure_says_what_where_and_what_to_do() -> None:
    outcome, _, events = execute(failing())
    (event,) = of_type(events, NodeFailed)
    assert outcome.errors == (event.error,)
    error = event.error
    assert (error.node_id, error.class_type) == ("bad", "Fail")
    assert error.exception_type == "tests.toys.Remedied"
    assert error.message == "9 is too large"
    assert error.suggestion == "Use a smaller number"
    assert error.inputs == {"value": 9}
    assert error.traceback[-1].startswith('  File "tests/toys.py", line ')
    assert "raise Remedied" in error.traceback[-1]
    assert not any("engine/driver.py" in line for line in error.traceback)


def test_a_failure_leaves_independent_branches_alone() -> None:
    outcome, journal, _ = execute(failing())
    assert outcome.status == "error"
    assert outcome.ui == {"kept": {"value": [18]}}
    assert set(journal.ran) == {"n", "bad", "sum", "kept"}


def test_after_a_failure_a_corrected_graph_resumes_where_it_was() -> None:
    cache = MemoryCache(2**20)
    execute(failing(), cache)
    corrected = failing()
    corrected["bad"]["class_type"] = "Add"
    corrected["bad"]["inputs"] = {"a": ["n", 0]}
    outcome, journal, _ = execute(corrected, cache)
    # "after" now adds the same numbers as "bad", so that one's result serves for it.
    assert journal.ran == ["bad", "lost"] and outcome.status == "success"


def test_a_failed_node_is_tried_again() -> None:
    cache = MemoryCache(2**20)
    execute(failing(), cache)
    _, journal, _ = execute(failing(), cache)
    assert journal.ran == ["bad"]


def test_a_node_cannot_end_the_process() -> None:
    outcome, _, _ = execute(
        prompt(n=("Number", {}), x=("Exit", {"value": link("n")}), s=("Show", {"value": link("x")}))
    )
    assert outcome.errors[0].exception_type == "SystemExit"


def test_inputs_of_failed_nodes_are_shown_in_short_form() -> None:
    class Tensor:
        shape = (1, 4, 64, 64)
        dtype = "torch.float32"

    @node("Make", category="x")
    def make() -> Thing:
        """Make a tensor."""
        return Tensor()

    @node("Break", category="x", output=True)
    def broken(thing: Thing, text: str, flags: Thing) -> None:
        """Break."""
        raise KeyError("x")

    wired = prompt(m=("Make", {}), b=("Break", {"thing": link("m"), "text": "t" * 1000}))
    wired["b"]["inputs"]["flags"] = {"__value__": [1, 2, 3]}
    outcome = run_sync(Graph.parse(wired), Registry([make, broken]))
    inputs = outcome.errors[0].inputs
    assert inputs["thing"] == "tensor[1,4,64,64] float32"
    assert inputs["text"] == "t" * 200 + "… (1000 characters)"
    assert inputs["flags"] == "list of 3"


def test_returning_the_wrong_number_of_values_is_the_nodes_failure() -> None:
    @node("Short", category="x", output=True)
    def short() -> tuple[Thing, Thing]:
        """Return one value of two."""
        return (1,)  # type: ignore[return-value] # pyright: ignore

    outcome = run_sync(Graph.parse(prompt(s=("Short", {}))), Registry([short]))
    assert outcome.errors[0].message == "Short returned 1 values for 2 outputs"


def test_a_spec_without_its_function_fails_its_node() -> None:
    registry = Registry(replace(spec, function=None) for spec in REGISTRY)
    outcome = run_sync(Graph.parse(prompt(s=("Show", {"value": 1}))), registry)
    assert outcome.errors[0].message == "the code of Show is not loaded in this process"


# Lanes ----------------------------------------------------------------------------------------------------


def test_independent_branches_run_side_by_side() -> None:
    names = ("a", "b", "c")
    wired = prompt(**{n: ("Number", {"value": i}) for i, n in enumerate(names)})
    wired |= prompt(**{f"meet {n}": ("Meet", {"value": link(n)}) for n in names})
    wired |= prompt(**{f"show {n}": ("Show", {"value": link(f"meet {n}")}) for n in names})
    # The barrier opens only when all three are inside at once.
    outcome, _, _ = execute(wired, resources={threading.Barrier: threading.Barrier(3)})
    assert outcome.status == "success", outcome.errors


def test_the_device_is_never_shared() -> None:
    wired = prompt(n=("Number", {}))
    for i in range(6):
        wired |= prompt(
            **{f"v{i}": ("Number", {"value": i}), f"d{i}": ("Exclusive", {"value": link(f"v{i}")})}
        )
    targets = [f"d{i}" for i in range(6)]
    outcome, journal, _ = execute(wired, targets=targets)
    device = {name: thread for name, thread in journal.threads.items() if name.startswith("d")}
    assert outcome.status == "success" and len(set(device.values())) == 1
    assert next(iter(device.values())).startswith("lane-device")


def test_lanes_can_be_shared_by_runs_on_one_loop() -> None:
    async def both() -> list[Outcome]:
        with Lanes() as lanes:
            graphs = [Graph.parse(sum_prompt(i, 2)) for i in range(2)]
            journal = {Journal: Journal()}
            return await asyncio.gather(
                *(run(g, REGISTRY, lanes=lanes, resources=journal, folders=NOWHERE) for g in graphs)
            )

    assert [o.ui["show"]["value"] for o in asyncio.run(both())] == [[2], [3]]  # type: ignore[index] # pyright: ignore


def test_coroutine_nodes_overlap() -> None:
    wired = prompt(n=("Number", {}))
    for i, seconds in enumerate((0.2, 0.25, 0.3)):
        doze = ("Doze", {"value": link("n"), "seconds": seconds})
        wired |= prompt(**{f"d{i}": doze, f"s{i}": ("Show", {"value": link(f"d{i}")})})
    began = time.perf_counter()
    outcome, journal, _ = execute(wired)
    assert outcome.status == "success" and journal.most_at_once >= 3
    assert time.perf_counter() - began < 0.7, "one after the other takes 0.75 s"


def test_the_guard_surrounds_every_call() -> None:
    inside = threading.local()
    seen: list[bool] = []

    @contextmanager
    def guard() -> Generator[None]:
        inside.now = True
        yield
        inside.now = False

    @node("Look", category="x", output=True)
    def look() -> None:
        """Note whether the guard is there."""
        seen.append(getattr(inside, "now", False))

    run_sync(Graph.parse(prompt(a=("Look", {}))), Registry([look]), guard=guard)
    assert seen == [True]


# Cancelling -----------------------------------------------------------------------------------------------


def test_cancelling_stops_the_running_node_and_starts_no_other() -> None:
    started, cancel = threading.Event(), Cancellation()
    wired = prompt(
        n=("Number", {}), w=("UntilCancelled", {"value": link("n")}), s=("Show", {"value": link("w")})
    )
    threading.Thread(target=lambda: (started.wait(10), cancel.cancel())).start()
    outcome, journal, events = execute(wired, resources={threading.Event: started}, cancel=cancel)
    assert outcome.status == "interrupted" and journal.ran == ["n", "w"]
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.status == "interrupted" and finished.interrupted == "w"
    assert not of_type(events, NodeFailed)


def test_cancelling_keeps_what_is_finished() -> None:
    cache = MemoryCache(2**20)
    started, cancel = threading.Event(), Cancellation()
    wired = prompt(
        n=("Number", {}), w=("UntilCancelled", {"value": link("n")}), s=("Show", {"value": link("w")})
    )
    threading.Thread(target=lambda: (started.wait(10), cancel.cancel())).start()
    execute(wired, cache, resources={threading.Event: started}, cancel=cancel)
    _, journal, _ = execute(prompt(n=("Number", {}), s=("Show", {"value": link("n")})), cache)
    assert journal.ran == ["s"]


def test_cancelling_before_the_start_runs_nothing() -> None:
    cancel = Cancellation()
    cancel.cancel()
    outcome, journal, events = execute(sum_prompt(), cancel=cancel)
    assert outcome.status == "interrupted" and journal.ran == []
    assert isinstance(events[-1], RunFinished)


def test_cancelling_wakes_sleeping_coroutines() -> None:
    cancel = Cancellation()
    wired = prompt(
        n=("Number", {}), d=("Doze", {"value": link("n"), "seconds": 60.0}), s=("Show", {"value": link("d")})
    )
    timer = threading.Timer(0.2, cancel.cancel)
    timer.start()
    began = time.perf_counter()
    outcome, _, _ = execute(wired, cancel=cancel)
    assert outcome.status == "interrupted" and time.perf_counter() - began < 10


def test_cancelling_the_awaiting_task_ends_the_nodes_first() -> None:
    started, ended = threading.Event(), list[Event]()

    async def main() -> None:
        graph = Graph.parse(
            prompt(
                n=("Number", {}), w=("UntilCancelled", {"value": link("n")}), s=("Show", {"value": link("w")})
            )
        )
        resources: dict[type, object] = {Journal: Journal(), threading.Event: started}
        task = asyncio.create_task(run(graph, REGISTRY, resources=resources, emit=ended.append))
        await asyncio.to_thread(started.wait, 10)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert isinstance(ended[-1], RunFinished) and ended[-1].status == "interrupted"


def test_a_cancel_after_the_end_is_harmless() -> None:
    cancel = Cancellation()
    execute(sum_prompt(), cancel=cancel)
    cancel.cancel()
    assert cancel.cancelled


# Sharing and caching --------------------------------------------------------------------------------------


def test_equal_nodes_run_once_and_both_show_it() -> None:
    wired = sum_prompt(1, 2) | prompt(
        one2=("Number", {"value": 1}),
        sum2=("Add", {"a": link("one2"), "b": link("two")}),
        show2=("Show", {"value": link("sum2"), "label": "value"}),
    )
    outcome, journal, events = execute(wired)
    assert len(journal.ran) == 4
    assert outcome.ui == {"show": {"value": [3]}, "show2": {"value": [3]}}
    assert sorted(e.node_id for e in of_type(events, NodeFinished)) == sorted(wired)
    assert set(outcome.values) == {"show", "show2"}


def test_cached_nodes_are_announced_and_outputs_shown_again() -> None:
    cache = MemoryCache(2**20)
    execute(sum_prompt(), cache)
    outcome, _, events = execute(sum_prompt(), cache)
    assert set(of_type(events, RunCached)[0].nodes) == {"one", "two", "sum", "show"}
    assert set(outcome.cached) == {"one", "two", "sum", "show"}
    assert [(e.node_id, e.cached, e.ui) for e in of_type(events, NodeFinished)] == [
        ("show", True, {"value": [3]})
    ]
    assert not of_type(events, NodeStarted)


def test_renaming_nodes_keeps_the_cache() -> None:
    cache = MemoryCache(2**20)
    execute(sum_prompt(), cache)
    renamed = prompt(
        x=("Number", {"value": 1}),
        y=("Number", {"value": 2}),
        z=("Add", {"a": link("x"), "b": link("y")}),
        out=("Show", {"value": link("z"), "label": "value"}),
    )
    outcome, journal, _ = execute(renamed, cache)
    assert journal.ran == [] and outcome.ui == {"out": {"value": [3]}}


def test_going_back_and_forth_between_two_variants_runs_nothing() -> None:
    cache = MemoryCache(2**20)
    for value in (1, 2):
        execute(sum_prompt(value), cache)
    for value in (1, 2, 1):
        assert execute(sum_prompt(value), cache)[1].ran == []


def test_lru_one_still_keeps_the_whole_last_graph() -> None:
    cache = LruCache(1)
    execute(sum_prompt(1), cache)
    assert execute(sum_prompt(1), cache)[1].ran == []
    execute(sum_prompt(5), cache)
    assert "one" in execute(sum_prompt(1), cache)[1].ran


def test_the_uncacheable_runs_each_time_and_so_does_what_follows() -> None:
    cache = MemoryCache(2**20)
    wired = prompt(
        t=("Clock", {}), n=("Number", {}), s=("Show", {"value": link("t")}), o=("Show", {"value": link("n")})
    )
    execute(wired, cache)
    assert set(execute(wired, cache)[1].ran) == {"t", "s"}


def test_what_the_cache_lost_is_made_again_only_as_far_as_needed() -> None:
    cache = MemoryCache(2**20)
    execute(sum_prompt(1, 2), cache, targets=["sum"])
    _, journal, _ = execute(sum_prompt(1, 2), cache)
    assert journal.ran == ["show"]


def test_a_value_is_dropped_when_its_last_consumer_is_done() -> None:
    class Big:
        pass

    alive: list[weakref.ref[Big]] = []
    seen: list[list[bool]] = []

    @node("Make", category="x")
    def make(index: int) -> Thing:
        """Make something big."""
        seen.append([ref() is not None for ref in alive])
        big = Big()
        alive.append(weakref.ref(big))
        return big

    @node("Use", category="x")
    def use(thing: Thing, index: int) -> Thing:
        """Turn it into something else."""
        return make(index)

    @node("End", category="x", output=True)
    def end(thing: Thing) -> None:
        """Use the last one."""
        seen.append([ref() is not None for ref in alive])

    wired = prompt(a=("Make", {"index": 0}))
    for before, name in zip("abcd", "bcde", strict=True):
        wired |= prompt(**{name: ("Use", {"thing": link(before), "index": ord(name)})})
    wired |= prompt(end=("End", {"thing": link("e")}))
    outcome = run_sync(Graph.parse(wired), Registry([make, use, end]))
    assert outcome.status == "success"
    assert max(sum(row) for row in seen) == 1, "never more than the one value in use"


# The surroundings -----------------------------------------------------------------------------------------


def test_the_context_carries_what_came_with_the_job() -> None:
    seen: list[Context] = []

    @node("Look", category="x", output=True)
    def look(a: int, *, context: Context) -> None:
        """Keep the context."""
        seen.append(context)

    wired = prompt(a=("Look", {"a": 1}))
    options = RunOptions(disable_metadata=True, preview_method="latent2rgb", preview_size=64)
    extra = JobExtra({"workflow": {"nodes": []}}, options)
    run_sync(
        Graph.parse(wired), Registry([look]), extra=extra, job_id="job", folders=NOWHERE, resources={int: 7}
    )
    (context,) = seen
    assert (context.node_id, context.job_id, context.folders) == ("a", "job", NOWHERE)
    assert context.prompt == wired
    assert context.extra_pnginfo == {"workflow": {"nodes": []}} and context.options is options
    assert context.resource(int) == 7
    with pytest.raises(LookupError, match="started without a str"):
        context.resource(str)


def test_an_error_of_the_receiver_ends_the_run_and_is_raised() -> None:
    def emit(event: Event) -> None:
        if isinstance(event, NodeFinished):
            raise ConnectionError("nobody listens")

    with pytest.raises(ConnectionError, match="nobody listens"):
        execute_with(emit)


def execute_with(emit: Callable[[Event], None]) -> None:
    run_sync(Graph.parse(sum_prompt()), REGISTRY, emit=emit, resources={Journal: Journal()}, folders=NOWHERE)


def test_an_error_of_the_engine_ends_the_run_and_is_raised() -> None:
    class BrokenCache(MemoryCache):
        def put(self, key: Any, entry: Any, also: Any = None) -> None:
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        execute(sum_prompt(), BrokenCache(1))


def test_events_arrive_on_the_loops_thread() -> None:
    threads: set[str] = set()
    execute_with(lambda event: threads.add(threading.current_thread().name))
    assert threads == {threading.current_thread().name}


def test_run_sync_works_inside_a_running_loop() -> None:
    async def cell() -> Outcome:
        return execute(sum_prompt())[0]

    assert asyncio.run(cell()).status == "success"


def test_no_thread_outlives_its_run() -> None:
    before = threading.active_count()
    for _ in range(3):
        execute(sum_prompt())
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_a_chain_of_twenty_thousand_nodes_runs() -> None:
    wired = chain(20_000) | prompt(show=("Show", {"value": ("19999", 0)}))
    outcome, journal, _ = execute(wired)
    assert outcome.ui == {"show": {"value": [20_000]}} and len(journal.ran) == 20_001


# Random graphs --------------------------------------------------------------------------------------------


@st.composite
def wirings(draw: st.DrawFn) -> dict[str, Any]:
    """Random sums of earlier nodes, shown at random places and at the end."""
    count = draw(st.integers(2, 12))
    wired: dict[str, Any] = {}
    for i in range(count):
        name = f"n{i}"
        if i < 2 or draw(st.booleans()) is False:
            wired |= prompt(**{name: ("Number", {"value": draw(st.integers(-50, 50))})})
        else:
            a, b = (f"n{draw(st.integers(0, i - 1))}" for _ in range(2))
            wired |= prompt(**{name: ("Add", {"a": link(a), "b": link(b), "c": draw(st.integers(0, 9))})})
    shown = draw(st.sets(st.integers(0, count - 1), max_size=3)) | {count - 1}
    return wired | prompt(**{f"s{i}": ("Show", {"value": link(f"n{i}"), "label": f"l{i}"}) for i in shown})


def value_of(wired: dict[str, Any], name: str) -> int:
    """What a node gives, worked out without the engine."""
    inputs = wired[name]["inputs"]
    if wired[name]["class_type"] == "Number":
        return inputs["value"]
    return value_of(wired, inputs["a"][0]) + value_of(wired, inputs["b"][0]) + inputs["c"]


def right(wired: dict[str, Any]) -> dict[str, Any]:
    shown = [n for n in wired if n.startswith("s")]
    return {n: {f"l{n[1:]}": [value_of(wired, f"n{n[1:]}")]} for n in shown}


@settings(max_examples=40, deadline=None)
@given(wirings(), st.data())
def test_editing_a_literal_reruns_only_its_descendants(wired: dict[str, Any], data: st.DataObject) -> None:
    cache = MemoryCache(2**24)
    outcome, first, _ = execute(wired, cache)
    assert outcome.ui == right(wired)
    needed = set(Graph.parse(wired).needed([NodeId(n) for n in wired if n.startswith("s")]))
    assert len(first.ran) == len(set(first.ran)) and set(first.ran) <= needed

    name = data.draw(st.sampled_from(sorted(n for n in wired if n.startswith("n"))))
    key = "value" if wired[name]["class_type"] == "Number" else "c"
    # A value no drawn literal has, so that the edited node is equal to no other.
    wired[name]["inputs"][key] = 777
    outcome, second, _ = execute(wired, cache)
    assert outcome.ui == right(wired)
    touched = {name} | set(Graph.parse(wired).descendants(NodeId(name)))
    assert set(second.ran) <= touched, "something ran that the edit does not reach"
    assert touched & needed <= set(second.ran) | stand_ins(wired), "something the edit reaches did not run"


def stand_ins(wired: dict[str, Any]) -> set[str]:
    """Nodes an equal node may have run for."""
    return {n for n in wired if sum(wired[n] == other for other in wired.values()) > 1}
