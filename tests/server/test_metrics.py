"""/metrics as a collector reads it, and traces of runs."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from engine.context import Preview
from engine.events import (
    Event,
    NodeError,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunFinished,
    RunStarted,
    Usage,
)
from engine.grown import Origin
from engine.types import NodeId
from server.observe.trace import Trace
from server.stream.sockets import PREVIEW_BACKLOG, Hub
from tests.server.conftest import PATIENCE, misbehave, picture, run, text

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def figures(http: ClientSession) -> Figures:
    """Every sample by name and labels."""
    async with http.get("/metrics") as response:
        assert response.status == 200 and response.content_type == "text/plain"
        families = text_string_to_metric_families(await response.text())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def grown(before: Figures, after: Figures, name: str, **labels: str) -> float:
    key = name, tuple(sorted(labels.items()))
    return after[key] - before.get(key, 0.0)


async def test_runs_and_their_nodes_are_counted(http: ClientSession) -> None:
    before = await figures(http)
    await run(http, picture(seed=81, steps=2, prefix="metrics"))
    await run(http, picture(seed=81, steps=2, prefix="metrics"))  # from memory
    await run(http, misbehave("raise", seed=81))
    after = await figures(http)
    assert grown(before, after, "darkroom_jobs_finished_total", state="success") == 2
    assert grown(before, after, "darkroom_jobs_finished_total", state="error") == 1
    assert grown(before, after, "darkroom_node_seconds_count", class_type="KSampler") == 1
    assert grown(before, after, "darkroom_node_failures_total", class_type="Misbehave") == 1
    assert grown(before, after, "darkroom_node_results_total", source="memory") >= 1
    assert grown(before, after, "darkroom_nodes_cached_total") >= 7
    assert grown(before, after, "darkroom_job_wait_seconds_count") == 3
    assert grown(before, after, "darkroom_job_run_seconds_count") == 3
    assert after["darkroom_jobs", (("state", "running"),)] == 0


async def test_clients_workers_and_the_event_loop_are_watched(http: ClientSession) -> None:
    socket = await http.ws_connect("/ws?clientId=counted")
    await socket.receive_json()
    await run(http, text("watched"))
    found = await figures(http)
    assert found["darkroom_clients", ()] >= 1
    assert found["darkroom_workers", (("state", "ready"),)] >= 1
    assert found["darkroom_worker_restarts_total", ()] >= 0
    async with asyncio.timeout(PATIENCE):
        while (await figures(http))["darkroom_event_loop_lag_seconds_count", ()] < 1:
            await asyncio.sleep(0.1)


async def test_figures_stay_behind_the_gate(http: ClientSession) -> None:
    async with http.get("/metrics", headers={"Origin": "http://evil.example"}) as response:
        assert response.status == 403


class Deaf:
    """A socket that never sends."""

    async def send_str(self, data: str) -> None: ...
    async def send_bytes(self, data: bytes) -> None: ...


async def test_previews_a_client_was_too_slow_for_are_counted_even_once_it_left() -> None:
    hub = Hub({})
    client = hub.join(Deaf(), "slow")
    for _ in range(PREVIEW_BACKLOG + 5):
        client.send_preview(Preview(b"picture").data)
    assert hub.dropped_previews == 5
    hub.leave(client)
    assert hub.dropped_previews == 5


async def test_a_job_says_what_its_nodes_took(http: ClientSession) -> None:
    entry = await run(http, text("took", seed=83))
    taken = entry["nodes"]["1"]
    assert taken["source"] == "run" and taken["seconds"] > 0
    async with http.get(f"/api/jobs/{entry['prompt'][1]}") as response:
        assert (await response.json())["nodes"] == entry["nodes"]


async def test_a_trace_holds_every_node_on_the_row_of_its_lane(http: ClientSession) -> None:
    entry = await run(http, picture(seed=84, steps=2, prefix="trace"))
    async with http.get(f"/api/v1/jobs/{entry['prompt'][1]}/trace") as response:
        found = (await response.json())["traceEvents"]
    slices = [e for e in found if e["ph"] == "X" and e["name"] != "run"]
    ran = {node for node, taken in entry["nodes"].items() if taken["source"] == "run"}
    assert {e["args"]["node"] for e in slices} == ran
    (whole,) = [e for e in found if e["ph"] == "X" and e["name"] == "run"]
    assert all(whole["ts"] <= e["ts"] and e["ts"] + e["dur"] <= whole["ts"] + whole["dur"] for e in slices)
    rows = {e["tid"] for e in found if e["ph"] == "M" and e["name"] == "thread_name"}
    assert {e["tid"] for e in slices} <= rows


def trace(events: list[Event], lane: str = "cpu") -> list[dict[str, Any]]:
    return Trace(lambda _: lane).to_json(events)["traceEvents"]


def at(time: float, kind: type[Any], node: str, **more: Any) -> Any:
    return kind(job_id="j", seq=1, time=time, node_id=NodeId(node), class_type="Toy", **more)


def test_nodes_side_by_side_get_rows_of_their_own() -> None:
    events = [
        at(0, NodeStarted, "a"),
        at(1, NodeStarted, "b"),
        at(2, NodeFinished, "a"),
        at(3, NodeFinished, "b"),
    ]
    slices = [e for e in trace(events) if e["ph"] == "X"]
    assert [(e["args"]["node"], e["ts"], e["dur"]) for e in slices] == [("a", 0, 2e6), ("b", 1e6, 2e6)]
    assert slices[0]["tid"] != slices[1]["tid"]


def test_a_node_that_made_others_is_shown_for_as_long_as_it_ran_itself() -> None:
    child = Origin(NodeId("a"), NodeId("a"), NodeId("a"))
    events = [
        at(0, NodeStarted, "a"),
        at(1, NodeStarted, "a.1", origin=child),
        at(2, NodeFinished, "a.1", usage=Usage(1.0, 0.75, 1000), origin=child),
        at(3, NodeFinished, "a", usage=Usage(0.5)),
    ]
    made, maker = [e for e in trace(events) if e["ph"] == "X"]
    assert made["args"]["parent"] == "a" and made["args"]["device_seconds"] == 0.75
    assert made["args"]["peak_bytes"] == 1000
    assert maker["dur"] == 0.5e6


def test_what_a_trace_ends_in_is_said() -> None:
    error = NodeError(node_id=NodeId("a"), class_type="Toy", exception_type="ValueError", message="no")
    events: list[Event] = [
        RunStarted(job_id="j", seq=1, time=0, nodes=2),
        at(0, NodeStarted, "a"),
        at(0, NodeStarted, "b"),
        NodeFailed(job_id="j", seq=2, time=1, error=error),
        RunFinished(job_id="j", seq=3, time=2, status="error", seconds=2),
    ]
    by_node = {e["args"].get("node"): e["args"] for e in trace(events) if e["ph"] == "X"}
    assert by_node["a"]["error"] == "ValueError: no" and by_node["b"]["unfinished"] is True
    assert by_node[None]["status"] == "error"
