"""The queue under load: what submitting, running, cancelling and starting again cost, and whether it leaks.

    python -m benchmarks.queue [--depth 10000] [--soak 3000]

A server process and a worker with toy nodes, on disk, every accepted job synced to it. A submitted graph has
20 nodes (4 KB). Times are as a client on the same machine sees them, one request at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

from tests.server.conftest import (
    ToyServer,
    connect,
    drained,
    finished,
    get,
    messages,
    misbehave,
    post,
    submit,
    text,
)

NODES = 20


def graph(seed: int) -> dict[str, Any]:
    """A graph of 20 nodes and about 4 KB."""
    value = f"{seed} ".ljust(120, "x")
    return {str(n): {**text(value, seed)["1"], "_meta": {"title": f"Text {n}"}} for n in range(NODES)}


def percentile(values: Sequence[float], share: float) -> float:
    """Milliseconds below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1e3


def report(name: str, values: Sequence[float]) -> None:
    """One line: median, 99th percentile and worst of the values, which are seconds."""
    usual, slow, worst = percentile(values, 0.5), percentile(values, 0.99), max(values) * 1e3
    print(f"{name:46} p50 {usual:7.1f}  p99 {slow:7.1f}  max {worst:7.1f} ms", flush=True)


async def timed(count: int, work: Callable[[int], Awaitable[Any]]) -> list[float]:
    """Seconds of each of `count` calls, one after the other."""
    found: list[float] = []
    for number in range(count):
        began = time.perf_counter()
        await work(number)
        found.append(time.perf_counter() - began)
    return found


async def deep(http: ClientSession, depth: int) -> None:
    """Submitting, listing and cancelling with an empty queue and with a full one; the queue is paused."""
    await post(http, "/api/v1/queue/pause")
    await timed(20, lambda n: submit(http, graph(n)))
    report("submit, up to 100 queued", await timed(100, lambda n: submit(http, graph(n))))
    began = time.perf_counter()
    await timed(depth - 120, lambda n: submit(http, graph(1000 + n)))
    print(f"{f'filling the queue to {depth}':46} {time.perf_counter() - began:.1f} s")
    report(f"submit, {depth} queued", await timed(500, lambda n: submit(http, graph(10**6 + n))))
    pages = await timed(50, lambda _: get(http, "/api/v1/jobs", limit=100))
    report(f"page of 100 jobs, {depth} queued", pages)
    waiting = [job["id"] for job in (await get(http, "/api/v1/jobs", limit=200))["jobs"]]
    cancelled = await timed(200, lambda n: post(http, f"/api/jobs/{waiting[n]}/cancel"))
    report(f"cancel one waiting job, {depth} queued", cancelled)


async def restarted(base: Path, depth: int) -> ToyServer:
    """Starting on a folder whose queue is full: until a job is accepted, and until the first one has run."""
    began = time.perf_counter()
    server = await asyncio.to_thread(ToyServer(base, max_queue=depth + 1000).wait)
    async with connect(server.url) as http:
        newest = (await submit(http, text("after the restart"), number=-(10**9)))["prompt_id"]
        print(f"{f'restart with {depth} queued, job accepted':46} {time.perf_counter() - began:.2f} s")
        await post(http, "/api/v1/queue/resume")
        await finished(http, newest)
        print(f"{f'restart with {depth} queued, first job done':46} {time.perf_counter() - began:.2f} s")
        await post(http, "/queue", {"clear": True})
        await drained(http)
    return server


async def trivial(http: ClientSession, count: int) -> None:
    """A job that does nothing, from sending the request to the last message of the run."""
    socket = await http.ws_connect("/ws?clientId=bench")

    async def one(number: int) -> None:
        accepted = await submit(http, text(f"trivial {number}"), client_id="bench")
        await messages(socket, accepted["prompt_id"])

    await timed(20, one)
    report("trivial job, submit to done", await timed(count, lambda n: one(1000 + n)))
    await socket.close()


async def crash(http: ClientSession, rounds: int) -> None:
    """A job that kills its worker twice, until the job behind it is done."""
    found: list[float] = []
    for number in range(rounds):
        began = time.perf_counter()
        await submit(http, misbehave("segfault", seed=number))
        await finished(http, (await submit(http, text(f"after crash {number}")))["prompt_id"])
        found.append(time.perf_counter() - began)
    report("two crashes of a job, until the next is done", found)


async def soak(server: ToyServer, http: ClientSession, count: int) -> None:
    """Many tiny jobs: what the server and the worker keep of each after the first 500."""
    worker = (await get(http, "/api/v1/health"))["worker"]["pid"]
    socket = await http.ws_connect("/ws?clientId=soak")
    marks = {500, count}
    before: dict[int, tuple[int, int, int]] = {}
    tasks: list[int] = []
    began = time.perf_counter()
    for number in range(1, count + 1):
        await _one(http, socket, number)
        if number in marks:
            await asyncio.sleep(1.0)
            tasks.append(await _tasks(http))
            found = {pid: usage(pid) for pid in (server.process.pid, worker)}
            if before:
                _compare(server.process.pid, before, found, count - 500)
            before = found
    print(f"{'soak, tasks of the server':46} {' -> '.join(map(str, tasks))}")
    print(f"{f'soak of {count} jobs':46} {count / (time.perf_counter() - began):.0f} jobs/s")
    await socket.close()


async def _tasks(http: ClientSession) -> int:
    async with http.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return next(int(float(line.split()[1])) for line in lines if line.startswith("darkroom_tasks "))


async def _one(http: ClientSession, socket: ClientWebSocketResponse, number: int) -> None:
    accepted = await submit(http, text(f"soak {number}"), client_id="soak")
    await messages(socket, accepted["prompt_id"])


def _compare(
    server: int,
    before: dict[int, tuple[int, int, int]],
    after: dict[int, tuple[int, int, int]],
    jobs: int,
) -> None:
    for pid, (memory, threads, files) in after.items():
        name = "server" if pid == server else "worker"
        slope = (memory - before[pid][0]) / jobs / 1024
        changes = f"threads {before[pid][1]} -> {threads}, files {before[pid][2]} -> {files}"
        print(f"{f'soak, {name} after 500 jobs':46} {slope:+.2f} KB a job, {changes}")


def usage(pid: int) -> tuple[int, int, int]:
    """Resident bytes, threads and open files of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    values = {line.split(":")[0]: line.split()[1] for line in lines if ":" in line and len(line.split()) > 1}
    files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return int(values["VmRSS"]) * 1024, int(values["Threads"]), files


async def measure(base: Path, depth: int, jobs: int) -> None:
    """All of it."""
    server = await asyncio.to_thread(ToyServer(base, max_queue=depth + 1000).wait)
    async with connect(server.url) as http:
        await get(http, "/object_info")
        await deep(http, depth)
    await asyncio.to_thread(server.stop)
    server = await restarted(base, depth)
    async with connect(server.url) as http:
        await trivial(http, 500)
        await crash(http, 3)
        await soak(server, http, jobs)
    await asyncio.to_thread(server.stop)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--depth", type=int, default=10_000)
    parser.add_argument("--soak", type=int, default=3000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), options.depth, options.soak))


if __name__ == "__main__":
    main()
