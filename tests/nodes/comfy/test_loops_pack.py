"""The example pack of loops, loaded as a worker loads it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.arguments import parse
from diffusion.placement import Placement, choose_device
from diffusion.precision import Precision
from engine.cache import Cache, LruCache
from engine.driver import Outcome, run_sync
from engine.events import NodeStarted
from engine.folders import Folders
from engine.types import NodeId
from engine.validate import validate
from nodes import builtin
from nodes.comfy.hosting import Packs, load_packs
from tests.nodes.comfy.bench import graph, ran
from tests.nodes.comfy.modules import modules_put_back

PACKS = Path(__file__).parents[2] / "packs"


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packs]:
    folders = Folders.at(tmp_path_factory.mktemp("base"))
    with modules_put_back():
        loaded = load_packs([PACKS / "v1_loops"], [PACKS], folders, builtin(), resources(), options())
        yield loaded
        loaded.close()


def resources() -> dict[type, object]:
    return {Placement: Placement(choose_device("cpu")), Precision: Precision.FLOAT32}


def options() -> argparse.Namespace:
    return parse(["worker"])


def run(packs: Packs, prompt: dict[str, Any], cache: Cache | None = None) -> Outcome:
    checked = validate(prompt, packs.registry, packs.folders)
    assert checked.graph is not None, checked.problems
    packs.begin("job", checked.graph.prompt, None)
    outcome = run_sync(checked.graph, packs.registry, cache, folders=packs.folders)
    packs.end("job")
    assert outcome.status == "success", outcome.errors
    return outcome


def text(outcome: Outcome) -> str:
    return outcome.ui[NodeId("show")]["text"][0]


def counted(rounds: int, start: str = "x") -> dict[str, Any]:
    """Append a letter in each round."""
    return graph(
        open=("LoopsForOpen", {"remaining": rounds, "value1": start}),
        plus=("LoopsPlus", {"a": ("open", 2), "b": "o"}),
        close=("LoopsForClose", {"flow": ("open", 0), "value1": ("plus", 0)}),
        show=("LoopsShow", {"value": ("close", 0)}),
    )


def test_the_pack_is_reported_with_its_nodes(packs: Packs) -> None:
    (report,) = packs.reports
    assert report.error is None and "LoopsForClose" in report.nodes
    assert packs.registry["LoopsForOpen"].title == "For Loop (open)"
    assert packs.registry["LoopsForOpen"].module == "custom_nodes.v1_loops"


def test_a_for_loop_gives_the_right_result_while_only_its_count_changes(packs: Packs) -> None:
    cache = LruCache(10_000)
    assert [text(run(packs, counted(n), cache)) for n in (1, 2, 3, 4, 2)] == [
        "xo", "xoo", "xooo", "xoooo", "xoo",
    ]  # fmt: skip


def test_a_while_loop_runs_until_its_condition_fails(packs: Packs) -> None:
    prompt = graph(
        open=("LoopsWhileOpen", {"condition": True, "value0": 1}),
        double=("LoopsPlus", {"a": ("open", 1), "b": ("open", 1)}),
        more=("LoopsCompare", {"a": ("double", 0), "comparison": "<", "b": 100}),
        close=("LoopsWhileClose", {"flow": ("open", 0), "condition": ("more", 0), "value0": ("double", 0)}),
        show=("LoopsShow", {"value": ("close", 0)}),
    )
    assert text(run(packs, prompt)) == "128"


def test_a_loop_may_collect_a_list_and_its_items_are_mapped(packs: Packs) -> None:
    prompt = graph(
        open=("LoopsForOpen", {"remaining": 3}),
        add=("LoopsAccumulate", {"value": ("open", 1), "so_far": ("open", 2)}),
        close=("LoopsForClose", {"flow": ("open", 0), "value1": ("add", 0)}),
        items=("LoopsListFrom", {"values": ("close", 0)}),
        show=("LoopsShow", {"value": ("items", 0)}),
    )
    assert list(run(packs, prompt).ui[NodeId("show")]["text"]) == ["3", "2", "1"]


def test_the_switch_runs_one_side(packs: Packs) -> None:
    prompt = graph(
        yes=("LoopsPlus", {"a": 1, "b": 1}),
        no=("LoopsPlus", {"a": 2, "b": 2}),
        it=("LoopsSwitch", {"choice": False, "yes": ("yes", 0), "no": ("no", 0)}),
        show=("LoopsShow", {"value": ("it", 0)}),
    )
    outcome = run(packs, prompt)
    assert text(outcome) == "4" and ran(outcome) == {"no", "it", "show"}


def test_a_long_loop_keeps_ids_short_and_each_round_runs_the_same_nodes(packs: Packs) -> None:
    def started(rounds: int) -> list[str]:
        events: list[Any] = []
        checked = validate(counted(rounds, ""), packs.registry, packs.folders)
        assert checked.graph is not None
        packs.begin("long", checked.graph.prompt, None)
        outcome = run_sync(checked.graph, packs.registry, None, emit=events.append)
        packs.end("long")
        assert text(outcome) == "o" * rounds
        return [event.node_id for event in events if isinstance(event, NodeStarted)]

    few, some, many = started(100), started(200), started(300)
    assert max(map(len, many)) < 40
    assert len(many) - len(some) == len(some) - len(few) > 0
