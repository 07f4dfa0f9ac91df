"""The `Idempotency-Key`: a request sent again is the same job."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

from aiohttp import ClientSession

from tests.server.conftest import ToyServer, connect, finished, get, misbehave, text


async def send(http: ClientSession, key: str, body: Any, status: int = 200) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with http.post("/prompt", data=data, headers={"Idempotency-Key": key}) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def total(http: ClientSession) -> int:
    return (await get(http, "/api/jobs"))["pagination"]["total"]


async def test_fifty_at_once_make_one_job(http: ClientSession) -> None:
    before = await total(http)
    answers = await asyncio.gather(*(send(http, "fifty", {"prompt": text("once")}) for _ in range(50)))
    assert all(answer == answers[0] for answer in answers)
    assert await total(http) == before + 1
    assert (await finished(http, answers[0]["prompt_id"]))["status"]["completed"]


async def test_the_answer_stays_the_same_after_the_job_and_after_a_restart(servers: Any) -> None:
    server: ToyServer = servers().wait()
    mixed = {"prompt": {**text("good"), "2": misbehave("no such way")["1"]}}
    async with connect(server.url) as http:
        first = await send(http, "lasting", mixed)
        assert set(first["node_errors"]) == {"2"}
        await finished(http, first["prompt_id"])
        assert await send(http, "lasting", mixed) == first
    server.stop(signal.SIGKILL)
    server = servers().wait()
    async with connect(server.url) as http:
        assert await send(http, "lasting", mixed) == first
        assert await total(http) == 1


async def test_the_same_key_for_something_else_is_a_conflict(http: ClientSession) -> None:
    await send(http, "conflict", {"prompt": text("one")})
    answer = await send(http, "conflict", {"prompt": text("another")}, 409)
    assert answer["error"]["code"] == "idempotency_key_reused" and "conflict" in answer["error"]["message"]
    assert answer["error"]["where"] == "Idempotency-Key"


async def test_what_was_refused_may_be_tried_again_under_its_key(http: ClientSession) -> None:
    await send(http, "refused", {"prompt": {}}, 400)
    assert (await send(http, "refused", {"prompt": text("corrected")}))["prompt_id"]


async def test_different_keys_make_different_jobs(http: ClientSession) -> None:
    body = {"prompt": text("twice")}
    assert (await send(http, "a", body))["prompt_id"] != (await send(http, "b", body))["prompt_id"]


async def test_a_key_of_no_sense_is_refused(http: ClientSession) -> None:
    for key in ("", "x" * 256):
        answer = await send(http, key, {"prompt": text("x")}, 400)
        assert "Idempotency-Key" in answer["error"]["message"]


async def test_a_waiting_job_with_an_id_of_its_own_is_remembered_under_the_key(
    http: ClientSession,
) -> None:
    await http.post("/api/v1/queue/pause")
    body = {"prompt": text("named"), "prompt_id": "named-and-keyed"}
    async with http.post("/prompt", json=body) as response:
        first = await response.json()
    assert await send(http, "named", body) == first
    await http.post("/api/v1/queue/resume")
    await finished(http, "named-and-keyed")
    assert await send(http, "named", body) == first
