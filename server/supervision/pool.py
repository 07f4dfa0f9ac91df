"""All workers: how many there are, what they are like together, and which of them gets a job."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Any

from engine.events import Event
from engine.keys import Key
from engine.types import NodeId
from server.frames import Frame
from server.jobs.records import Json
from server.observe.logs import LogBook
from server.settings import Settings
from server.supervision.affinity import Affinity
from server.supervision.supervisor import Supervisor

_STATES = ("busy", "ready", "silent", "starting", "failed")


class Pool:
    """One worker at first; the others start once it has said how many devices there are.

    `on_change` is called when a worker may have become able to take a job, or unable.
    """

    def __init__(
        self,
        settings: Settings,
        on_specs: Callable[[list[Json]], None],
        on_info: Callable[[Json], None],
        book: LogBook,
    ) -> None:
        self._settings = settings
        self._on_specs = on_specs
        self._on_info = on_info
        self._book = book
        self._infos: dict[int, Json] = {}
        self._affinity = Affinity()
        self._known = asyncio.Event()
        self.on_change: Callable[[], None] = lambda: None
        self.on_message: Callable[[Frame], None] = lambda frame: None
        self.workers: list[Supervisor] = [self._worker(0, ())]

    @property
    def failed(self) -> asyncio.Event:
        """Set while the first worker cannot start."""
        return self.workers[0].failed

    @property
    def last_error(self) -> str | None:
        """What was last wrong with a worker that is not well now."""
        return next((worker.last_error for worker in self.workers if worker.last_error), None)

    @property
    def state(self) -> str:
        """The best of the workers' states: jobs can run if one worker can run them."""
        return min((worker.state for worker in self.workers), key=_STATES.index)

    @property
    def restarts(self) -> int:
        """How often workers were started again, all together."""
        return sum(max(worker.restarts, 0) for worker in self.workers)

    async def keep_alive(self) -> None:
        """Keep every worker alive until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.workers[0].keep_alive())
            await self._known.wait()
            devices = int(self._infos[0].get("device_count", 0))
            for index in range(1, self._settings.workers or max(devices, 1)):
                words = (f"--device=cuda:{index % devices}",) if devices > 1 else ()
                self.workers.append(self._worker(index, words))
                group.create_task(self.workers[-1].keep_alive())

    def choose(self, keys: Mapping[NodeId, Key], *, alone: bool = False) -> Supervisor | None:
        """The worker that has most of a job at hand, else the one idle for longest; None if none is free."""
        free = [(index, w) for index, w in enumerate(self.workers) if w.can_take(alone=alone)]
        if not free:
            return None
        scores = {index: self._affinity.score(index, keys.values()) for index, _ in free}
        return min(free, key=lambda pair: (-scores[pair[0]], len(pair[1].jobs), pair[1].idle_since))[1]

    def learn(self, worker: Supervisor, event: Event, keys: Mapping[NodeId, Key]) -> None:
        """Remember what a worker has at hand from now on."""
        self._affinity.note(self.workers.index(worker), event, keys)

    async def ask(self, message: Json, timeout: float) -> Json | None:
        """Ask a worker, an idle one if there is one; None without an answer in time."""
        able = [w for w in self.workers if w.state in ("ready", "busy")]
        return await min(able, key=lambda w: len(w.jobs)).ask(message, timeout) if able else None

    async def free(self) -> None:
        """Have every worker give back memory between jobs."""
        self._affinity.forget()
        await asyncio.gather(*(worker.free() for worker in self.workers))

    def retire(self) -> None:
        """The workers are about to be ended; that is no news."""
        for worker in self.workers:
            worker.retire()

    def _worker(self, index: int, words: tuple[str, ...]) -> Supervisor:
        def learn(info: Json) -> None:
            self._infos[index] = info
            self._known.set()
            self._on_info(self._together())

        def specs(found: list[Json]) -> None:
            self._affinity.forget(index)  # a fresh process has nothing at hand
            self._on_specs(found)

        command = (*self._settings.worker_command, *words)
        worker = Supervisor(command, specs, learn, self._book, _threads(self._settings.workers))
        worker.on_change = self._changed
        worker.on_message = self._heard
        return worker

    def _heard(self, frame: Frame) -> None:
        self.on_message(frame)

    def _changed(self) -> None:
        self.on_change()

    def _together(self) -> Json:
        """Facts of all workers as one; each device once."""
        devices: dict[Any, Json] = {}
        for index in sorted(self._infos):
            for device in self._infos[index].get("devices", ()):
                devices[device.get("type"), device.get("index")] = device
        return {**self._infos[min(self._infos)], "devices": list(devices.values())}


def _threads(workers: int) -> dict[str, str]:
    """Several workers of one machine share its cores; each alone would take them all."""
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // workers))} if workers > 1 else {}
