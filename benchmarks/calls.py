"""Calling a workflow by name, beside queueing the same prompt: what looking it up and binding values adds.

    python -m benchmarks.calls [--calls 200]

A server process and a worker with toy nodes, on disk, the queue paused so that nothing runs beside. The two
kinds of request take turns, one at a time; the seed differs each time. Times are as a client on this machine
sees them. The small workflow is text to image; the large one has 1,000 more nodes.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import tempfile
import time
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from benchmarks.queue import percentile, report
from tests.server.conftest import ToyServer, connect, drained, finished, get, picture, post, text

INPUTS: list[dict[str, Any]] = [
    {"name": "prompt", "type": "STRING", "targets": [{"node": "6", "input": "text"}]},
    {"name": "seed", "type": "INT", "targets": [{"node": "3", "input": "seed"}]},
    {"name": "steps", "type": "INT", "targets": [{"node": "3", "input": "steps"}]},
]
OUTPUTS = [{"name": "image", "type": "IMAGE", "source": {"node": "8", "slot": 0}}]


def document(more: int = 0) -> dict[str, Any]:
    """Text to image as a function, with as many more nodes."""
    nodes = {str(number): text(f"{number}", number)["1"] for number in range(100, 100 + more)}
    declaration = {"inputs": INPUTS, "outputs": OUTPUTS}
    return {"prompt": {**picture(), **nodes}, "extra": {"darkroom": {"function": declaration}}}


async def publish(http: ClientSession, name: str, content: dict[str, Any]) -> None:
    """Keep a workflow and release it."""
    await post(http, "/api/v1/workflows", {"name": name, "document": content})
    await post(http, f"/api/v1/workflows/{name}/releases", {"number": "1.0.0"})


async def timed(http: ClientSession, path: str, body: dict[str, Any], status: int) -> float:
    """Seconds until a request is answered."""
    began = time.perf_counter()
    async with http.post(path, json=body) as response:
        await response.read()
        assert response.status == status, await response.text()
    return time.perf_counter() - began


async def compare(http: ClientSession, name: str, count: int) -> None:
    """Queue the same prompt by name and as it is, in turn."""
    async with http.post(f"/api/v1/workflows/{name}/run", json={"seed": 1}) as response:
        run_id = (await response.json())["run_id"]
    await finished(http, run_id)
    run = await get(http, f"/api/v1/runs/{run_id}")
    await post(http, "/api/v1/queue/pause")
    named: list[float] = []
    plain: list[float] = []
    for seed in range(count):
        named.append(await timed(http, f"/api/v1/workflows/{name}/run", {"seed": 1000 + seed}, 202))
        prompt = copy.deepcopy(run["prompt"])
        prompt["3"]["inputs"]["seed"] = 5000 + seed
        plain.append(await timed(http, "/api/v1/runs", {"prompt": prompt, "targets": run["targets"]}, 200))
    report(f"{name}: POST /api/v1/runs of the prompt", plain)
    report(f"{name}: the same by name", named)
    print(
        f"{f'{name}: by name adds':46} p50 {percentile(named, 0.5) - percentile(plain, 0.5):7.1f} ms",
        flush=True,
    )
    await post(http, "/queue", {"clear": True})
    await post(http, "/api/v1/queue/resume")
    await drained(http)


async def measure(base: Path, count: int) -> None:
    """Both workflows on one server."""
    server = ToyServer(base).wait()
    try:
        async with connect(server.url) as http:
            for name, more in (("small", 0), ("large", 1000)):
                await publish(http, name, document(more))
                await compare(http, name, count)
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=200)
    count = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), count))


if __name__ == "__main__":
    main()
