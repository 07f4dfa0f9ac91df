"""What a node costs through the API, with every message of the WebSocket received and parsed.

    python -m benchmarks.stream [--nodes 10000] [--runs 5] [--clients 1000]

A chain of trivial nodes goes to a server with a worker process, both started here; the time is from sending
the request to the last message of the run, and CPU is that of client, server and worker together, in
microseconds a node. Then many clients hang on the server that never read.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
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
    cpu_seconds: float
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
    from server.worker.host import Host, serve

    return serve(Host(Registry([start, add, show]), Folders.at(base), MemoryCache(2**30)))


@contextmanager
def server(base: Path) -> Generator[tuple[str, int]]:
    """A server; gives its address and process id."""
    command = [sys.executable, "-m", "benchmarks.stream", "--serve", str(base)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        url = next(match[1] for line in process.stderr if (match := _LISTENS.search(line)))
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(20)


class Measurement:
    """A client of a server, both of which are watched."""

    def __init__(self, http: ClientSession, pid: int) -> None:
        self._http = http
        self._server = psutil.Process(pid)

    def cpu(self) -> float:
        """Seconds that server, worker and client have computed so far."""
        processes = [psutil.Process(), self._server, *self._server.children(recursive=True)]
        times = [process.cpu_times() for process in processes]
        return sum(one.user + one.system for one in times)

    async def follow(self, socket: ClientWebSocketResponse, sid: str, graph: Any) -> Heard:
        """Submit a graph and hear everything up to its end."""
        body = json.dumps({"prompt": graph, "client_id": sid}).encode()
        cpu, began = self.cpu(), time.perf_counter()
        async with self._http.post("/prompt", data=body) as response:
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
                return Heard(time.perf_counter() - began, self.cpu() - cpu, count, size)


def report(name: str, heard: list[Heard], nodes: int) -> None:
    """The best run."""
    best = min(heard, key=lambda one: one.seconds)
    per_node, size = 1e6 * best.seconds / nodes, best.bytes / nodes
    cpu = 1e6 * min(one.cpu_seconds for one in heard) / nodes
    print(f"{name:28} {best.seconds:8.3f} {per_node:9.1f} {cpu:8.1f} {best.messages:9} {size:13.0f}")


async def chains(url: str, pid: int, nodes: int, runs: int) -> None:
    """Cold, unchanged, and half and double the size."""
    print(f"{'':28} {'seconds':>8} {'µs a node':>9} {'CPU':>8} {'messages':>9} {'bytes a node':>13}")
    async with ClientSession(url, timeout=ClientTimeout(total=300)) as http:
        messages = await http.ws_connect("/ws?clientId=bench", max_msg_size=0)
        measurement, firsts = Measurement(http, pid), iter(range(10**9, 10**12, 10**6))

        async def cold(length: int) -> Heard:
            return await measurement.follow(messages, "bench", ladder(length, rungs=1, first=next(firsts)))

        await cold(10)
        for length in (nodes // 2, nodes, 2 * nodes):
            report(f"chain of {length}, cold", [await cold(length) for _ in range(runs)], length)
        chain = ladder(nodes, rungs=1)
        await measurement.follow(messages, "bench", chain)
        again = [await measurement.follow(messages, "bench", chain) for _ in range(runs)]
        report(f"chain of {nodes}, unchanged", again, nodes)


def silent_socket(port: int, sid: str) -> socket.socket:
    """A client that never reads."""
    one = socket.create_connection(("127.0.0.1", port))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    key = base64.b64encode(os.urandom(16)).decode()
    head = f"GET /ws?clientId={sid} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    rest = f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    one.sendall((head + rest).encode())
    return one


async def crowd(url: str, pid: int, clients: int) -> None:
    """A run beside many sockets that never read: of other sessions, then all of the session that submits."""
    port = int(url.rsplit(":", 1)[1].rstrip("/"))
    async with ClientSession(url, timeout=ClientTimeout(total=300)) as http:
        reader, measurement = (
            await http.ws_connect("/ws?clientId=bench", max_msg_size=0),
            Measurement(http, pid),
        )
        firsts = iter(range(-(10**9), 0, 10**6))

        async def best(name: str) -> None:
            graphs = [ladder(100, rungs=1, first=next(firsts)) for _ in range(5)]
            heard = [await measurement.follow(reader, "bench", graph) for graph in graphs]
            print(f"chain of 100, {name:34} {1e3 * min(one.seconds for one in heard):8.1f} ms")

        await best("alone")
        strangers = [silent_socket(port, f"stranger{i}") for i in range(clients)]
        await best(f"beside {clients} silent clients")
        twins = [silent_socket(port, "bench") for _ in range(clients // 20)]
        await best(f"and {clients // 20} of the same session")
        for one in (*strangers, *twins):
            one.close()


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
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as (url, pid):
        asyncio.run(chains(url, pid, options.nodes, options.runs))
        asyncio.run(crowd(url, pid, options.clients))


if __name__ == "__main__":
    main()
