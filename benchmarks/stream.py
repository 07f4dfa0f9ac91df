"""What a node costs through the API, with every message of the WebSocket received and parsed.

    python -m benchmarks.stream [--nodes 10000] [--runs 5] [--clients 1000]

A chain of trivial nodes goes to a server with a worker process, both started here; the time is from sending
the request to the last message of the run. Then many clients hang on the server, most of which never read.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType

from benchmarks.engine import Number, ladder, show, start
from engine.node import node

ROOT = Path(__file__).parents[1]
_LISTENS = re.compile(r"To see the GUI go to: (http://\S+)")


@node("Add", category="benchmark")
def add(a: Number, b: Number) -> int:
    """The sum; chains that start far apart have no value in common, and so nothing in the cache."""
    return a + b


@dataclass(frozen=True)
class Heard:
    """A run as a client saw it."""

    seconds: float
    messages: int
    bytes: int


def serve_here(base: Path) -> int:
    """The server process."""
    from engine.folders import Folders
    from server.serving import serve
    from server.settings import Settings

    worker = (sys.executable, "-m", "benchmarks.stream", "--work", str(base))
    return serve(Settings(folders=Folders.at(base), worker_command=worker, port=0))


def work_here(base: Path) -> int:
    """The worker process."""
    from engine.cache import MemoryCache
    from engine.folders import Folders
    from engine.registry import Registry
    from server.worker import Host, serve

    return serve(Host(Registry([start, add, show]), Folders.at(base), MemoryCache(2**30)))


@contextmanager
def server(base: Path) -> Iterator[str]:
    """A server; gives its address."""
    command = [sys.executable, "-m", "benchmarks.stream", "--serve", str(base)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield next(match[1] for line in process.stderr if (match := _LISTENS.search(line)))
    finally:
        process.terminate()
        process.wait(20)


async def follow(http: ClientSession, socket: ClientWebSocketResponse, sid: str, graph: Any) -> Heard:
    """Submit a graph and hear everything up to its end."""
    body = json.dumps({"prompt": graph, "client_id": sid}).encode()
    began = time.perf_counter()
    async with http.post("/prompt", data=body) as response:
        assert response.status == 200, await response.text()
        prompt_id = (await response.json())["prompt_id"]
    count = size = 0
    while True:
        message = await socket.receive()
        assert message.type is WSMsgType.TEXT, message
        count, size = count + 1, size + len(message.data)
        data = json.loads(message.data)
        if data["type"] == "execution_error":
            raise AssertionError(data)
        if data["type"] == "executing" and data["data"] == {"node": None, "prompt_id": prompt_id}:
            return Heard(time.perf_counter() - began, count, size)


def report(name: str, heard: list[Heard], nodes: int) -> None:
    """The best run."""
    best = min(heard, key=lambda one: one.seconds)
    per_node, size = 1e6 * best.seconds / nodes, best.bytes / nodes
    print(f"{name:28} {best.seconds:8.3f} {per_node:9.1f} {best.messages:9} {size:13.0f}")


async def chains(url: str, nodes: int, runs: int) -> None:
    """Cold, unchanged, and half and double the size."""
    print(f"{'':28} {'seconds':>8} {'µs a node':>9} {'messages':>9} {'bytes a node':>13}")
    async with ClientSession(url, timeout=ClientTimeout(total=300)) as http:
        socket = await http.ws_connect("/ws?clientId=bench", max_msg_size=0)
        firsts = iter(range(10**9, 10**12, 10**6))

        async def cold(length: int) -> Heard:
            return await follow(http, socket, "bench", ladder(length, rungs=1, first=next(firsts)))

        await cold(10)
        for length in (nodes // 2, nodes, 2 * nodes):
            report(f"chain of {length}, cold", [await cold(length) for _ in range(runs)], length)
        chain = ladder(nodes, rungs=1)
        await follow(http, socket, "bench", chain)
        again = [await follow(http, socket, "bench", chain) for _ in range(runs)]
        report(f"chain of {nodes}, unchanged", again, nodes)


async def silent_socket(port: int) -> asyncio.StreamWriter:
    """A client of the session that submits, which never reads."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**12)
    key = base64.b64encode(os.urandom(16)).decode()
    head = f"GET /ws?clientId=bench HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    writer.write(
        f"{head}Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    await writer.drain()
    reader._transport.pause_reading()  # pyright: ignore
    return writer


async def crowd(url: str, clients: int) -> None:
    """A run watched by many sockets of which one reads."""
    port = int(url.rsplit(":", 1)[1].rstrip("/"))
    async with ClientSession(url, timeout=ClientTimeout(total=300)) as http:
        socket = await http.ws_connect("/ws?clientId=bench", max_msg_size=0)
        alone = await follow(http, socket, "bench", ladder(100, rungs=1, first=-1000))
        stalled = [await silent_socket(port) for _ in range(clients)]
        heard = await follow(http, socket, "bench", ladder(100, rungs=1, first=-2000))
        for writer in stalled:
            writer.close()
    print(
        f"chain of 100: {1e3 * alone.seconds:.0f} ms alone, "
        f"{1e3 * heard.seconds:.0f} ms beside {clients} clients that never read"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve or options.work:
        sys.exit(serve_here(options.serve) if options.serve else work_here(options.work))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8 * options.clients)), hard))
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        asyncio.run(chains(url, options.nodes, options.runs))
        asyncio.run(crowd(url, options.clients))


if __name__ == "__main__":
    main()
