"""The example pack of schema nodes through the loader, validation and the driver."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from engine.cache import Cache, LruCache, MemoryCache
from engine.context import Cancellation
from engine.events import NodeBlocked, NodeFinished, NodeStarted
from tests.nodes.comfy_v3.loaded import EXAMPLES, Host, Ran, host
from tests.toys import link, prompt

PACK = EXAMPLES / "v3_async"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return host(tmp_path_factory.mktemp("base"), PACK)


@pytest.fixture(params=["memory", "lru"])
def cache(request: pytest.FixtureRequest) -> Cache:
    return MemoryCache(2**30) if request.param == "memory" else LruCache(10_000)


def shown(value: Any) -> tuple[str, dict[str, Any]]:
    return ("V3Show", {"value": value})


def test_the_pack_loads_with_all_its_nodes(pack: Host) -> None:
    [report] = pack.packs.reports
    assert report.error is None and report.notes == ()
    assert len(report.nodes) == 8


def test_object_info_of_a_schema_node_is_what_canvases_expect(pack: Host) -> None:
    info = pack.packs.registry["V3Pause"].object_info(lambda kind: [])
    assert info["input"]["required"] == {
        "value": ["INT", {"default": 0}],
        "seconds": ["FLOAT", {"default": 0.1, "min": 0.0, "max": 5.0, "step": 0.1}],
    }
    assert info["output"] == ["INT"] and info["output_name"] == ["value"]
    assert info["output_tooltips"] == ["The same value."]
    assert info["display_name"] == "Pause" and info["python_module"] == "custom_nodes.v3_async"
    assert (info["deprecated"], info["experimental"], info["api_node"]) == (False, False, False)


def pauses_begun_before_one_ended(ran: Ran) -> int:
    """How many pauses had begun when the first of them ended."""
    told = [e for e in ran.events if isinstance(e, NodeStarted | NodeFinished) and e.class_type == "V3Pause"]
    return next(count for count, event in enumerate(told) if isinstance(event, NodeFinished))


def test_sleeping_branches_overlap(pack: Host, cache: Cache) -> None:
    wired = prompt(
        a=("V3Pause", {"value": 1, "seconds": 0.4}),
        b=("V3Pause", {"value": 2, "seconds": 0.4}),
        c=("V3Pause", {"value": 3, "seconds": 0.4}),
        sum=("V3Add", {f"numbers.number{n}": link(name) for n, name in enumerate("abc")}),
        show=shown(link("sum")),
    )
    first = pack.run(wired, cache)
    assert first.shown == {"show": "6"} and pauses_begun_before_one_ended(first) == 3
    assert pack.run(wired, cache).outcome.executed == ()


def test_pauses_of_one_expansion_overlap_and_are_found_again(pack: Host, cache: Cache) -> None:
    def wired(count: int) -> dict[str, Any]:
        return prompt(
            all=("V3PauseAll", {"count": count, "seconds": 0.4}),
            show=shown(link("all")),
        )

    first = pack.run(wired(5), cache)
    assert first.shown == {"show": "10"} and pauses_begun_before_one_ended(first) == 5
    again = pack.run(wired(6), cache)
    assert again.shown == {"show": "15"}
    pauses = [e for e in again.events if isinstance(e, NodeFinished) and e.class_type == "V3Pause"]
    assert sum(e.source == "run" for e in pauses) == 1, "five of the six pauses were made before"


@pytest.mark.parametrize(("first", "ran", "text"), [(True, "a", "1"), (False, "b", "2")])
def test_only_the_branch_taken_runs(pack: Host, cache: Cache, first: bool, ran: str, text: str) -> None:
    wired = prompt(
        a=("V3Pause", {"value": 1, "seconds": 0}),
        b=("V3Pause", {"value": 2, "seconds": 0}),
        choose=("V3Choose", {"first": first, "a": link("a"), "b": link("b")}),
        show=shown(link("choose")),
    )
    done = pack.run(wired, cache)
    assert done.shown == {"show": text}
    assert set(done.outcome.executed) == {ran, "choose", "show"}


def test_a_check_refuses_before_anything_runs(pack: Host) -> None:
    wired = prompt(note=("V3ReadNote", {"name": "missing.txt"}), show=shown(link("note")))
    checked = pack.validate(wired)
    assert not checked.ok
    assert any("there is no note called missing.txt" in str(p.to_json()) for p in checked.problems)


def test_a_fingerprint_reruns_the_node_when_its_file_changes(pack: Host, cache: Cache) -> None:
    note = pack.packs.folders.input / "note.txt"
    wired = prompt(note=("V3ReadNote", {"name": "note.txt"}), show=shown(link("note")))
    note.write_text("one")
    assert pack.run(wired, cache).shown == {"show": "one"}
    assert pack.run(wired, cache).outcome.executed == ()
    note.write_text("two")
    assert pack.run(wired, cache).shown == {"show": "two"}


def test_equal_nodes_that_ask_for_their_id_get_each_their_own(pack: Host, cache: Cache) -> None:
    wired = prompt(x=("V3WhoAmI", {}), y=("V3WhoAmI", {}), one=shown(link("x")), other=shown(link("y")))
    assert pack.run(wired, cache).shown == {"one": "x", "other": "y"}


def test_an_input_may_have_the_name_of_something_of_the_engine(pack: Host) -> None:
    wired = prompt(x=("V3WhoAmI", {"context": "I am "}), show=shown(link("x")))
    assert pack.run(wired).shown == {"show": "I am x"}


@pytest.mark.parametrize(("state", "texts"), [("shut", ["the gate is shut"]), ("silent", [])])
def test_a_blocked_branch_stops_and_the_run_succeeds(
    pack: Host, cache: Cache, state: str, texts: list[str]
) -> None:
    wired = prompt(
        value=("V3Pause", {"value": 1, "seconds": 0}),
        gate=("V3Gate", {"value": link("value"), "state": state}),
        blocked=shown(link("gate")),
        free=shown(link("value")),
    )
    done = pack.run(wired, cache)
    assert done.outcome.status == "success"
    assert done.shown == {"free": "1"}
    assert [e.message for e in done.events if isinstance(e, NodeBlocked)] == texts


def test_growing_inputs_need_their_least_number(pack: Host) -> None:
    checked = pack.validate(prompt(sum=("V3Add", {}), show=shown(link("sum"))))
    assert not checked.ok
    assert "numbers.number0" in str([p.to_json() for p in checked.problems])


def test_a_combo_refuses_what_is_not_among_its_options(pack: Host) -> None:
    wired = prompt(
        value=("V3Pause", {"value": 1, "seconds": 0}),
        gate=("V3Gate", {"value": link("value"), "state": "ajar"}),
        show=shown(link("gate")),
    )
    assert [p.code for p in pack.validate(wired).problems] == ["value_not_in_list"]


def test_a_sleeping_node_ends_as_soon_as_its_run_is_cancelled(pack: Host) -> None:
    cancel = Cancellation()
    timer = threading.Timer(0.2, cancel.cancel)
    wired = prompt(a=("V3Pause", {"value": 1, "seconds": 5.0}), show=shown(link("a")))
    began = time.perf_counter()
    timer.start()
    assert pack.run(wired, cancel=cancel).outcome.status == "interrupted"
    assert time.perf_counter() - began < 4.5, "it would have slept for 5 s"


def test_a_failing_node_leaves_what_does_not_depend_on_it(pack: Host, cache: Cache) -> None:
    note = pack.packs.folders.input / "soon_gone.txt"
    note.write_bytes(b"\xff\xfe no UTF-8")
    wired = prompt(
        note=("V3ReadNote", {"name": note.name}),
        a=("V3Pause", {"value": 1, "seconds": 0.2}),
        bad=shown(link("note")),
        good=shown(link("a")),
    )
    done = pack.run(wired, cache).outcome
    assert done.status == "error"
    assert [(e.node_id, e.exception_type) for e in done.errors] == [("note", "UnicodeDecodeError")]
    assert done.ui == {"good": {"text": ["1"]}}
