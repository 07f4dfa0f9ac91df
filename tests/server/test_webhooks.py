"""Webhooks of a real server, sent to a real receiver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.server.conftest import (
    PATIENCE,
    ToyServer,
    connect,
    get,
    misbehave,
    run,
    running,
    sleep,
    submit,
    text,
)
from tests.server.receiver import Receiver, receiving
from tests.server.workflows import ask, at, function, publish

HOOKS = "/api/v1/webhooks"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyServer]:
    server = ToyServer(tmp_path_factory.mktemp("toy"), webhook_allow=["127.0.0.1"]).wait()
    yield server
    server.stop()


@pytest.fixture
async def http(toy: ToyServer) -> AsyncIterator[ClientSession]:
    async with connect(toy.url) as session:
        yield session
        for hook in (await get(session, HOOKS))["webhooks"]:
            await ask(session, "DELETE", f"{HOOKS}/{hook['id']}", status=204)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def hooked(http: ClientSession, url: str, *events: str, **more: Any) -> dict[str, Any]:
    """A new webhook."""
    return await ask(http, "POST", HOOKS, {"url": url, "events": events or ["run.finished"], **more})


async def delivered(http: ClientSession, hook: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
    """The messages of a webhook, once that many were tried."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = (await get(http, f"{HOOKS}/{hook['id']}/deliveries"))["deliveries"]
            if len([one for one in found if one["error"] or one["delivered"]]) >= count:
                return found
            await asyncio.sleep(0.02)


async def test_the_end_of_a_run_is_told_and_signed(http: ClientSession, receiver: Receiver) -> None:
    version = await publish(http, "Told", function())
    hook = await hooked(http, receiver.url)
    assert hook["secret"].startswith("whsec_")
    done = await ask(http, "POST", at("Told", "run"), {"text": "hey", "seed": 4}, wait="20")
    (message,) = await receiver.got(1)
    assert message.is_signed_with(hook["secret"]) and not message.is_signed_with("whsec_AAAA")
    assert abs(int(message.headers["webhook-timestamp"]) - time.time()) < 30
    assert message.headers["content-type"] == "application/json"
    assert message.json["type"] == "run.finished" and message.json["timestamp"].endswith("Z")
    data = message.json["data"]
    assert (data["run_id"], data["status"]) == (done["run_id"], "success")
    assert (data["workflow"], data["version"], data["release"]) == ("Told", version["id"], "1.0.0")
    assert data["inputs"] == {"text": "hey", "count": 2, "seed": 4} and data["outputs"] == {"said": "hey hey"}
    assert data["seconds"] >= 0 and "error" not in data
    (delivery,) = await delivered(http, hook)
    assert (delivery["status"], delivery["attempts"], delivery["run_id"]) == ("delivered", 1, done["run_id"])
    assert delivery["id"] == message.headers["webhook-id"]


async def test_any_run_is_told_also_one_that_fails_or_is_cancelled(
    http: ClientSession, receiver: Receiver
) -> None:
    await hooked(http, receiver.url)
    await run(http, text("plain"))
    await run(http, misbehave("raise"))
    busy = await submit(http, sleep(60))
    await running(http, busy["prompt_id"])
    waiting = await submit(http, text("never"))
    for job in (waiting, busy):
        await ask(http, "POST", f"/api/jobs/{job['prompt_id']}/cancel")
    told = {one.json["data"]["run_id"]: one.json["data"] for one in await receiver.got(4)}
    by_status = {data["status"]: data for data in told.values()}
    assert set(by_status) == {"success", "error", "cancelled", "interrupted"}
    assert by_status["success"]["outputs"] == {"1": ["plain"]} and by_status["success"]["workflow"] is None
    assert "asked to" in by_status["error"]["error"]["message"]
    assert by_status["cancelled"]["run_id"] == waiting["prompt_id"]


async def test_a_webhook_hears_of_its_workflow_and_its_events_alone(
    http: ClientSession, receiver: Receiver
) -> None:
    await publish(http, "Wanted", function())
    await publish(http, "Unwanted", function())
    hook = await hooked(http, receiver.url, "sweep.finished", workflow="wanted")
    assert hook["workflow"] == "Wanted"
    for name in ("Unwanted", "Wanted"):
        await ask(http, "POST", at(name, "sweeps"), {"grid": {"text": ["a", "b"]}}, 202)
    (message,) = await receiver.got(1)
    data = message.json["data"]
    assert message.json["type"] == "sweep.finished" and data["workflow"] == "Wanted"
    assert (data["total"], data["done"], data["status"]) == (2, 2, "done")
    assert (await get(http, f"{HOOKS}/{hook['id']}/deliveries"))["total"] == 1


async def test_what_is_not_taken_waits_for_the_next_attempt(http: ClientSession, receiver: Receiver) -> None:
    receiver.answers = [500]
    hook = await hooked(http, receiver.url)
    await run(http, text("again"))
    (failed,) = await delivered(http, hook)
    assert failed["status"] == "waiting" and failed["attempts"] == 1 and "500: not now" in failed["error"]
    assert failed["created"] + 4_000 < failed["next"] < time.time() * 1000 + 6_000


async def test_redirects_are_not_followed(http: ClientSession, receiver: Receiver) -> None:
    async with receiving() as other:
        receiver.answers, receiver.location = [302], other.url
        hook = await hooked(http, receiver.url)
        await run(http, text("elsewhere"))
        (failed,) = await delivered(http, hook)
        assert "redirects are not followed" in failed["error"]
        assert not other.messages


async def test_a_receiver_that_is_gone_is_left_alone(http: ClientSession, receiver: Receiver) -> None:
    receiver.answers = [410]
    hook = await hooked(http, receiver.url)
    await run(http, text("gone"))
    (given_up,) = await delivered(http, hook)
    assert given_up["status"] == "given_up"
    assert (await get(http, f"{HOOKS}/{hook['id']}"))["active"] is False
    await run(http, text("after"))
    assert (await get(http, f"{HOOKS}/{hook['id']}/deliveries"))["total"] == 1


async def test_a_webhook_can_be_tried_changed_and_deleted(http: ClientSession, receiver: Receiver) -> None:
    hook = await hooked(http, receiver.url)
    path = f"{HOOKS}/{hook['id']}"
    tried = await ask(http, "POST", f"{path}/test")
    assert tried["status"] == "delivered" and tried["event"] == "webhook.test"
    receiver.answers = [503]
    assert (await ask(http, "POST", f"{path}/test"))["status"] == "given_up"
    changed = await ask(http, "PATCH", path, {"new_secret": True, "events": ["sweep.finished"]})
    assert changed["secret"] != hook["secret"] and changed["events"] == ["sweep.finished"]
    await ask(http, "POST", f"{path}/test")
    assert receiver.messages[-1].is_signed_with(changed["secret"])
    assert not receiver.messages[-1].is_signed_with(hook["secret"])
    shown = await get(http, path)
    assert "secret" not in shown and "secret" not in (await get(http, HOOKS))["webhooks"][0]
    assert (await ask(http, "PATCH", path, {"active": False}))["secret"] is None
    assert (await ask(http, "POST", f"{path}/test", status=409))["error"]["code"] == "webhook_off"
    await ask(http, "DELETE", path, status=204)
    for method in ("GET", "DELETE"):
        assert (await ask(http, method, path, status=404))["error"]["code"] == "not_found"
    assert (await ask(http, "POST", f"{path}/test", status=404))["error"]["where"] == "webhook"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8188/",
        "http://127.0.0.2/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://10.1.2.3/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:password@example.com/",
        "http://",
        "http://exa mple.com/",
        "http://example.com:99999/",
    ],
)
async def test_urls_that_lead_inside_or_nowhere_are_refused(http: ClientSession, url: str) -> None:
    body = {"url": url, "events": ["run.finished"]}
    refused = await ask(http, "POST", HOOKS, body, 422)
    assert refused["error"]["code"] == "webhook_refused" and refused["error"]["where"] == "url"


async def test_what_a_webhook_asks_for_must_make_sense(http: ClientSession, receiver: Receiver) -> None:
    bodies: tuple[Any, ...] = ({"url": receiver.url, "events": []}, {"url": receiver.url, "events": ["x"]})
    for body in (*bodies, {"url": 5}):
        assert (await ask(http, "POST", HOOKS, body, 400))["error"]["code"] == "invalid_body"
    missing = {"url": receiver.url, "events": ["run.finished"], "workflow": "No such"}
    assert (await ask(http, "POST", HOOKS, missing, 404))["error"]["where"] == "workflow"


async def test_a_killed_server_delivers_what_it_owes_and_knows_how_often_it_tried(servers: Any) -> None:
    allow: Any = {"webhook_allow": ["127.0.0.1"]}
    async with receiving() as receiver:
        receiver.answers = [500]
        server: ToyServer = servers(**allow).wait()
        async with connect(server.url) as http:
            hook = await hooked(http, receiver.url)
            await run(http, text("owed"))
            (owed,) = await delivered(http, hook)
            assert owed["attempts"] == 1 and owed["status"] == "waiting"
        server.process.kill()
        server.process.wait()
        server = servers(**allow).wait()
        async with connect(server.url) as http:
            first, second = await receiver.got(2, 60)
            assert first.headers["webhook-id"] == second.headers["webhook-id"] == owed["id"]
            assert first.body == second.body and second.is_signed_with(hook["secret"])
            async with asyncio.timeout(PATIENCE):
                while (done := (await delivered(http, hook))[0])["status"] != "delivered":
                    await asyncio.sleep(0.02)
            assert (done["attempts"], done["error"], done["next"]) == (2, None, None)


async def test_a_run_that_ended_as_the_server_was_killed_is_told_after_the_next_start(servers: Any) -> None:
    allow: Any = {"webhook_allow": ["127.0.0.1"]}
    async with receiving() as receiver:
        server: ToyServer = servers(**allow).wait()
        async with connect(server.url) as http:
            await hooked(http, receiver.url)
            jobs = [(await submit(http, text(f"{number}")))["prompt_id"] for number in range(40)]
            await receiver.got(3)
        server.process.kill()
        server.process.wait()
        servers(**allow).wait()
        async with asyncio.timeout(PATIENCE):
            while {one.json["data"]["run_id"] for one in receiver.messages} != set(jobs):
                await asyncio.sleep(0.02)
