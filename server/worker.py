"""The worker's side: runs jobs one after the other and reports every event. The registry is handed in.

Frames travel on the real standard output, which is put out of everybody's reach first: what a node prints
goes to standard error.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from engine import events
from engine.cache import Cache
from engine.context import Cancellation, JobExtra, RunOptions
from engine.drive import Guard
from engine.driver import run
from engine.folders import Folders
from engine.invoke import Describe, describe
from engine.lanes import Lanes
from engine.problems import Problem
from engine.registry import Registry
from engine.relay import Emit
from engine.types import NodeId
from engine.validate import Validation, validate
from server.frames import Frame, FrameError, read_frame_blocking

Json = dict[str, Any]
log = logging.getLogger("darkroom.worker")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Host:
    """What `main.py` gives the worker: nodes, folders, shared objects, and how to give memory back.

    Args:
        free: Called between jobs once the cache, which holds the models too, is empty.
        info: Facts for `/system_stats`: `devices`, `pytorch_version`.
        guard: Entered around every call of a node, as `engine.driver.run` takes it.
        describe: Short form of values in error reports, likewise.
    """

    registry: Registry
    folders: Folders
    cache: Cache
    resources: Mapping[type, object] = field(default_factory=dict[type, object])
    free: Callable[[], None] | None = None
    info: Callable[[], Json] | None = None
    guard: Guard = nullcontext
    describe: Describe = describe


def serve(host: Host) -> int:
    """Speak frames on the standard streams until the server is gone, which ends this process."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to handle
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return asyncio.run(_Worker(host, outgoing).main(incoming))


class _Worker:
    def __init__(self, host: Host, out: BinaryIO) -> None:
        self._host = host
        self._out = out
        self._write_lock = threading.Lock()
        self._inbox: asyncio.Queue[Json] = asyncio.Queue()
        self._cancellations: dict[str, Cancellation] = {}
        self._lanes = Lanes()

    async def main(self, incoming: BinaryIO) -> int:
        loop = asyncio.get_running_loop()
        reader = threading.Thread(target=self._read, args=(incoming, loop), name="frames", daemon=True)
        self._send(
            {"type": "hello", "specs": [s.to_json() for s in self._host.registry], "info": self._info()}
        )
        reader.start()
        while True:
            message = await self._inbox.get()
            match message["type"]:
                case "submit":
                    await self._run(message)
                case "free":
                    self._free()
                case _:
                    pass

    def _read(self, incoming: BinaryIO, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(FrameError):
            while (frame := read_frame_blocking(incoming)) is not None:
                loop.call_soon_threadsafe(self._receive, frame.message)
        os._exit(0)  # the server is gone: nothing here is wanted any more, not even a node that is running

    def _receive(self, message: Json) -> None:
        match message["type"]:
            case "cancel":
                if (cancellation := self._cancellations.get(message["job_id"])) is not None:
                    cancellation.cancel()
            case "ping":
                self._send({"type": "pong"})
            case "validate":
                self._answer(message)
            case "submit":
                self._cancellations[message["job_id"]] = Cancellation()
                self._inbox.put_nowait(message)
            case _:
                self._inbox.put_nowait(message)

    async def _run(self, message: Json) -> None:
        job_id = message["job_id"]
        done: Json = {"type": "done", "job_id": job_id}
        try:
            await self._execute(message, self._cancellations[job_id])
        except Exception as error:  # a fault outside any node fails this job, never the worker
            log.exception("job %s failed outside its nodes", job_id)
            done["error"] = {"type": type(error).__name__, "message": str(error)}
        finally:
            del self._cancellations[job_id]
        self._send({**done, "info": self._info()})

    async def _execute(self, message: Json, cancel: Cancellation) -> None:
        targets = message["targets"]
        checked = validate(message["graph"], self._host.registry, self._host.folders, targets=targets)
        emit = no_longer_valid(message["job_id"], checked, self._emit)
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
            extra=JobExtra(message.get("extra_pnginfo"), RunOptions(**message.get("options", {}))),
            targets=checked.good_targets,
            lanes=self._lanes,
            guard=self._host.guard,
            describe=self._host.describe,
        )

    def _answer(self, message: Json) -> None:
        checked = validate(
            message["graph"], self._host.registry, self._host.folders, targets=message["targets"]
        )
        error, node_errors = checked.response()
        answer = {"error": error, "node_errors": node_errors, "targets": list(checked.good_targets)}
        self._send({"type": "answer", "question": message["question"], **answer})

    def _free(self) -> None:
        self._host.cache.clear()
        if self._host.free is not None:
            self._host.free()
        self._send({"type": "info", "info": self._info()})

    def _info(self) -> Json:
        return self._host.info() if self._host.info is not None else {}

    def _emit(self, event: events.Event) -> None:
        self._send({"type": "event", "event": events.to_json(event)}, events.blob(event))

    def _send(self, message: Json, blob: bytes = b"") -> None:
        data = Frame(message, blob).encode()
        with self._write_lock:
            self._out.write(data)
            self._out.flush()


def no_longer_valid(job_id: str, checked: Validation, emit: Emit) -> Emit:
    """`emit` of a run some outputs of which became bad while it waited: each problem is a failed node, told
    at the start, and the run ends as failed though the good outputs run.
    """
    if not checked.problems:
        return emit

    def told(event: events.Event) -> None:
        if isinstance(event, events.RunStarted):
            emit(event)
            for index, problem in enumerate(checked.problems, event.seq + 1):
                emit(events.NodeFailed(job_id=job_id, seq=index, error=_node_error(problem, checked)))
            return
        if isinstance(event, events.RunFinished) and event.status == "success":
            event = replace(event, status="error")
        emit(replace(event, seq=event.seq + len(checked.problems)))

    return told


def _node_error(problem: Problem, checked: Validation) -> events.NodeError:
    node = problem.node or NodeId("")
    details = f": {problem.details}" if problem.details else ""
    again = "This was right when the job was queued; undo the change or correct it, and queue the job again."
    return events.NodeError(
        node_id=node,
        class_type=checked.classes.get(node) or "",
        exception_type=problem.code,
        message=f"{problem.message}{details}",
        inputs={problem.input: problem.extra.get("received_value")} if problem.input else {},
        suggestion=" ".join(filter(None, (problem.extra.get("suggestion"), again))),
    )


def _die_with_parent() -> None:
    """On Linux, have the kernel end this process with the server, even while native code holds the
    interpreter.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
