"""What nodes warn of, as clients hear it and as the records of runs keep it."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientSession

from tests.server.conftest import finished, messages, submit
from tests.server.test_stream import data_of, opened


def doubtful(text: str) -> dict[str, Any]:
    return {
        "1": {"class_type": "Doubt", "inputs": {"text": text}},
        "2": {"class_type": "Text", "inputs": {"value": ["1", 0], "seed": 0}},
    }


async def record_of(http: ClientSession, job: str) -> dict[str, Any]:
    await finished(http, job)
    async with http.get(f"/api/v1/jobs/{job}") as response:
        return await response.json()


async def events_of(http: ClientSession, job: str) -> list[dict[str, Any]]:
    async with http.get(f"/api/v1/jobs/{job}/events", params={"after": 0}) as response:
        return (await response.json())["events"]


async def test_a_warning_is_told_to_those_who_know_of_it_and_to_no_other(http: ClientSession) -> None:
    socket, other = await opened(http, "mine"), await opened(http, "mine")
    await socket.send_json({"type": "feature_flags", "data": {"darkroom_events": True}})
    assert (await socket.receive_json())["type"] == "feature_flags"
    job = (await submit(http, doubtful("one"), client_id="mine"))["prompt_id"]
    [told] = data_of(await messages(socket, job), "node_warning")
    assert told.pop("seq") > 0
    assert told == {"prompt_id": job, "node": "1", "display_node": "1", "message": "one is doubtful"}
    found = await messages(other, job)
    assert data_of(found, "executed") and not data_of(found, "node_warning")


async def test_the_record_keeps_it_and_a_run_from_the_cache_says_it_again(http: ClientSession) -> None:
    for runs in (True, False):
        job = (await submit(http, doubtful("two")))["prompt_id"]
        record = await record_of(http, job)
        assert record["nodes"]["1"]["warnings"] == ["two is doubtful"]
        assert (
            "1" in (e.get("node_id") for e in await events_of(http, job) if e["type"] == "node_started")
        ) is runs
        events = await events_of(http, job)
        assert any(e["type"] == "node_started" for e in events) is runs
        [warned] = [e for e in events if e["type"] == "node_warned"]
        assert (warned["node_id"], warned["message"]) == ("1", "two is doubtful")
        assert (record["nodes_run"], record["nodes_cached"]) == ((2, 0) if runs else (0, 2))
        assert record["execution_status"]["status_str"] == "success"
