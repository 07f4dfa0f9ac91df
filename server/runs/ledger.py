"""The ends of all runs, taken in order, each once, and kept together with all that follows from them.

How far this got is written in the same transaction as what it led to: after a crash it goes on from there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from server.http import Problem
from server.jobs.queue import Queue
from server.jobs.records import Job, Position, StoreError
from server.runs.consequences import keep, lost
from server.workflows.access import Workflows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from workflows.sweeps.store import Outcome

log = logging.getLogger("darkroom.server")
_BATCH = 200
_PAUSE = 2.0


class Ledger:
    """Follows the job table. Without a usable store of workflows it waits for one."""

    def __init__(self, queue: Queue, workflows: Workflows) -> None:
        self._queue = queue
        self._workflows = workflows
        self._news = asyncio.Event()
        self._ended: set[str] = set()
        self.identity = ""
        """The name of the job table, known once `caught_up`."""
        self.caught_up = asyncio.Event()
        """Everything that had ended when the server started is written down."""
        self.on_kept: list[Callable[[], None]] = []
        """Called once something more is written down."""
        queue.on_end.append(self._over)

    def _over(self, prompt_id: str) -> None:
        self._ended.add(prompt_id)
        self._news.set()

    async def run(self) -> None:
        """Take in the ends of runs until cancelled."""
        while True:
            try:
                await self._follow()
            except Problem:  # the log says why the store cannot be used; it is tried again
                pass
            except StoreError as error:
                log.error("the ends of runs are not taken in yet: %s", error)
            except Exception:  # what is in the job table can be read again
                log.exception("the ends of runs are not taken in yet")
            await asyncio.sleep(_PAUSE)

    async def _follow(self) -> None:
        await self._workflows.ready()
        store = await self._queue.store()
        self.identity = await store.identity()
        at = await self._position(await store.newest_end())
        while True:
            self._news.clear()
            # What ended in memory is in the table: the rest of these was deleted from it since.
            told = set(self._ended)
            while found := await store.ended(at, _BATCH):
                at, over = found[-1].position, [one.job for one in found]
                await self._keep(at, over, ())
                seen = {job.prompt_id for job in over}
                self._ended -= seen
                told -= seen
            vanished = told & self._ended
            if vanished:
                await self._keep(at, (), sorted(vanished))
                self._ended -= vanished
            self.caught_up.set()
            await self._news.wait()

    async def _keep(self, at: Position, over: Sequence[Job], vanished: Sequence[str]) -> None:
        def work(connection: Connection) -> None:
            keep(connection, over, [lost(run) for run in vanished])
            _write(connection, self._name, at)

        await self._write(work)

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Write down how runs of sweeps ended that never were jobs."""
        await self._write(lambda connection: keep(connection, (), outcomes))

    async def _write(self, work: Callable[[Connection], None]) -> None:
        await self._workflows.call(lambda store: store.write(work))
        for tell in self.on_kept:
            tell()

    async def _position(self, newest: Position) -> Position:
        """Where it got to; a table that is new to it is followed from now on."""

        def work(connection: Connection) -> Position:
            known = _read(connection, self._name)
            if known is None:
                _write(connection, self._name, newest)
            return known or newest

        return await self._workflows.call(lambda store: store.write(work))

    @property
    def _name(self) -> str:
        return f"ends:{self.identity}"


def _read(connection: Connection, name: str) -> Position | None:
    from sqlalchemy import select

    from workflows.store.tables import positions

    value = connection.execute(select(positions.c.value).where(positions.c.name == name)).scalar()
    with suppress(ValueError):
        return None if value is None else Position.parse(value)
    return None


def _write(connection: Connection, name: str, at: Position) -> None:
    from workflows.store.tables import positions

    chosen = positions.update().where(positions.c.name == name).values(value=str(at))
    if not connection.execute(chosen).rowcount:
        connection.execute(positions.insert().values(name=name, value=str(at)))


LEDGER = web.AppKey("ledger", Ledger)
