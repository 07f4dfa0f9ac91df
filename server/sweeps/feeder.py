"""Feeding the runs of sweeps to the queue, a few at a time.

All runs are on disk from the beginning. That only some of them are in the queue leaves room there for what
others submit, which waits for a few runs of a sweep rather than for all of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from server.http import Problem
from server.jobs.records import StoreError
from server.keys import QUEUE
from server.runs.ledger import LEDGER
from server.submission import Refused
from server.workflows.access import WORKFLOWS
from server.workflows.calls import Options, queue_call, resolved
from server.workflows.functions import Called
from workflows.functions import FunctionError, InvalidInputs
from workflows.sweeps import CANCELLED, Item, Result, Sweep
from workflows.sweeps.records import REFUSED

if TYPE_CHECKING:
    from workflows.sweeps.store import Sweeps

log = logging.getLogger("darkroom.server")
Found = TypeVar("Found")
WINDOW = 32
"""Runs of a sweep that are in the queue at a time."""
_PAGE = 200
_PAUSE = 2.0


@dataclass
class _Feeding:
    """A sweep with runs to queue."""

    sweep: Sweep
    called: Called | None = None
    reached: int = -1
    waiting: deque[Item] = field(default_factory=deque[Item])
    queued: set[str] = field(default_factory=set[str])
    """Its runs that are in the queue."""
    is_read: bool = False
    """Whether all its items have been read."""

    @property
    def is_fed(self) -> bool:
        return self.is_read and not self.waiting


class Feeder:
    """The sweeps of this server that are not over."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._news = asyncio.Event()
        self._feeding: dict[str, _Feeding] = {}
        self._turn = asyncio.Lock()
        self._told = ""
        app[QUEUE].on_end.append(self._over)

    def take(self, sweep: Sweep) -> None:
        """Begin to queue the runs of a sweep, unless that has begun."""
        if sweep.finished is None and sweep.cancelled is None:
            self._feeding.setdefault(sweep.id, _Feeding(sweep))
            self._news.set()

    async def run(self) -> None:
        """Take up what an earlier server left, then keep the queue fed until cancelled."""
        await self._patiently(self._resume)
        while True:
            await self._news.wait()
            self._news.clear()
            await self._patiently(self._feed)

    async def cancel(self, sweep: str) -> Sweep:
        """Let no more runs of a sweep begin; those that run go on. Raises Problem 404."""
        await self._ask(lambda sweeps: sweeps.cancel(sweep, time.time()))
        async with self._turn:
            self._feeding.pop(sweep, None)
            await self._withdraw(sweep)
        return await self._ask(lambda sweeps: sweeps.get(sweep))

    async def clear(self) -> None:
        """Cancel all sweeps with runs that wait: whoever empties the queue does not want it filled again."""
        running = self._app[QUEUE].running.keys()
        for name, feeding in list(self._feeding.items()):
            if not feeding.is_fed or feeding.queued - running:
                await self.cancel(name)

    def status(self, item: Item) -> str:
        """Where a run is that is not known to be over."""
        return "running" if item.run in self._app[QUEUE].running else "pending"

    def _over(self, run: str) -> None:
        for feeding in self._feeding.values():
            if run in feeding.queued:
                feeding.queued.discard(run)
                self._news.set()

    async def _patiently(self, work: Callable[[], object]) -> None:
        while True:
            try:
                made = work()
                if asyncio.iscoroutine(made):
                    await made
                return
            except (Problem, StoreError) as error:
                self._tell(str(error))
            except Exception:  # one odd sweep must not end all others
                log.exception("sweeps wait")
            await asyncio.sleep(_PAUSE)

    def _tell(self, text: str) -> None:
        """Say why sweeps wait, once."""
        if text != self._told:
            log.warning("sweeps wait: %s", text)
        self._told = text

    async def _resume(self) -> None:
        ledger = self._app[LEDGER]
        await ledger.caught_up.wait()
        for sweep in await self._ask(lambda sweeps: sweeps.unfinished(ledger.identity)):
            if sweep.cancelled is None:
                self.take(sweep)
            else:
                await self._withdraw(sweep.id)

    async def _feed(self) -> None:
        """Queue runs, one of each sweep in turn, until each has its share in the queue."""
        hungry = list(self._feeding)
        while hungry:
            for name in list(hungry):
                async with self._turn:
                    feeding = self._feeding.get(name)
                    if feeding is None or len(feeding.queued) >= WINDOW or not await self._one(feeding):
                        hungry.remove(name)

    async def _one(self, feeding: _Feeding) -> bool:
        """Queue the next run of a sweep. False if there is none."""
        if not feeding.waiting and not feeding.is_read:
            await self._read(feeding)
        if not feeding.waiting:
            if not feeding.queued:
                self._feeding.pop(feeding.sweep.id, None)
            return False
        item = feeding.waiting[0]
        # It counts as queued before it is: it may be over before its submission returns.
        feeding.queued.add(item.run)
        try:
            await self._submit(feeding, item)
        except BaseException:
            feeding.queued.discard(item.run)
            raise
        feeding.waiting.popleft()
        return True

    async def _read(self, feeding: _Feeding) -> None:
        """The next items, without those that an earlier server has queued."""
        sweep, after = feeding.sweep.id, feeding.reached
        found = await self._ask(lambda sweeps: sweeps.open_items(sweep, after, _PAGE))
        jobs = await self._app[QUEUE].store()
        there = await jobs.known([item.run for item in found])
        feeding.waiting.extend(item for item in found if item.run not in there)
        feeding.queued |= {run for run in there if self._app[QUEUE].is_open(run)}
        feeding.is_read = len(found) < _PAGE
        feeding.reached = found[-1].index if found else after

    async def _submit(self, feeding: _Feeding, item: Item) -> None:
        """Queue a run. One that cannot be queued is over with it; Problems that pass are raised."""
        sweep = feeding.sweep
        try:
            if feeding.called is None:
                feeding.called = await resolved(self._app, sweep.workflow, sweep.version)
            called = feeding.called
            prefix = f"{called.version.workflow}/"
            bound = await asyncio.to_thread(called.bound, item.inputs, prefix=prefix)
            more = {"sweep": {"id": sweep.id, "index": item.index}}
            options = Options(client_id=sweep.client_id, run_id=item.run, more=more)
            await queue_call(self._app, called, bound, options)
        except (Refused, InvalidInputs, FunctionError) as error:
            await self._refuse(feeding, item, _reason(error))
        except Problem as problem:
            if problem.status == 429 or problem.status >= 500:
                raise
            await self._refuse(feeding, item, problem.message)

    async def _refuse(self, feeding: _Feeding, item: Item, reason: str) -> None:
        feeding.queued.discard(item.run)
        await self._settle([item.run], REFUSED, reason)

    async def _withdraw(self, sweep: str) -> None:
        """Take the runs of a cancelled sweep out of the queue; those that were not there yet are over."""
        queue, after = self._app[QUEUE], -1
        jobs = await queue.store()
        while True:
            found = await self._ask(lambda sweeps, after=after: sweeps.open_items(sweep, after, _PAGE))
            if not found:
                return
            after, runs = found[-1].index, [item.run for item in found]
            there = await jobs.known(runs)
            await queue.remove([run for run in runs if run in there])
            await self._settle([run for run in runs if run not in there], CANCELLED, None)

    async def _settle(self, runs: Sequence[str], status: str, reason: str | None) -> None:
        from workflows.sweeps.store import Outcome

        outcomes = [Outcome(run, status, Result(error=reason)) for run in runs]
        await self._app[LEDGER].settle(outcomes)

    async def _ask(self, work: Callable[[Sweeps], Found]) -> Found:
        from workflows.sweeps.store import Sweeps

        return await self._app[WORKFLOWS].call(lambda store: work(Sweeps(store)))


def _reason(error: Exception) -> str:
    if not isinstance(error, Refused):
        return str(error)
    nodes = error.body.get("node_errors", {})
    details = [f"{one['message']}: {one['details']}" for node in nodes.values() for one in node["errors"]]
    return "; ".join(details) or str(error)


FEEDER = web.AppKey("feeder", Feeder)
