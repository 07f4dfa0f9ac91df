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
from server.workflows.problems import told
from workflows.document.errors import DocumentError
from workflows.store.errors import StoreError, StoreUnusable

if TYPE_CHECKING:
    from workflows.store import Store

log = logging.getLogger("darkroom.server")
Result = TypeVar("Result")
_THREADS = 4
_PAUSE = 10.0


class Workflows:
    """The store, once it is open. The server goes on without it if it cannot be used.

    Args:
        where: A SQLite file, or the URL of a PostgreSQL database.
        pause: Seconds until it is tried again if it cannot be used.
    """

    def __init__(self, where: str | Path, pause: float = _PAUSE) -> None:
        self._where = where
        self._pause = pause
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="workflows")
        self._tried = asyncio.Event()
        self._failure: StoreError | None = None
        self._store: Store | None = None
        self.on_open: list[Callable[[Store], object]] = []
        """Called in a thread, in order, when the store is open and before anybody else asks it."""

    async def open(self) -> None:
        """Open the store. While it cannot be used, the log says why, as does every `call`; it is tried again,
        for its database server may only be late.
        """
        while self._store is None:
            try:
                self._store = await self._in_thread(self._opened)
            except StoreError as error:
                self._fail(error)
            except Exception as error:  # the server can do all its other work
                log.exception("the store of workflows cannot be opened")
                self._fail(StoreUnusable(f"the store of workflows cannot be opened: {error}"))
            finally:
                self._tried.set()
            if self._store is None:
                await asyncio.sleep(self._pause)

    def _opened(self) -> Store:
        # The database library is imported beside the first requests, which need no workflows.
        from workflows.store import Store

        store = Store.open(self._where)
        for prepare in self.on_open:
            try:
                prepare(store)
            except Exception:  # what is already in the store can be used
                log.exception("the store of workflows was not prepared")
        return store

    def _fail(self, error: StoreError) -> None:
        if str(error) != str(self._failure):
            log.error("workflows cannot be kept or called: %s", error)
        self._failure = error

    async def call(self, work: Callable[[Store], Result]) -> Result:
        """What `work` makes of the store, in a thread, once the store is open.

        Raises Problem: 400, 404, 409 and so on for what the store refuses, 503 if it cannot be used.
        """
        store = await self.ready()
        try:
            return await self._in_thread(lambda: work(store))
        except StoreError as error:
            raise told(error) from error
        except DocumentError as error:
            raise Problem(400, "invalid_workflow", str(error), "document") from error

    async def ready(self) -> Store:
        """The store, waited for. Raises Problem 503 if it cannot be used."""
        await self._tried.wait()
        if self._store is None:
            raise told(self._failure or StoreUnusable("the store of workflows is closed"))
        return self._store

    @property
    def store(self) -> Store | None:
        """The store while it is open, for those who cannot wait."""
        return self._store

    async def close(self) -> None:
        """Finish what is being written and close the store."""
        store, self._store = self._store, None
        await asyncio.to_thread(self._threads.shutdown)
        if store is not None:
            await asyncio.to_thread(store.close)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


WORKFLOWS = web.AppKey("workflows", Workflows)
