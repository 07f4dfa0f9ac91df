"""The worker's side: runs jobs and reports every event. The registry is handed in.

Jobs may overlap: the server sends the next one as soon as it hears that the device is free.

Frames travel on the real standard output, which is put out of everybody's reach first: what a node prints
goes to standard error.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from engine import events
from engine.cache import Cache
from engine.context import Cancellation, JobExtra, RunOptions
from engine.drive import Guard
from engine.driver import run
from engine.explain import explain
from engine.flights import Flights
from engine.folders import Folders
from engine.invoke import Describe, describe
from engine.journal import Journal
from engine.lanes import Lanes
from engine.registry import Registry
from engine.task import Meter
from engine.validate import Validation, trust, validate
from server.frames import Frame, FrameError, read_frame_blocking
from server.garbage import Sweeper, look_rarely
from server.worker.extension import Extension
from server.worker.late_problems import no_longer_valid
from server.worker.limits import die_with_parent, go_first
from server.worker.outbox import Outbox
from server.worker.outlet import Outlet

Json = dict[str, Any]
log = logging.getLogger("darkroom.worker")
_SWEEP_AFTER = 0.05
_BROKEN = 70
"""Exit status after a fault of the worker itself."""
_LAST_WRITES = 1.0
"""Seconds for what is being written when the server has gone."""


@dataclass(frozen=True)
class Host:
    """What `main.py` gives the worker: nodes, folders, shared objects, and how to give memory back.

    Args:
        free: Called between jobs once the cache, which holds the models too, is empty.
        info: Facts for `/system_stats`: `devices`, `pytorch_version`.
        environment: What besides graphs and files decides bits; see `workflows.provenance.environment`.
        guard: Entered around every call of a node, as `engine.driver.run` takes it.
        meter: Entered around every node of the device lane, likewise.
        describe: Short form of values in error reports, likewise.
        extension: Packs, if there are any.
        journal: Remembers what ran, for `engine.explain` and the reasons in events.
        outlet: What everything that leaves passes, if there is a policy on pictures.
    """

    registry: Registry
    folders: Folders
    cache: Cache
    resources: Mapping[type, object] = field(default_factory=dict[type, object])
    free: Callable[[], None] | None = None
    info: Callable[[], Json] | None = None
    environment: Json = field(default_factory=dict[str, Any])
    guard: Guard = nullcontext
    meter: Meter | None = None
    describe: Describe = describe
    extension: Extension | None = None
    journal: Journal = field(default_factory=Journal)
    outlet: Outlet | None = None


def serve(host: Host) -> int:
    """Speak frames on the standard streams until the server is gone, which ends this process."""
    die_with_parent()
    go_first()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to handle
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    look_rarely()
    return asyncio.run(_Worker(host, outgoing).main(incoming))


class _Worker:
    def __init__(self, host: Host, out: BinaryIO) -> None:
        self._host = host
        self._out = out
        self._write_lock = threading.Lock()
        self._outbox = Outbox(self._send)
        self._inbox: asyncio.Queue[Json] = asyncio.Queue()
        self._cancellations: dict[str, Cancellation] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._lanes = Lanes()
        self._sweeper = Sweeper()
        self._flights = Flights()

    async def main(self, incoming: BinaryIO) -> int:
        loop = asyncio.get_running_loop()
        reader = threading.Thread(target=self._read, args=(incoming, loop), name="frames", daemon=True)
        self._send(self._hello())
        reader.start()
        while True:
            message = await self._inbox.get()
            match message["type"]:
                case "submit":
                    self._begin(self._run(message))
                case "validate":
                    self._begin(self._answer(message))
                case "plan":
                    self._begin(self._plan(message))
                case "specs" | "rewrite":
                    self._begin(self._ask_packs(message))
                case "judge":
                    self._begin(self._judge(message))
                case "free":
                    if self._jobs:  # what comes after it waits as well
                        await asyncio.wait(self._jobs)
                    self._free()
                case _:
                    pass

    def _hello(self) -> Json:
        extension = self._host.extension
        if extension is not None:
            extension.connect(self._send_for_packs)
        if self._host.outlet is not None:
            self._host.outlet.on_verdict = self._tell_verdict
        packs = None if extension is None else extension.announce()
        greeting: Json = {"type": "hello", "specs": self._specs(), "info": self._info(), "packs": packs}
        return {**greeting, "environment": self._host.environment}

    def _specs(self) -> list[Json]:
        return [spec.to_json() for spec in self._host.registry]

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The server waits for an answer that cannot be given: the end of this process tells it so.
            log.error("the worker cannot go on", exc_info=error)
            os._exit(_BROKEN)

    def _read(self, incoming: BinaryIO, loop: asyncio.AbstractEventLoop) -> None:
        status = _BROKEN
        try:
            with contextlib.suppress(FrameError):
                while (frame := read_frame_blocking(incoming)) is not None:
                    loop.call_soon_threadsafe(self._receive, frame.message)
                status = 0
        finally:
            # The server is gone, or out of hearing: nothing here is wanted any more, not even a running node,
            # but for results on their way to the disk.
            try:
                self._host.cache.close(_LAST_WRITES)
            finally:
                os._exit(status)

    def _receive(self, message: Json) -> None:
        match message["type"]:
            case "cancel":
                if (cancellation := self._cancellations.get(message["job_id"])) is not None:
                    cancellation.cancel()
            case "ping":
                self._send({"type": "pong"})
            case "submit":
                self._cancellations[message["job_id"]] = Cancellation()
                self._inbox.put_nowait(message)
            case _:
                self._inbox.put_nowait(message)

    async def _run(self, message: Json) -> None:
        job_id = message["job_id"]
        done: Json = {"type": "done", "job_id": job_id}
        try:
            if self._host.extension is not None:
                self._host.extension.begin(job_id, message["graph"], message.get("client_id"))
            await self._execute(message, self._cancellations[job_id])
        except Exception as error:  # a fault outside any node fails this job, never the worker
            log.exception("job %s failed outside its nodes", job_id)
            done["error"] = {"type": type(error).__name__, "message": str(error)}
        finally:
            del self._cancellations[job_id]
            if self._host.extension is not None:
                self._host.extension.end(job_id)
        self._outbox.flush()
        self._send({**done, "info": self._info()})
        # A moment later: the threads that ran the last nodes may still be on their way home.
        asyncio.get_running_loop().call_later(_SWEEP_AFTER, self._sweeper.look)
        await asyncio.to_thread(self._host.journal.save)

    async def _execute(self, message: Json, cancel: Cancellation) -> None:
        checked = (await self._trusted(message) if message.get("fresh") else None) or await self._check(
            message
        )
        emit = no_longer_valid(message["job_id"], checked, self._add)
        if checked.graph is None:
            if checked.error is not None and not checked.problems:
                raise ValueError(f"the graph is no longer valid: {checked.error.message}")
            emit(events.RunStarted(job_id=message["job_id"], seq=1, nodes=0))
            emit(events.RunFinished(job_id=message["job_id"], seq=2, status="error", seconds=0.0))
            return
        await run(
            checked.graph,
            self._host.registry,
            self._host.cache,
            job_id=message["job_id"],
            emit=emit,
            cancel=cancel,
            resources=self._host.resources,
            folders=self._host.folders,
            extra=JobExtra(
                message.get("extra_pnginfo"),
                RunOptions(**message.get("options", {})),
                message.get("secrets", {}),
                message.get("client_id"),
            ),
            targets=checked.good_targets,
            lanes=self._lanes,
            guard=self._host.guard,
            meter=self._host.meter,
            describe=self._host.describe,
            flights=self._flights,
            journal=self._host.journal,
            handed_over=lambda: self._send({"type": "handed_over", "job_id": message["job_id"]}),
        )

    async def _trusted(self, message: Json) -> Validation | None:
        """The graph of a job checked when it came in, just now; None if another look may see more."""
        return await asyncio.to_thread(trust, message["graph"], self._host.registry, message["targets"])

    async def _check(self, message: Json) -> Validation:
        """Validate on a thread: the nodes' own checks may take their time."""
        registry, folders = self._host.registry, self._host.folders
        if self._host.extension is not None:
            await asyncio.to_thread(self._host.extension.renew, message["graph"])
        return await asyncio.to_thread(
            validate, message["graph"], registry, folders, targets=message["targets"]
        )

    async def _answer(self, message: Json) -> None:
        checked = await self._check(message)
        error, node_errors = checked.response()
        answer = {"error": error, "node_errors": node_errors, "targets": list(checked.good_targets)}
        self._send({"type": "answer", "question": message["question"], **answer})

    async def _plan(self, message: Json) -> None:
        """What running the graph now would do."""
        checked = await self._check(message)
        error, node_errors = checked.response()
        answer: Json = {"error": error, "node_errors": node_errors}
        if checked.graph is not None:
            host, graph, targets = self._host, checked.graph, checked.good_targets
            found = await asyncio.to_thread(
                explain, graph, host.registry, host.cache, host.folders, self._host.journal, targets
            )
            answer["plan"] = found.to_json()
        self._send({"type": "answer", "question": message["question"], **answer})

    async def _ask_packs(self, message: Json) -> None:
        """What changes while packs run: the inputs they declare, and what they make of a request."""
        extension = self._host.extension
        answer: Json = {}
        if message["type"] == "rewrite" and extension is not None:
            answer = {"request": await asyncio.to_thread(extension.rewrite, message["request"])}
        elif extension is not None:
            await asyncio.to_thread(extension.renew)
            answer = {"specs": self._specs()}
        self._send({"type": "answer", "question": message["question"], **answer})

    async def _judge(self, message: Json) -> None:
        """What is in a file the server is asked for. Without a policy nobody can say, and nothing is said."""
        if self._host.outlet is not None:
            found = await asyncio.to_thread(self._host.outlet.judge, Path(message["path"]))
            self._send({"type": "answer", "question": message["question"], **found})

    def _tell_verdict(self, digest: str, finding: str) -> None:
        self._send({"type": "verdict", "digest": digest, "finding": finding})

    def _add(self, event: events.Event) -> None:
        self._outbox.add(event if self._host.outlet is None else self._host.outlet.event(event))

    def _send_for_packs(self, message: Json, blob: bytes) -> None:
        passed = (message, blob) if self._host.outlet is None else self._host.outlet.message(message, blob)
        if passed is not None:
            self._send(*passed)

    def _free(self) -> None:
        self._host.cache.clear()
        if self._host.extension is not None:
            self._host.extension.free()
        if self._host.free is not None:
            self._host.free()
        self._send({"type": "info", "info": self._info()})

    def _info(self) -> Json:
        return self._host.info() if self._host.info is not None else {}

    def _send(self, message: Json, blob: bytes = b"") -> None:
        data = Frame(message, blob).encode()
        with self._write_lock:
            self._out.write(data)
            self._out.flush()
