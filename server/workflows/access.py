"""The store of workflows as the server has it: opened beside the first requests, asked off the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from server.http import Problem

if TYPE_CHECKING:
    from workflows.store import Store

log = logging.getLogger("darkroom.server")
Result = TypeVar("Result")
_THREADS = 4
_RETRY_AFTER = {"Retry-After": "10"}


class Workflows:
    """The store, once it is open. The server goes on without it if it cannot be used.

    Args:
        where: A SQLite file, or the URL of a PostgreSQL database.
    """

    def __init__(self, where: str | Path) -> None:
        self._where = where
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="workflows")
        self._tried = asyncio.Event()
        self._unusable = ""
        self.store: Store | None = None
        """Set while it is open."""

    async def open(self) -> None:
        """Open the store. If it cannot be used, the log says why, as does every later `call`."""
        # The database library is imported beside the first requests, which need no workflows.
        from workflows.store import Store, StoreError

        try:
            self.store = await self._in_thread(lambda: Store.open(self._where))
        except StoreError as error:
            self._unusable = str(error)
            log.error("workflows cannot be kept or called: %s", error)
        finally:
            self._tried.set()

    async def call(self, work: Callable[[Store], Result]) -> Result:
        """What `work` makes of the store, in a thread, once the store is open.

        Raises Problem: 404, 409 and so on for what the store refuses, 503 if it cannot be used.
        """
        from server.workflows.problems import told
        from workflows.store import StoreError

        store = await self.ready()
        try:
            return await self._in_thread(lambda: work(store))
        except StoreError as error:
            raise told(error) from error

    async def ready(self) -> Store:
        """The store, waited for. Raises Problem 503 if it cannot be used."""
        await self._tried.wait()
        if self.store is None:
            raise Problem(503, "workflows_unusable", self._unusable, "workflows", _RETRY_AFTER)
        return self.store

    async def close(self) -> None:
        """Finish what is being written and close the store."""
        await asyncio.to_thread(self._threads.shutdown)
        if self.store is not None:
            await asyncio.to_thread(self.store.close)
            self.store = None

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


WORKFLOWS = web.AppKey("workflows", Workflows)
