"""Events over HTTP and WebSocket from a real server: nothing is missed, whatever breaks off."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket as sockets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from tests.server.conftest import (
    ToyServer,
    connect,
    finished,
    picture,
    run,
    sleep,
    submit,
    text,
)

SSE = {"Accept": "text/event-stream"}


async def listed(http: ClientSession, job: str, after: int = 0) -> dict[str, Any]:
    async with http.get(f"/api/v1/jobs/{job}/events", params={"after": after}) as response:
        assert response.status == 200
        return await response.json()


async def stream(
    http: ClientSession, path: str, last: str | None = None
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Server-sent events as (id, data), until the server closes."""
    headers = SSE if last is None else {**SSE, "Last-Event-ID": last}
    async with http.get(path, headers=headers) as response:
        assert response.status == 200 and response.content_type == "text/event-stream"
        position = ""
        async for line in response.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                position = value
            elif name == "data":
                yield position, json.loads(value)


async def until_started(http: ClientSession, job: str, times: int = 1) -> None:
    """Wait until the job's node has started so often."""
    async with asyncio.timeout(20):
        while kinds((await listed(http, job))["events"]).count("node_started") < times:
            await asyncio.sleep(0.02)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events if event["type"] != "node_progress"]


async def opened(http: ClientSession, sid: str, after: str = "") -> ClientWebSocketResponse:
    socket = await http.ws_connect("/ws", params={"clientId": sid, **({"after": after} if after else {})})
    assert (await socket.receive_json())["type"] == "status"
    return socket


async def heard(socket: ClientWebSocketResponse, until: str = "resumed") -> list[dict[str, Any]]:
    """JSON messages up to one of a type; `executing` stands for the end marker."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while True:
            message = await socket.receive()
            if message.type is WSMsgType.BINARY:
                continue
            found.append(json.loads(message.data))
            ends = until != "executing" or found[-1]["data"].get("node", "") is None
            if found[-1]["type"] == until and ends:
                return found


def shape(messages: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    """What was said, without what depends on the moment."""
    quiet = {"status", "progress_state", "progress", "resumed", "feature_flags"}
    return [
        (m["type"], m["data"].get("node"), m["data"].get("seq")) for m in messages if m["type"] not in quiet
    ]


async def test_a_finished_job_lists_its_events(http: ClientSession) -> None:
    accepted = await submit(http, text("listed"))
    await finished(http, accepted["prompt_id"])
    found = await listed(http, accepted["prompt_id"])
    assert kinds(found["events"]) == [
        "run_started", "run_cached", "node_started", "node_finished", "run_finished",
    ]  # fmt: skip
    assert [event["seq"] for event in found["events"]] == [1, 2, 3, 4, 5]
    assert found["over"] is True and found["last"] == 5
    rest = await listed(http, accepted["prompt_id"], after=3)
    assert [event["seq"] for event in rest["events"]] == [4, 5]


async def test_an_unknown_job_has_no_events(http: ClientSession) -> None:
    async with http.get("/api/v1/jobs/nobody/events") as response:
        assert response.status == 404 and (await response.json())["error"]["code"] == "not_found"


async def test_a_stream_tells_a_job_to_its_end_and_closes(http: ClientSession) -> None:
    blocker = await submit(http, sleep(0.3, seed=100))
    accepted = await submit(http, text("streamed"))  # waits, so the stream begins before the job does
    events = [e async for _, e in stream(http, f"/api/v1/jobs/{accepted['prompt_id']}/events")]
    assert kinds(events)[0] == "run_started" and kinds(events)[-1] == "run_finished"
    assert [e["seq"] for e in events] == [
        e["seq"] for e in (await listed(http, accepted["prompt_id"]))["events"]
    ]
    await finished(http, blocker["prompt_id"])


async def test_a_stream_is_taken_up_where_it_broke_off(http: ClientSession) -> None:
    accepted = await submit(http, sleep(1.0, seed=101))
    path = f"/api/v1/jobs/{accepted['prompt_id']}/events"
    first: list[tuple[str, dict[str, Any]]] = []
    async for item in stream(http, path):
        first.append(item)
        if len(first) == 4:  # run_started, run_cached, node_started and a step
            break
    rest = [item async for item in stream(http, path, last=first[-1][0])]
    seqs = [event["seq"] for _, event in [*first, *rest]]
    assert seqs == sorted(set(seqs)) and kinds([e for _, e in rest]) == ["node_finished", "run_finished"]
    assert {e["type"] for _, e in rest} == {"node_progress", "node_finished", "run_finished"}


async def test_a_client_that_has_everything_is_told_not_to_come_back(http: ClientSession) -> None:
    accepted = await submit(http, text("all of it"))
    await finished(http, accepted["prompt_id"])
    path = f"/api/v1/jobs/{accepted['prompt_id']}/events"
    async with http.get(path, headers={**SSE, "Last-Event-ID": "5"}) as response:
        assert response.status == 204


async def test_a_stream_of_a_job_cancelled_while_it_waits_ends(
    http: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocker = await submit(http, sleep(30, seed=102))
    waiting = await submit(http, text("cancelled"))

    async def follow() -> list[Any]:
        return [e async for e in stream(http, f"/api/v1/jobs/{waiting['prompt_id']}/events")]

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.2)
    async with http.post(f"/api/jobs/{waiting['prompt_id']}/cancel") as response:
        assert (await response.json())["cancelled"] is True
    assert await asyncio.wait_for(following, 15) == []
    async with http.post(f"/api/jobs/{blocker['prompt_id']}/cancel"):
        pass
    await finished(http, blocker["prompt_id"])


async def test_a_session_hears_of_all_its_jobs_and_of_no_others(http: ClientSession) -> None:
    stories = stream(http, "/api/v1/events?clientId=chronicle")
    first = asyncio.ensure_future(anext(stories))
    await asyncio.sleep(0.2)
    mine = [(await submit(http, text("m", seed=i), client_id="chronicle"))["prompt_id"] for i in range(3)]
    await run(http, text("not mine"), client_id="stranger")
    found = [(await asyncio.wait_for(first, 10))[1]]
    while [e["type"] for e in found].count("run_finished") < 3:
        found.append((await asyncio.wait_for(anext(stories), 10))[1])
    assert {e["job_id"] for e in found} == set(mine)
    for job in mine:
        assert [e["seq"] for e in found if e["job_id"] == job] == [1, 2, 3, 4, 5]


async def test_a_session_that_comes_back_gets_jobs_it_never_heard_of(http: ClientSession) -> None:
    stories = stream(http, "/api/v1/events?clientId=away")
    first = asyncio.ensure_future(anext(stories))
    await asyncio.sleep(0.2)
    early = (await submit(http, sleep(1.0, seed=103), client_id="away"))["prompt_id"]
    position, event = await asyncio.wait_for(first, 10)
    assert event["job_id"] == early
    await stories.aclose()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    await finished(http, early)
    late = (await submit(http, text("late", seed=104), client_id="away"))["prompt_id"]
    await finished(http, late)
    now = (await submit(http, sleep(0.3, seed=105), client_id="away"))["prompt_id"]
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(15):
        async for _, event in stream(http, "/api/v1/events?clientId=away", last=position):
            found.append(event)
            if event["type"] == "run_finished" and event["job_id"] == now:
                break
    assert [e["seq"] for e in found if e["job_id"] == late] == [1, 2, 3, 4, 5]
    assert kinds([e for e in found if e["job_id"] == early])[-2:] == ["node_finished", "run_finished"]
    assert min(e["seq"] for e in found if e["job_id"] == early) == 2


@pytest.mark.parametrize("after", ["x", "job:", ":5", "job:-1", "job:٣"])
async def test_a_position_that_is_none_is_refused(http: ClientSession, after: str) -> None:
    async with http.get("/api/v1/events", params={"clientId": "c", "after": after}) as response:
        assert response.status == 400 and (await response.json())["error"]["where"] == "after"


@pytest.mark.parametrize("graph", [text("again", seed=1), picture(seed=71, steps=3, prefix="again")])
async def test_a_socket_that_comes_back_gets_exactly_what_it_missed(http: ClientSession, graph: Any) -> None:
    socket = await opened(http, "resuming", after="none:0")
    job = (await submit(http, graph, client_id="resuming"))["prompt_id"]
    everything = shape(await heard(socket, "executing"))
    last = max(seq for _, _, seq in everything if seq is not None)
    missed: list[dict[str, Any]] = []
    for after in range(last + 1):
        again = await opened(http, "resuming", after=f"{job}:{after}")
        missed = await heard(again)
        newer = [m for m in everything if m[2] is not None and m[2] > after]
        assert shape(missed) == (newer or [("executing", None, last)])
        assert missed[-1]["data"] == {"prompt_id": job, "seq": last}
        await again.close()


async def test_a_socket_that_comes_back_in_the_middle_hears_everything_once(http: ClientSession) -> None:
    job = (await submit(http, sleep(1.2, seed=106), client_id="middle"))["prompt_id"]
    socket = await opened(http, "middle", after=f"{job}:0")
    early = await heard(socket, "progress")
    await socket.close()
    seen = max(m["data"]["seq"] for m in early if "seq" in m["data"])
    await asyncio.sleep(0.2)
    again = await opened(http, "middle", after=f"{job}:{seen}")
    later = await heard(again, "executing")
    assert [kind for kind, _, _ in shape([*early, *later])] == [
        "execution_start", "execution_cached", "executing", "executed", "execution_success", "executing",
    ]  # fmt: skip
    steps = [m["data"]["seq"] for m in later if m["type"] == "progress"]
    assert steps == sorted(set(steps)) and steps[0] > seen


async def test_an_open_socket_may_ask_for_what_it_missed(http: ClientSession) -> None:
    job = (await submit(http, text("asked", seed=107), client_id="asking"))["prompt_id"]
    await finished(http, job)
    socket = await http.ws_connect("/ws?clientId=asking")
    await socket.send_json({"type": "feature_flags", "data": {"darkroom_events": True}})
    await socket.send_json({"type": "resume", "data": {"job": job, "after": 3}})
    flags = await heard(socket, "feature_flags")
    assert flags[-1]["data"]["darkroom_events"] is True
    kept = [("executed", "1", 4), ("execution_success", None, 5), ("executing", None, 5)]
    assert shape(await heard(socket)) == kept


async def test_nobody_takes_up_the_stream_of_another_session(http: ClientSession) -> None:
    job = (await submit(http, text("private", seed=108), client_id="owner"))["prompt_id"]
    await finished(http, job)
    socket = await opened(http, "thief", after=f"{job}:0")
    await submit(http, text("own", seed=109), client_id="thief")
    assert all(m["data"].get("prompt_id") != job for m in await heard(socket, "executing"))


async def test_clients_that_never_announced_it_see_no_numbers(http: ClientSession) -> None:
    socket = await opened(http, "classic")
    await submit(http, text("classic", seed=110), client_id="classic")
    assert all("seq" not in m["data"] for m in await heard(socket, "executing"))


async def test_a_crash_of_the_worker_does_not_break_the_numbers(http: ClientSession) -> None:
    job = (await submit(http, sleep(1.0, seed=111)))["prompt_id"]
    await until_started(http, job)
    async with http.get("/api/v1/health") as response:
        os.kill((await response.json())["worker"]["pid"], signal.SIGKILL)
    await finished(http, job)
    found = (await listed(http, job))["events"]
    assert kinds(found).count("run_started") == 2 and kinds(found)[-1] == "run_finished"
    seqs = [e["seq"] for e in found]
    assert seqs == sorted(set(seqs)) and seqs[0] == 1


async def test_events_survive_a_restart(tmp_path: Path) -> None:
    server = ToyServer(tmp_path).wait()
    async with connect(server.url) as http:
        done = (await submit(http, text("kept")))["prompt_id"]
        await finished(http, done)
        before = await listed(http, done)
        cut = (await submit(http, sleep(20)))["prompt_id"]
        await until_started(http, cut)
    server.stop()
    again = ToyServer(tmp_path).wait()
    try:
        async with connect(again.url) as http:
            assert await listed(http, done) == before
            await until_started(http, cut, times=2)
            async with http.post("/interrupt"):
                pass
            await finished(http, cut)
            found = (await listed(http, cut))["events"]
            assert kinds(found).count("run_started") == 2 and found[-1]["status"] == "interrupted"
            seqs = [e["seq"] for e in found]
            assert seqs == sorted(set(seqs)) and seqs[0] == 1
    finally:
        again.stop()


async def test_an_open_stream_does_not_hold_up_the_end_of_the_server(tmp_path: Path) -> None:
    server = ToyServer(tmp_path).wait()
    path = "/api/v1/events?clientId=open"
    async with connect(server.url) as http, http.get(path, headers=SSE) as response:
        assert (await response.content.readline()).startswith(b"retry")
        began = time.monotonic()
        assert await asyncio.to_thread(server.stop) == 0
        assert time.monotonic() - began < 1.9  # it waits two seconds for requests that go on


async def test_clients_that_never_read_slow_nobody_down(http: ClientSession, toy: ToyServer) -> None:
    host, port = "127.0.0.1", int(toy.url.rstrip("/").rsplit(":", 1)[1])
    stalled: list[sockets.socket] = []
    for kind in range(60):
        one = sockets.create_connection((host, port))
        one.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        upgrade = (
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        path, extra = ("/ws?clientId=crowd", upgrade) if kind % 2 else ("/api/v1/events?clientId=crowd", "")
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{extra}\r\n".encode())
        stalled.append(one)
    await asyncio.sleep(0.3)
    reader = await opened(http, "crowd")
    job = (await submit(http, picture(seed=72, steps=400, prefix="crowd"), client_id="crowd"))["prompt_id"]
    async with asyncio.timeout(10):
        steps = [m for m in await heard(reader, "executing") if m["type"] == "progress"]
    assert len(steps) == 400
    assert (await listed(http, job))["over"] is True
    for one in stalled:
        one.close()
