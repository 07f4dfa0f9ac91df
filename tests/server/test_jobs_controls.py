"""Pausing the queue; retrying, ordering and deleting jobs; finding them in lists."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.server.conftest import (
    PATIENCE,
    ToyServer,
    connect,
    drained,
    failure,
    finished,
    get,
    misbehave,
    picture,
    post,
    run,
    running,
    sleep,
    submit,
    text,
)


@pytest.fixture
async def paused(http: ClientSession) -> AsyncIterator[ClientSession]:
    """A client of a server whose queue is empty and paused."""
    await drained(http)
    await post(http, "/api/v1/queue/pause")
    yield http
    await post(http, "/queue", {"clear": True})
    await post(http, "/api/v1/queue/resume")


async def pending(http: ClientSession) -> list[str]:
    return [item[1] for item in (await get(http, "/queue"))["queue_pending"]]


async def three(http: ClientSession) -> tuple[str, str, str]:
    """Three jobs that wait."""
    first, second, third = [(await submit(http, text(f"job {n}")))["prompt_id"] for n in range(3)]
    return first, second, third


async def error(http: ClientSession, method: str, path: str, status: int, body: Any = None) -> dict[str, str]:
    async with http.request(method, path, json=body) as response:
        found = await response.json()
        assert response.status == status, found
        assert set(found["error"]) == {"code", "message", "where"}
        return found["error"]


async def test_a_paused_queue_starts_nothing_and_lets_what_runs_go_on(http: ClientSession) -> None:
    job = (await submit(http, sleep(1.0, seed=71)))["prompt_id"]
    await running(http, job)
    facts = json.loads(await post(http, "/api/v1/queue/pause"))
    assert facts["paused"] is True and facts["running"] == [job]
    waiting = (await submit(http, text("waits for the resume")))["prompt_id"]
    assert (await finished(http, job))["status"]["completed"]
    await asyncio.sleep(0.2)
    facts = await get(http, "/api/v1/queue")
    assert (facts["pending"], facts["running"]) == (1, [])
    assert json.loads(await post(http, "/api/v1/queue/resume"))["paused"] is False
    assert (await finished(http, waiting))["status"]["completed"]


async def test_a_pause_outlasts_the_server(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await post(http, "/api/v1/queue/pause")
        job = (await submit(http, text("waits")))["prompt_id"]
    server.stop(signal.SIGKILL)
    server = servers().wait()
    async with connect(server.url) as http:
        await get(http, "/object_info")
        assert (await get(http, "/api/v1/queue"))["paused"] is True
        assert await pending(http) == [job]
        await post(http, "/api/v1/queue/resume")
        assert (await finished(http, job))["status"]["completed"]


async def test_jobs_move_before_and_after_others_and_stay_there(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await post(http, "/api/v1/queue/pause")
        first, second, third = await three(http)
        await post(http, f"/api/v1/jobs/{third}/move", {"before": first})
        assert await pending(http) == [third, first, second]
        await post(http, f"/api/v1/jobs/{third}/move", {"after": first})
        assert await pending(http) == [first, third, second]
        last = (await submit(http, text("newest")))["prompt_id"]
    server.stop(signal.SIGKILL)
    server = servers().wait()
    async with connect(server.url) as http:
        assert await pending(http) == [first, third, second, last]
        await post(http, "/api/v1/queue/resume")
        await finished(http, last)
        assert list(await get(http, "/history")) == [first, third, second, last]


async def test_priorities_of_pending_jobs_change(paused: ClientSession) -> None:
    first, second, third = await three(paused)
    await post(paused, f"/api/v1/jobs/{third}/priority", {"number": -7.5})
    await post(paused, f"/api/v1/jobs/{first}/priority", {"number": 1e9})
    assert await pending(paused) == [third, second, first]
    assert (await get(paused, f"/api/v1/jobs/{third}"))["priority"] == -7.5


async def test_the_order_of_the_queue_is_told_by_id(paused: ClientSession) -> None:
    first, second, third = await three(paused)
    await post(paused, f"/api/v1/jobs/{third}/move", {"before": first})
    assert (await get(paused, "/api/v1/queue"))["order"] == [third, first, second]


async def test_a_job_says_its_workflow_what_it_made_and_what_was_there(http: ClientSession) -> None:
    graph = picture(seed=4711)
    first = (await submit(http, graph, extra_data={"workflow_name": "cactus"}))["prompt_id"]
    image = (await finished(http, first))["outputs"]["9"]["images"][0]
    shown = await get(http, f"/api/v1/jobs/{first}")
    assert (shown["name"], shown["files"]) == ("cactus", [{**image, "node": "9", "media": "images"}])
    assert shown["nodes_run"] + shown["nodes_cached"] == len(graph)
    again = (await submit(http, graph))["prompt_id"]
    await finished(http, again)
    shown = await get(http, f"/api/v1/jobs/{again}")
    assert "name" not in shown and (shown["nodes_run"], shown["nodes_cached"]) == (0, len(graph))


async def test_a_job_that_has_ended_can_be_run_again(http: ClientSession) -> None:
    failed = (await submit(http, misbehave("raise", seed=5), client_id="me"))["prompt_id"]
    await finished(http, failed)
    again = json.loads(await post(http, f"/api/v1/jobs/{failed}/retry", status=201))
    assert again["retry_of"] == failed and again["client_id"] == "me" and again["id"] != failed
    failure(await finished(http, again["id"]))
    shown = await get(http, f"/api/v1/jobs/{again['id']}")
    assert (shown["status"], shown["state"], shown["retry_of"]) == ("failed", "error", failed)
    assert shown["workflow"]["prompt"] == (await get(http, f"/api/jobs/{failed}"))["workflow"]["prompt"]


async def test_a_cancelled_job_can_be_run_again(paused: ClientSession) -> None:
    job = (await submit(paused, text("changed my mind")))["prompt_id"]
    await post(paused, f"/api/jobs/{job}/cancel")
    again = json.loads(await post(paused, f"/api/v1/jobs/{job}/retry", status=201))["id"]
    await post(paused, "/api/v1/queue/resume")
    assert (await finished(paused, again))["outputs"]["1"]["text"] == ["changed my mind"]


async def test_deleted_jobs_are_gone_and_running_ones_are_not_deleted(http: ClientSession) -> None:
    done = (await submit(http, text("done")))["prompt_id"]
    await finished(http, done)
    runs = (await submit(http, sleep(30, seed=72)))["prompt_id"]
    await running(http, runs)
    waits = (await submit(http, text("never runs")))["prompt_id"]
    for job in (done, waits):
        async with http.delete(f"/api/v1/jobs/{job}") as response:
            assert response.status == 204
        await get(http, f"/api/v1/jobs/{job}", 404)
        assert await get(http, f"/history/{job}") == {}
    assert (await error(http, "DELETE", f"/api/v1/jobs/{runs}", 409))["code"] == "job_running"
    await post(http, "/interrupt", {"prompt_id": runs})
    await finished(http, runs)


async def test_what_cannot_be_done_to_a_job_is_refused_with_the_reason(paused: ClientSession) -> None:
    waits = (await submit(paused, text("waits")))["prompt_id"]
    other = (await submit(paused, text("other")))["prompt_id"]
    await post(paused, f"/api/jobs/{other}/cancel")
    url = "/api/v1/jobs"
    assert (await error(paused, "POST", f"{url}/{waits}/retry", 409))["code"] == "job_not_finished"
    for path, body in (("priority", {"number": 1}), ("move", {"before": waits})):
        assert (await error(paused, "POST", f"{url}/{other}/{path}", 409, body))["code"] == "job_not_pending"
        assert (await error(paused, "POST", f"{url}/unknown/{path}", 404, body))["code"] == "not_found"
    for anchor, status in (("unknown", 404), (other, 409)):
        await error(paused, "POST", f"{url}/{waits}/move", status, {"after": anchor})
    await error(paused, "POST", f"{url}/{waits}/move", 400, {"after": waits, "before": waits})
    await error(paused, "POST", f"{url}/{waits}/move", 400, {})
    await error(paused, "POST", f"{url}/{waits}/priority", 400, {"number": "high"})
    for method, path in (("POST", "unknown/retry"), ("DELETE", "unknown"), ("GET", "unknown")):
        assert (await error(paused, method, f"{url}/{path}", 404))["where"] == "id"


async def test_lists_are_filtered_by_workflow_and_sorted_by_duration(http: ClientSession) -> None:
    extra = {"extra_pnginfo": {"workflow": {"id": "w1"}}}
    for seconds, seed in ((0.02, 73), (0.3, 74), (0.1, 75)):
        await run(http, sleep(seconds, seed), extra_data=extra)
    await run(http, text("of no workflow"))
    for path in ("/api/jobs", "/api/v1/jobs"):
        slowest = await get(http, path, workflow_id="w1", sort_by="execution_duration")
        took = [job["execution_end_time"] - job["execution_start_time"] for job in slowest["jobs"]]
        assert len(took) == 3 == slowest["pagination"]["total"] and took == sorted(took, reverse=True)
        fastest = await get(http, path, workflow_id="w1", sort_by="execution_duration", sort_order="asc")
        assert fastest["jobs"] == slowest["jobs"][::-1]
        assert {job["workflow_id"] for job in fastest["jobs"]} == {"w1"}
        assert (await get(http, path, 400, sort_by="colour"))["error"]["where"] == "sort_by"


def ends_of(told: list[str]) -> list[str]:
    return [kind for kind in told if kind in ("execution_success", "execution_interrupted")]


async def test_200_cancels_at_the_moment_of_finishing_end_a_job_once(http: ClientSession) -> None:
    for turn in range(5):
        async with listening(http, f"c{turn}") as told:
            job = (await submit(http, sleep(0.1, seed=80 + turn), client_id=f"c{turn}"))["prompt_id"]
            await asyncio.sleep(0.02 * turn + 0.05)
            await asyncio.gather(*(post(http, f"/api/jobs/{job}/cancel") for _ in range(200)))
            await drained(http)
            state = (await get(http, f"/api/v1/jobs/{job}"))["state"]
            async with asyncio.timeout(PATIENCE):
                while state != "cancelled" and not ends_of(told):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            ends = ends_of(told)
        assert state in ("success", "interrupted", "cancelled")
        assert len(ends) == (state != "cancelled"), (state, told)


async def test_a_job_whose_row_is_damaged_ends_and_the_next_one_runs(servers: Any, tmp_path: Path) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await post(http, "/api/v1/queue/pause")
        damaged = (await submit(http, text("to be damaged")))["prompt_id"]
        after = (await submit(http, text("after")))["prompt_id"]
        with sqlite3.connect(tmp_path / "user" / ".darkroom" / "jobs.sqlite") as connection:
            connection.execute("UPDATE jobs SET graph = '{' WHERE prompt_id = ?", (damaged,))
        await post(http, "/api/v1/queue/resume")
        assert (await finished(http, after))["status"]["completed"]
        data = failure(await finished(http, damaged))
        assert data["exception_type"] == "ServerFault" and "cannot be read" in data["exception_message"]


@asynccontextmanager
async def listening(http: ClientSession, client_id: str) -> AsyncGenerator[list[str]]:
    """The types of the messages a session gets."""
    told: list[str] = []
    async with http.ws_connect("/ws", params={"clientId": client_id}) as socket:

        async def listen() -> None:
            async for message in socket:
                if isinstance(message.data, str):
                    told.append(json.loads(message.data)["type"])

        task = asyncio.create_task(listen())
        yield told
        task.cancel()
