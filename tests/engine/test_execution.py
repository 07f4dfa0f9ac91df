"""The scheduler as a state machine: no threads, no values, only which node when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.execution import Execution, Traits
from engine.types import NodeId


def machine(
    wires: Mapping[str, Sequence[str]],
    targets: Sequence[str],
    *,
    lanes: Mapping[str, str] | None = None,
    eager: Sequence[str] = (),
    at_hand: Sequence[str] = (),
) -> Execution:
    """`wires` maps each node to its sources; all on lane "cpu" unless `lanes` says otherwise."""
    execution = Execution(
        {NodeId(n): [NodeId(s) for s in sources] for n, sources in wires.items() if n not in at_hand},
        {NodeId(n): Traits((lanes or {}).get(n, "cpu"), n in eager) for n in wires if n not in at_hand},
    )
    execution.demand([NodeId(t) for t in targets], {NodeId(n) for n in at_hand})
    return execution


def run_all(execution: Execution, bad: Collection[str] = ()) -> list[str]:
    """Run one node after the other to the end; the bad ones fail."""
    order: list[str] = []
    while (node := execution.next("cpu")) is not None:
        order.append(node)
        if node in bad:
            execution.fail(node)
        else:
            execution.complete(node)
    return order


def test_a_node_waits_for_all_its_sources() -> None:
    e = machine({"a": [], "b": [], "c": ["a", "b"]}, ["c"])
    assert {e.next("cpu"), e.next("cpu")} == {"a", "b"}
    e.complete(NodeId("a"))
    assert e.next("cpu") is None and not e.finished
    e.complete(NodeId("b"))
    assert e.next("cpu") == "c"
    e.complete(NodeId("c"))
    assert e.finished


def test_nodes_no_target_needs_do_not_run() -> None:
    assert run_all(machine({"a": [], "b": [], "c": ["a"]}, ["c"])) == ["a", "c"]


def test_nothing_behind_a_result_at_hand_runs() -> None:
    assert run_all(machine({"a": [], "b": ["a"], "c": ["b"]}, ["c"], at_hand=["b"])) == ["c"]


def test_a_run_with_everything_at_hand_is_finished_at_once() -> None:
    assert machine({}, ["c"], at_hand=["c"]).finished


def test_the_order_is_comfyuis_for_a_text_to_image_graph() -> None:
    # The transcript of a cold run of ComfyUI 0.3.64: 4, 5, 7, 6, 3, 8, 9.
    wires = {"4": [], "5": [], "6": ["4"], "7": ["4"], "3": ["4", "6", "7", "5"], "8": ["3", "4"], "9": ["8"]}
    assert run_all(machine(wires, ["9"], eager=["9"])) == ["4", "5", "7", "6", "3", "8", "9"]


def test_outputs_and_what_leads_to_them_are_preferred() -> None:
    wires = {"far": [], "end": ["far2"], "far2": ["far"], "near": [], "out": ["near"], "quick": []}
    e = machine(wires, ["end", "out", "quick"], eager=["out", "quick"])
    assert run_all(e) == ["quick", "near", "out", "far", "far2", "end"]


def test_lanes_have_queues_of_their_own() -> None:
    e = machine({"a": [], "b": [], "c": []}, ["a", "b", "c"], lanes={"b": "device"})
    assert (e.ready("cpu"), e.ready("device")) == (2, 1)
    assert e.next("device") == "b" and e.next("device") is None


def test_a_failure_skips_its_descendants_and_nothing_else() -> None:
    e = machine({"a": [], "b": ["a"], "c": ["b"], "x": [], "y": ["x"]}, ["c", "y"])
    ran = run_all(e, bad={"a"})
    assert set(ran) == {"a", "x", "y"}
    assert e.finished
    assert e.states[NodeId("a")] == "failed" and e.states[NodeId("c")] == "skipped"


def test_skipping_everything_leaves_what_runs_to_end() -> None:
    e = machine({"a": [], "b": [], "c": ["a", "b"]}, ["c"])
    node = e.next("cpu")
    assert node is not None
    e.skip_all()
    assert e.next("cpu") is None and not e.finished
    e.complete(node)
    assert e.finished


def test_values_are_released_when_their_last_consumer_is_done() -> None:
    e = machine({"a": [], "b": ["a"], "c": ["a", "b"]}, ["c"])
    released: list[Sequence[str]] = []
    while (node := e.next("cpu")) is not None:
        released.append(e.complete(node))
    assert released == [[], [], ["a", "b"]], "the target's own value is kept"


def test_a_failure_releases_what_only_the_skipped_would_have_used() -> None:
    e = machine({"a": [], "bad": [], "c": ["a", "bad"]}, ["c"])
    nodes = [e.next("cpu"), e.next("cpu")]
    assert set(nodes) == {"a", "bad"}
    assert e.complete(NodeId("a")) == []
    assert set(e.fail(NodeId("bad"))) >= {"a"}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Random acyclic wiring: each node's sources come before it."""
    size = draw(st.integers(1, 25))
    return {
        str(i): [str(s) for s in draw(st.sets(st.integers(0, i - 1), max_size=4))] if i else []
        for i in range(size)
    }


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_every_needed_node_runs_once_after_its_sources(
    wires: dict[str, list[str]], data: st.DataObject
) -> None:
    targets = data.draw(st.lists(st.sampled_from(sorted(wires)), min_size=1, unique=True))
    bad = data.draw(st.sets(st.sampled_from(sorted(wires)), max_size=3))
    at_hand = data.draw(st.sets(st.sampled_from(sorted(wires)), max_size=3))
    lanes = {node: data.draw(st.sampled_from(["cpu", "device"])) for node in wires}
    e = machine(wires, targets, lanes=lanes, at_hand=sorted(at_hand))
    running: list[NodeId] = []
    ended: list[str] = []
    alive: set[str] = set(at_hand)
    while not e.finished:
        lane = data.draw(st.sampled_from(["cpu", "device", "end"]))
        if lane != "end" and (node := e.next(lane)) is not None:
            assert set(wires[node]) <= alive, "a source's value was let go too early, or was never there"
            assert node not in ended and node not in running
            running.append(node)
        elif running:
            node = running.pop(data.draw(st.integers(0, len(running) - 1)))
            ended.append(node)
            if node in bad:
                alive -= set(e.fail(node))
            else:
                alive.add(node)
                alive -= set(e.complete(node))
        else:
            assert e.ready("cpu") + e.ready("device") > 0, "nothing runs and nothing is ready"
    assert set(ended) == expected(wires, targets, bad, at_hand)
    assert alive & set(wires) - at_hand <= set(targets)


def expected(wires: dict[str, list[str]], targets: list[str], bad: set[str], at_hand: set[str]) -> set[str]:
    """The needed nodes without those that depend on a bad one, worked out the slow way."""

    def needed(node: str) -> set[str]:
        if node in at_hand:
            return set()
        return {node}.union(*(needed(s) for s in wires[node]))

    def spoiled(node: str) -> bool:
        return node not in at_hand and any(s not in at_hand and (s in bad or spoiled(s)) for s in wires[node])

    return {node for target in targets for node in needed(target) if not spoiled(node)}
