"""Several workers, and several jobs on one: who gets a job, what overlaps, and who pays for a crash."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.server.conftest import (
    ToyServer,
    connect,
    failure,
    finished,
    get,
    misbehave,
    post,
    run,
    running,
    saving,
    sleep,
    submit,
    text,
)


async def workers(http: ClientSession, count: int) -> list[dict[str, Any]]:
    """The facts of all workers, once so many are up."""
    async with asyncio.timeout(30):
        while True:
            found = (await get(http, "/api/v1/queue"))["workers"]
            if len(found) == count and all(worker["state"] in ("ready", "busy") for worker in found):
                return found
            await asyncio.sleep(0.02)


async def worker_of(http: ClientSession, prompt_id: str) -> int:
    """The process that has a job."""
    async with asyncio.timeout(20):
        while True:
            for worker in (await get(http, "/api/v1/queue"))["workers"]:
                if prompt_id in worker["jobs"]:
                    return worker["pid"]
            await asyncio.sleep(0.01)


async def jobs(http: ClientSession, *graphs: dict[str, Any]) -> list[str]:
    return [(await submit(http, graph))["prompt_id"] for graph in graphs]


async def test_two_workers_run_two_jobs_at_once(servers: Any) -> None:
    server: ToyServer = servers(workers=2).wait()
    async with connect(server.url) as http:
        await workers(http, 2)
        began = time.monotonic()
        first, second = await jobs(http, sleep(1.0, 1), sleep(1.0, 2))
        assert await worker_of(http, first) != await worker_of(http, second)
        assert len((await get(http, "/queue"))["queue_running"]) == 2
        await asyncio.gather(finished(http, first), finished(http, second))
        assert time.monotonic() - began < 1.8


async def test_a_job_goes_where_most_of_it_has_run_before(servers: Any) -> None:
    server: ToyServer = servers(workers=2).wait()
    async with connect(server.url) as http:
        await workers(http, 2)
        first, second = await jobs(http, saving(0.4, 0.0, 1), saving(0.4, 0.0, 2))
        homes = [await worker_of(http, first), await worker_of(http, second)]
        await asyncio.gather(finished(http, first), finished(http, second))
        for turn in range(4):  # alternating, in either order: idle time says nothing here
            for index in (turn % 2, 1 - turn % 2):
                graph = saving(0.4, 0.0, index + 1)
                graph["2"]["inputs"]["seconds"] = 0.1 + turn / 1000
                [job] = await jobs(http, graph)
                assert await worker_of(http, job) == homes[index]
                messages = dict((await finished(http, job))["status"]["messages"])
                assert "1" in messages["execution_cached"]["nodes"]


async def test_a_crash_of_one_worker_leaves_the_job_of_the_other_alone(servers: Any) -> None:
    server: ToyServer = servers(workers=2).wait()
    async with connect(server.url) as http:
        await workers(http, 2)
        [steady] = await jobs(http, sleep(1.5, 1))
        home = await worker_of(http, steady)
        data = failure(await run(http, misbehave("segfault")))
        assert "signal 11" in data["exception_message"]
        assert (await finished(http, steady))["status"]["completed"]
        assert (await get(http, f"/api/v1/jobs/{steady}"))["attempts"] == 1
        assert home in [worker["pid"] for worker in await workers(http, 2)]


async def test_the_device_goes_to_the_next_job_while_the_last_one_saves(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await workers(http, 1)
        began = time.monotonic()
        made = await jobs(http, *(saving(0.3, 0.6, seed) for seed in range(4)))
        entries = await asyncio.gather(*(finished(http, job) for job in made))
        took = time.monotonic() - began
        assert all(entry["status"]["completed"] for entry in entries)
        assert took < 2.8, took  # one after the other: 3.6 s; overlapped: 1.8 s


async def test_jobs_that_overlap_share_what_both_need(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await workers(http, 1)
        began = time.monotonic()
        graphs = [saving(0.5, 0.5, 7) for _ in range(3)]
        for number, graph in enumerate(graphs):
            graph["2"]["inputs"]["seed"] = number
        made = await jobs(http, *graphs)
        for job in made:
            assert (await finished(http, job))["status"]["completed"]
        assert time.monotonic() - began < 1.8  # 3 s if each sampled for itself and waited for the last


async def test_only_so_many_jobs_share_a_worker(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await workers(http, 1)
        made = await jobs(http, *(saving(0.0, 1.0, seed) for seed in range(5)))
        most = 0
        while (await get(http, "/prompt"))["exec_info"]["queue_remaining"]:
            [worker] = (await get(http, "/api/v1/queue"))["workers"]
            most = max(most, len(worker["jobs"]))
            await asyncio.sleep(0.02)
        assert most == 3
        assert [(await finished(http, job))["status"]["completed"] for job in made] == [True] * 5


async def test_neighbours_of_a_poison_job_are_not_given_up_with_it(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await workers(http, 1)
        first, second = await jobs(http, saving(0.0, 1.5, 1), saving(0.0, 1.5, 2))
        await running(http, second)
        [poison, after] = await jobs(http, misbehave("segfault"), text("after"))
        failure(await finished(http, poison))
        for job in (first, second, after):
            assert (await finished(http, job))["status"]["completed"]
        states = [(await get(http, f"/api/v1/jobs/{job}"))["state"] for job in (first, second, poison)]
        assert states == ["success", "success", "quarantined"]


async def test_a_worker_killed_to_end_one_job_costs_its_neighbours_no_attempt(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await workers(http, 1)
        [saves] = await jobs(http, saving(0.0, 2.5, 1))
        await running(http, saves)
        [hangs] = await jobs(http, misbehave("hang_in_c"))
        await running(http, hangs)
        await asyncio.sleep(0.2)
        await post(http, "/interrupt", {"prompt_id": hangs})
        assert (await finished(http, hangs))["status"]["messages"][-1][0] == "execution_interrupted"
        assert (await finished(http, saves))["status"]["completed"]
        assert (await get(http, f"/api/v1/jobs/{saves}"))["attempts"] == 1


async def test_an_interrupt_without_a_name_stops_the_newest_job_of_every_worker(servers: Any) -> None:
    server: ToyServer = servers().wait()
    async with connect(server.url) as http:
        await workers(http, 1)
        [saves] = await jobs(http, saving(0.0, 1.0, 1))
        await running(http, saves)
        [sleeps] = await jobs(http, sleep(30, 1))
        await running(http, sleeps)
        await post(http, "/interrupt")
        assert (await finished(http, sleeps))["status"]["messages"][-1][0] == "execution_interrupted"
        assert (await finished(http, saves))["status"]["completed"]


async def test_a_server_that_stops_puts_all_running_jobs_back(servers: Any) -> None:
    server: ToyServer = servers(workers=2).wait()
    async with connect(server.url) as http:
        await workers(http, 2)
        made = await jobs(http, sleep(60, 1), sleep(60, 2))
        for job in made:
            await running(http, job)
    assert server.stop(signal.SIGTERM) == 0
    server = servers(workers=2).wait()
    async with connect(server.url) as http:
        for job in made:
            await running(http, job)
            assert (await get(http, f"/api/v1/jobs/{job}"))["attempts"] <= 1


async def test_freed_memory_is_freed_in_every_worker(servers: Any) -> None:
    server: ToyServer = servers(workers=2).wait()
    async with connect(server.url) as http:
        await workers(http, 2)
        graph = sleep(0.4, 1)
        first, second = await jobs(http, graph, sleep(0.4, 2))
        await asyncio.gather(finished(http, first), finished(http, second))
        await post(http, "/free", {"free_memory": True})
        again = dict((await run(http, graph))["status"]["messages"])
        assert again["execution_cached"]["nodes"] == []


async def test_a_stopped_worker_gets_no_jobs_while_another_can_run_them(servers: Any) -> None:
    server: ToyServer = servers(workers=2).wait()
    async with connect(server.url) as http:
        first, _ = await workers(http, 2)
        os.kill(first["pid"], signal.SIGSTOP)
        await asyncio.sleep(6)
        assert (await get(http, "/api/v1/health"))["status"] == "ok"
        for number in range(4):
            assert (await run(http, text(f"elsewhere {number}")))["status"]["completed"]
        os.kill(first["pid"], signal.SIGCONT)
        await workers(http, 2)


async def test_every_device_gets_a_worker(servers: Any) -> None:
    server: ToyServer = servers(worker_words=["--device-count=3"]).wait()
    async with connect(server.url) as http:
        await workers(http, 3)
        devices = (await get(http, "/system_stats"))["devices"]
        assert [device["name"] for device in devices] == ["toy", "cuda:1", "cuda:2"]


async def test_more_workers_than_devices_share_them(servers: Any) -> None:
    server: ToyServer = servers(worker_words=["--device-count=2"], workers=3).wait()
    async with connect(server.url) as http:
        commands = [Path(f"/proc/{w['pid']}/cmdline").read_text() for w in await workers(http, 3)]
        assert [command.split("--device=")[1:] for command in commands] == [[], ["cuda:1\0"], ["cuda:0\0"]]
