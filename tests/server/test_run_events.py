"""The stream of the beginnings and ends of runs, over a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientResponse, ClientSession

from tests.server.conftest import PATIENCE, ToyServer, connect, get, run, running, sleep, submit, text
from tests.server.workflows import ask, at, function, publish

EVENTS = "/api/v1/runs/events"


class Stream:
    """Server-sent events as they come."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response

    async def next(self) -> dict[str, Any]:
        """The next event; its data with `id` and `event`."""
        found: dict[str, Any] = {}
        async with asyncio.timeout(PATIENCE):
            while line := (await self.response.content.readline()).decode().rstrip("\n"):
                name, _, value = line.partition(": ")
                found.update(json.loads(value) if name == "data" else {name: value})
        return found if "event" in found else await self.next()

    async def take(self, count: int) -> list[dict[str, Any]]:
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def watching(http: ClientSession, last: str | None = None, **query: str) -> AsyncGenerator[Stream]:
    headers = {} if last is None else {"Last-Event-ID": last}
    async with http.get(EVENTS, params=query, headers=headers) as response:
        assert response.status == 200 and response.content_type == "text/event-stream"
        await response.content.readline()  # how soon to come back
        yield Stream(response)


async def test_a_run_is_told_when_it_begins_and_when_it_is_over(http: ClientSession) -> None:
    await publish(http, "Watched", function())
    async with watching(http) as stream:
        called = asyncio.create_task(ask(http, "POST", at("Watched", "run"), {"text": "a"}, wait="20"))
        begun, over = await stream.take(2)
    done = await called
    assert (begun["event"], over["event"]) == ("run.started", "run.finished")
    assert begun["run_id"] == over["run_id"] == done["run_id"]
    assert (begun["status"], over["status"]) == ("running", "success")
    assert (
        over["outputs"] == {"said": "a a"}
        and over["workflow"] == "Watched"
        and begun["inputs"]["text"] == "a"
    )


async def test_a_reader_that_comes_back_misses_nothing(http: ClientSession) -> None:
    async with watching(http) as stream:
        await run(http, text("before"))
        last = (await stream.take(2))[-1]["id"]
    missed = [(await submit(http, text(f"missed {number}")))["prompt_id"] for number in range(3)]
    for job in missed:
        async with asyncio.timeout(PATIENCE):
            while (await get(http, f"/api/v1/runs/{job}"))["state"] != "success":
                await asyncio.sleep(0.01)
    async with watching(http, last) as stream:
        told = await stream.take(6)
    assert [one["run_id"] for one in told if one["event"] == "run.finished"] == missed
    async with watching(http, told[3]["id"]) as stream:
        again = await stream.take(2)
    assert {one["run_id"] for one in again} == {missed[2]}


async def test_what_runs_already_is_told_at_once(http: ClientSession) -> None:
    busy = await submit(http, sleep(60))
    await running(http, busy["prompt_id"])
    async with watching(http) as stream:
        begun = await stream.next()
        assert (begun["event"], begun["run_id"]) == ("run.started", busy["prompt_id"])
        await ask(http, "POST", f"/api/jobs/{busy['prompt_id']}/cancel")
        over = await stream.next()
        assert (over["event"], over["status"]) == ("run.finished", "interrupted")


async def test_a_reader_chooses_whose_runs(http: ClientSession) -> None:
    await publish(http, "Chosen", function())
    async with watching(http, client_id="me") as mine, watching(http, workflow="chosen") as chosen:
        await run(http, text("other"), client_id="you")
        await run(http, text("own"), client_id="me")
        called = await ask(http, "POST", at("Chosen", "run"), wait="20")
        assert (await mine.take(2))[1]["outputs"] == {"1": ["own"]}
        assert {one["run_id"] for one in await chosen.take(2)} == {called["run_id"]}


async def test_the_end_of_a_sweep_is_told(http: ClientSession) -> None:
    await publish(http, "Swept", function())
    async with watching(http, workflow="Swept") as stream:
        made = await ask(http, "POST", at("Swept", "sweeps"), {"grid": {"text": ["a", "b"]}}, 202)
        told = await stream.take(5)
    assert sorted(one["event"] for one in told[:4]) == ["run.finished"] * 2 + ["run.started"] * 2
    assert (told[4]["event"], told[4]["id"], told[4]["done"]) == ("sweep.finished", made["id"], 2)
    assert {one["sweep"]["index"] for one in told[:4]} == {0, 1}
    assert {one["sweep"]["id"] for one in told[:4]} == {made["id"]}


async def test_the_id_of_an_event_means_the_same_after_a_restart(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        async with watching(http) as stream:
            await run(http, text("first"))
            last = (await stream.take(2))[-1]["id"]
        second = await submit(http, text("second"))
        async with asyncio.timeout(PATIENCE):
            while (await get(http, f"/api/v1/runs/{second['prompt_id']}"))["state"] != "success":
                await asyncio.sleep(0.01)
    server.stop()
    server = servers().wait()
    async with connect(server.url) as http, watching(http, last) as stream:
        assert {one["run_id"] for one in await stream.take(2)} == {second["prompt_id"]}


async def test_an_id_that_is_none_is_refused(http: ClientSession) -> None:
    for odd in ("x", "1-2", "1-2-x", "-1"):
        async with http.get(EVENTS, headers={"Last-Event-ID": odd}) as response:
            assert response.status == 400
            assert (await response.json())["error"]["where"] == "Last-Event-ID"
