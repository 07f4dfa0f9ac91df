"""Whether anything accepted is lost when the server is killed while it accepts and runs jobs.

    python -m benchmarks.durability [--rounds 20] [--clients 4]

Each round starts a server on the same folder, submits jobs from several clients at once, and kills the server
with SIGKILL at a random moment. In the end every accepted job must be in the history, in one final state.
Then the worker of the real program is killed in the middle of a job.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

from aiohttp import ClientError, ClientSession

from tests.e2e.program import ROOT, Program
from tests.server.conftest import ToyServer, connect, drained, get, submit, text

LIBRARY = ROOT / "workflows" / "library" / "text_to_image.json"
OFTEN = 10_000
"""Attempts allowed here, for some jobs run at the moment of many of the crashes."""


async def accept(http: ClientSession, accepted: list[str], name: str) -> None:
    """Submit until the server is gone; note what was accepted."""
    try:
        for number in range(100_000):
            accepted.append((await submit(http, text(f"{name} {number}")))["prompt_id"])
    except (ClientError, OSError):
        return


async def one_round(base: Path, number: int, clients: int, chance: random.Random) -> list[str]:
    """The jobs accepted by a server that was killed at a random moment."""
    accepted: list[str] = []
    server = await asyncio.to_thread(ToyServer(base, max_attempts=OFTEN, history_limit=10**6).wait)
    async with connect(server.url) as http:
        work = [asyncio.create_task(accept(http, accepted, f"{number}.{c}")) for c in range(clients)]
        await asyncio.sleep(chance.uniform(0.05, 1.0))
        await asyncio.to_thread(server.stop, signal.SIGKILL)
        await asyncio.gather(*work)
    return accepted


async def rounds(base: Path, count: int, clients: int) -> None:
    """All rounds, then the reckoning."""
    chance = random.Random(1)
    accepted = [job for n in range(count) for job in await one_round(base, n, clients, chance)]
    server = await asyncio.to_thread(ToyServer(base, max_attempts=OFTEN, history_limit=10**6).wait)
    async with connect(server.url) as http:
        await get(http, "/api/v1/queue")
        await drained(http, 600)
        history = await get(http, "/history", max_items=10**6)
    await asyncio.to_thread(server.stop)
    states = Counter(history[job]["status"]["status_str"] for job in accepted if job in history)
    lost = [job for job in accepted if job not in history]
    print(f"{count} rounds, {len(accepted)} jobs accepted, {len(lost)} lost; ended as {dict(states)}")


def again() -> tuple[float, float]:
    """Seconds from killing the real worker in the middle of a job until another one is ready, and until the
    job, begun anew, is done.
    """
    graph = json.loads(LIBRARY.read_text())
    with tempfile.TemporaryDirectory() as folder, Program(Path(folder), "--no-cache-disk") as program:
        program.run(graph)
        program.post("/free", {"free_memory": True})
        _, answer = program.post("/prompt", {"prompt": graph})
        time.sleep(0.3)
        worker = program.get("/api/v1/health")["worker"]
        assert worker["jobs"], "the job was over before its worker could be killed"
        began = time.monotonic()
        os.kill(worker["pid"], signal.SIGKILL)
        while (now := program.get("/api/v1/health")["worker"])["pid"] == worker["pid"] or not now["jobs"]:
            time.sleep(0.01)
        ready = time.monotonic() - began
        while not program.get(f"/history/{answer['prompt_id']}"):
            time.sleep(0.01)
        return ready, time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(rounds(Path(folder), options.rounds, options.clients))
    ready, done = again()
    print(f"real worker killed in mid-job: next job starts after {ready:.1f} s, done after {done:.1f} s")


if __name__ == "__main__":
    main()
