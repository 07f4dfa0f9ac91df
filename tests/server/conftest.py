"""A real server process with a real worker process, and a client for each test."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds to wait for what must come: long, for the machine may be busy with other things."""
START = re.compile(r"To see the GUI go to: (http://\S+)")


class ToyServer:
    """One server process. `url` is known as soon as it listens; `log` is what it wrote so far."""

    def __init__(self, base: Path, **options: Any) -> None:
        checkpoints = base / "models" / "checkpoints"
        checkpoints.mkdir(parents=True, exist_ok=True)
        (checkpoints / "toy.safetensors").touch()
        self.base = base
        self.started = time.monotonic()
        arguments = [f"{name}={json.dumps(value)}" for name, value in options.items()]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.toy_server", str(base), *arguments],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._said = threading.Event()
        self.url = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if match := START.search(line):
                self.url = match.group(1)
                self._said.set()
        self._said.set()

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def wait(self) -> ToyServer:
        assert self._said.wait(PATIENCE) and self.url, self.log
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(5)
        return code


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyServer]:
    server = ToyServer(tmp_path_factory.mktemp("toy")).wait()
    yield server
    server.stop()


@pytest.fixture
async def http(toy: ToyServer) -> AsyncIterator[ClientSession]:
    async with connect(toy.url) as session:
        yield session


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Any]:
    """Starts servers over one folder; whatever still runs at the end is stopped."""
    started: list[ToyServer] = []

    def start(**options: Any) -> ToyServer:
        started.append(ToyServer(tmp_path, **options))
        return started[-1]

    yield start
    for server in started:
        server.stop(signal.SIGKILL)


def connect(url: str) -> ClientSession:
    """A session whose relative URLs start at `url`."""
    return ClientSession(url, timeout=ClientTimeout(total=PATIENCE))


def text(value: str = "hello", seed: int = 0) -> dict[str, Any]:
    """A graph of one output node that does nothing."""
    return {"1": {"class_type": "Text", "inputs": {"value": value, "seed": seed}}}


def sleep(seconds: float, seed: int = 0) -> dict[str, Any]:
    """A graph that takes a while and can be interrupted."""
    return {"1": {"class_type": "Sleep", "inputs": {"seconds": seconds, "seed": seed}}}


def misbehave(how: str, once: str = "", seed: int = 0) -> dict[str, Any]:
    """A graph that goes wrong."""
    return {"1": {"class_type": "Misbehave", "inputs": {"how": how, "once": once, "seed": seed}}}


def picture(seed: int = 0, steps: int = 2, prefix: str = "toy") -> dict[str, Any]:
    """The text-to-image graph with toy nodes."""
    sampler = {
        "seed": seed,
        "steps": steps,
        "cfg": 7.5,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1.0,
        "model": ["4", 0],
        "positive": ["6", 0],
        "negative": ["7", 0],
        "latent_image": ["5", 0],
    }
    return {
        "3": {"class_type": "KSampler", "inputs": sampler, "_meta": {"title": "KSampler"}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "toy.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 48, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {
            "class_type": "SaveImage",
            "inputs": {"filename_prefix": prefix, "images": ["8", 0]},
            "_meta": {"title": "Save Image"},
        },
    }


async def submit(http: ClientSession, graph: Any, **fields: Any) -> dict[str, Any]:
    """POST /prompt that must be accepted."""
    async with http.post("/prompt", json={"prompt": graph, **fields}) as response:
        body = await response.json()
        assert response.status == 200, body
        return body


async def finished(http: ClientSession, prompt_id: str, seconds: float = PATIENCE) -> dict[str, Any]:
    """The history entry of a job, waited for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        async with http.get(f"/history/{prompt_id}") as response:
            found = await response.json()
        if found:
            return found[prompt_id]
        await asyncio.sleep(0.02)
    raise AssertionError(f"job {prompt_id} did not finish within {seconds} s")


async def run(http: ClientSession, graph: Any, **fields: Any) -> dict[str, Any]:
    """Submit a graph and wait for its history entry."""
    return await finished(http, (await submit(http, graph, **fields))["prompt_id"])


async def messages(socket: ClientWebSocketResponse, prompt_id: str) -> list[Any]:
    """Everything on a socket up to the end marker of a run: JSON as objects, frames as bytes."""
    found: list[Any] = []
    async with asyncio.timeout(PATIENCE):
        while True:
            message = await socket.receive()
            if message.type is WSMsgType.BINARY:
                found.append(message.data)
                continue
            assert message.type is WSMsgType.TEXT, message
            found.append(json.loads(message.data))
            data = found[-1]["data"]
            if found[-1]["type"] == "executing" and data["node"] is None and data["prompt_id"] == prompt_id:
                return found


async def queued(http: ClientSession) -> set[str]:
    """The jobs that wait or run."""
    async with http.get("/queue") as response:
        queue = await response.json()
    return {item[1] for part in queue.values() for item in part}


async def running(http: ClientSession, prompt_id: str) -> None:
    """Wait until the job runs."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.get("/queue") as response:
                if any(item[1] == prompt_id for item in (await response.json())["queue_running"]):
                    return
            await asyncio.sleep(0.02)


async def until_started(http: ClientSession, prompt_id: str, times: int = 1) -> None:
    """Wait until the job's node has started so often: its worker has it, too."""
    async with asyncio.timeout(PATIENCE):
        while [event["type"] for event in await events(http, prompt_id)].count("node_started") < times:
            await asyncio.sleep(0.02)


async def events(http: ClientSession, prompt_id: str) -> list[dict[str, Any]]:
    """What is known so far of a job's run."""
    return (await get(http, f"/api/v1/jobs/{prompt_id}/events"))["events"]


async def worker_pid(http: ClientSession) -> int:
    """The process id of the first worker, waited for."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.get("/api/v1/health") as response:
                if pid := (await response.json())["worker"]["pid"]:
                    return int(pid)
            await asyncio.sleep(0.02)


async def get(http: ClientSession, path: str, expected: int = 200, **params: Any) -> Any:
    """GET that must be answered with the status expected."""
    async with http.get(path, params=params) as response:
        assert response.status == expected, await response.text()
        return await response.json()


async def post(http: ClientSession, path: str, body: Any = None, status: int = 200) -> bytes:
    """POST likewise."""
    async with http.post(path, json=body) as response:
        assert response.status == status, await response.text()
        return await response.read()


async def drained(http: ClientSession, seconds: float = PATIENCE) -> None:
    """Wait until nothing waits or runs."""
    async with asyncio.timeout(seconds):
        while (await get(http, "/prompt"))["exec_info"]["queue_remaining"]:
            await asyncio.sleep(0.02)


def failure(entry: dict[str, Any]) -> dict[str, Any]:
    """The data of the error a history entry ends with."""
    kind, data = entry["status"]["messages"][-1]
    assert kind == "execution_error", entry["status"]
    return data


def saving(sample: float, save: float, seed: int) -> dict[str, Any]:
    """A graph that occupies the device first and then saves without it."""
    return {
        "1": {"class_type": "Sample", "inputs": {"seconds": sample, "seed": seed}},
        "2": {"class_type": "Save", "inputs": {"after": ["1", 0], "seconds": save, "seed": seed}},
    }
