"""What must hold when a worker dies, hangs or eats the memory: its job ends with the reason, the next one
runs, and the server answers throughout.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.server.conftest import (
    PATIENCE,
    ToyServer,
    connect,
    failure,
    finished,
    get,
    messages,
    misbehave,
    picture,
    run,
    running,
    sleep,
    submit,
    text,
    until_started,
    worker_pid,
)
from tests.timing import slowness

NEXT_WITHIN = 10.0


@asynccontextmanager
async def answering(http: ClientSession) -> AsyncGenerator[None]:
    """Fails if the server takes longer than a second for a small question, or does not answer, meanwhile."""
    slowest = 0.0

    async def ask() -> None:
        nonlocal slowest
        while True:
            began = time.monotonic()
            await get(http, "/prompt")
            slowest = max(slowest, time.monotonic() - began)
            await asyncio.sleep(0.02)

    asking = asyncio.create_task(ask())
    yield
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert asking.cancelled() and 0 < slowest < slowness(), slowest  # 0.02 s alone


async def test_the_worker_ends_with_a_killed_server(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        pid = await worker_pid(http)
        await running(http, (await submit(http, misbehave("hang")))["prompt_id"])
    server.stop(signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
            await asyncio.sleep(0.05)


async def test_a_worker_killed_once_costs_the_job_nothing(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        socket = await http.ws_connect("/ws?clientId=me")
        accepted = await submit(http, misbehave("kill", once="mark"), client_id="me")
        after = await submit(http, text("after"))
        told = [m["type"] for m in await messages(socket, accepted["prompt_id"])]
        assert told.count("execution_start") == 2 and "execution_error" not in told
        entry = await finished(http, accepted["prompt_id"])
        assert entry["outputs"]["1"]["text"] == ["well behaved"]
        assert (await finished(http, after["prompt_id"]))["status"]["completed"]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("kill", "worker killed (signal 9, probably out of memory)"),
        ("segfault", "worker died (signal 11, segmentation fault in native code)"),
        ("exit", "worker exited with status 3"),
    ],
)
async def test_a_job_that_kills_its_worker_fails_with_the_reason_and_the_next_one_runs(
    servers: Any, how: str, reason: str
) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        accepted = await submit(http, misbehave(how))
        after = await submit(http, text("after"))
        entry = await finished(http, accepted["prompt_id"])
        kind, data = entry["status"]["messages"][-1]
        assert (kind, data["exception_type"]) == ("execution_error", "WorkerDied")
        assert data["exception_message"].startswith(reason)
        assert (data["node_id"], data["node_type"]) == ("1", "Misbehave")
        assert (await finished(http, after["prompt_id"]))["status"]["completed"]
        async with http.get("/api/v1/health") as response:
            assert (await response.json())["worker"]["restarts"] == 2


@pytest.mark.parametrize("how", ["hang", "hang_in_c", "wait"])
async def test_a_node_that_does_not_stop_is_killed_with_its_worker(servers: Any, how: str) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        accepted = await submit(http, misbehave(how))
        await until_started(http, accepted["prompt_id"])
        await asyncio.sleep(0.2)
        started = time.monotonic()
        async with http.post("/interrupt") as response:
            assert response.status == 200
        entry = await finished(http, accepted["prompt_id"])
        assert time.monotonic() - started < 15, "it was asked to stop within a second, and hangs for a minute"
        assert entry["status"]["messages"][-1][0] == "execution_interrupted"
        assert (await run(http, text("after")))["status"]["completed"]


async def test_what_a_node_prints_does_not_disturb_the_protocol(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        assert (await run(http, misbehave("print")))["status"]["completed"]
    assert "not a frame" in server.log


async def test_a_worker_that_cannot_start_is_told_and_the_server_answers(servers: Any) -> None:
    server: ToyServer = servers(
        worker_command=[sys.executable, "-c", "raise SystemExit('no torch here')"]
    ).wait()
    async with connect(server.url) as http, asyncio.timeout(PATIENCE):
        while True:
            async with http.get("/api/v1/health") as response:
                health = await response.json()
                if response.status == 503:
                    break
            await asyncio.sleep(0.05)
        for method, path in (("GET", "/object_info"), ("GET", "/object_info/Text"), ("POST", "/prompt")):
            async with http.request(method, path, json={"prompt": text()}) as response:
                body = await response.json()
                assert response.status == 503, body
            assert "no torch here" in body["error"]["message"]
    assert health["status"] == "failed"
    assert health["worker"]["last_error"] == "worker exited with status 1: no torch here"


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("raise", "ValueError"),
        ("system_exit", "SystemExit"),
        ("keyboard_interrupt", "KeyboardInterrupt"),
        ("stop_iteration", "StopIteration"),
        ("base_exception", "BaseException"),
        ("exhaust", "MemoryError"),
    ],
)
async def test_whatever_a_node_raises_fails_its_job_and_nothing_else(
    http: ClientSession, how: str, kind: str
) -> None:
    pid = await worker_pid(http)
    data = failure(await run(http, misbehave(how)))
    assert (data["node_id"], data["exception_type"]) == ("1", kind)
    assert any("misbehave" in line for line in data["traceback"])
    assert (await run(http, text(f"after {how}")))["status"]["completed"]
    assert await worker_pid(http) == pid


async def test_a_fault_of_the_engine_fails_the_job_and_spares_the_worker(http: ClientSession) -> None:
    pid = await worker_pid(http)
    data = failure(await run(http, misbehave("break_engine")))
    assert data["exception_type"] == "RuntimeError" and "a fault of the engine" in data["exception_message"]
    assert (await run(http, text("after a broken engine")))["status"]["completed"]
    assert await worker_pid(http) == pid
    assert (await get(http, "/api/v1/health"))["status"] == "ok"


async def test_a_node_that_allocates_without_end_gets_a_memory_error(servers: Any) -> None:
    server: ToyServer = servers(worker_words=["--memory-limit=0.6"]).wait()
    async with connect(server.url) as http:
        pid = await worker_pid(http)
        before = resident(server.process.pid)
        async with answering(http):
            data = failure(await run(http, misbehave("devour")))
        assert data["exception_type"] == "MemoryError"
        assert (await run(http, text("after")))["status"]["completed"]
        assert await worker_pid(http) == pid and resident(pid) < 0.3e9
        assert resident(server.process.pid) < before + 20e6


async def test_the_kernel_ends_workers_before_anything_else(http: ClientSession) -> None:
    assert Path(f"/proc/{await worker_pid(http)}/oom_score_adj").read_text().strip() == "1000"


async def test_a_poison_job_at_the_head_of_the_queue_is_quarantined_and_the_others_run(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await get(http, "/object_info")
        async with http.post("/api/v1/queue/pause") as response:
            assert response.status == 200
        poison = (await submit(http, misbehave("segfault")))["prompt_id"]
        others = [(await submit(http, text(f"innocent {n}")))["prompt_id"] for n in range(3)]
        async with http.post("/api/v1/queue/resume") as response:
            assert response.status == 200
        async with answering(http):
            await died(http, 1)
            server.stop(signal.SIGKILL)
    server = servers().wait()
    async with connect(server.url) as http:
        began = time.monotonic()
        for other in others:
            assert (await finished(http, other))["status"]["completed"]
        assert time.monotonic() - began < NEXT_WITHIN
        job = await get(http, f"/api/v1/jobs/{poison}")
        assert (job["state"], job["status"], job["attempts"]) == ("quarantined", "failed", 2)
        failure(await finished(http, poison))
        async with http.post(f"/api/v1/jobs/{poison}/retry") as response:
            assert response.status == 201 and (await response.json())["retry_of"] == poison


async def test_a_worker_that_is_killed_is_replaced_and_the_next_job_runs(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        for number in range(5):
            pid = await worker_pid(http)
            job = (await submit(http, sleep(0.6, seed=number)))["prompt_id"]
            await until_started(http, job)
            began = time.monotonic()
            async with answering(http):
                os.kill(pid, signal.SIGKILL)
                entry = await finished(http, job)
            assert entry["outputs"]["1"]["text"] == ["slept"] and time.monotonic() - began < NEXT_WITHIN
            assert (await get(http, f"/api/v1/jobs/{job}"))["attempts"] == 2


async def test_an_idle_worker_that_no_longer_answers_is_told_within_seconds(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        pid = await worker_pid(http)
        assert (await run(http, text()))["status"]["completed"]
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        while (await health(http))["status"] == "ok":
            assert time.monotonic() - began < 15, "it would be given up after 20 s"
            await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGCONT)
        while (await health(http))["status"] != "ok":
            assert time.monotonic() - began < 40
            await asyncio.sleep(0.1)
        assert (await run(http, text("after")))["status"]["completed"]


async def health(http: ClientSession) -> dict[str, Any]:
    async with http.get("/api/v1/health") as response:
        return await response.json()


async def died(http: ClientSession, times: int) -> None:
    """Wait until the worker was started again that often."""
    async with asyncio.timeout(PATIENCE):
        while (await health(http))["worker"]["restarts"] < times:
            await asyncio.sleep(0.01)


def resident(pid: int) -> int:
    """Bytes of memory a process occupies."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


@pytest.mark.slow
async def test_workers_killed_at_any_moment_cost_no_job_and_double_no_output(servers: Any) -> None:
    chance = random.Random(3)
    server: ToyServer = servers(max_attempts=100).wait()
    async with connect(server.url) as http:
        for number in range(40):
            pid = await worker_pid(http)
            job = (await submit(http, picture(seed=number, steps=40, prefix=f"p{number}")))["prompt_id"]
            await asyncio.sleep(chance.uniform(0.0, 0.15))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            entry = await finished(http, job)
            assert entry["status"]["completed"]
            assert [len(ui["images"]) for ui in entry["outputs"].values()] == [1]
            [image] = entry["outputs"]["9"]["images"]
            assert (server.base / "output" / image["filename"]).is_file()
