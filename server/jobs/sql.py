"""Access to the job database off the event loop: one thread commits, others read beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row
from sqlalchemy.exc import DBAPIError

from server.jobs.database import open_database
from server.jobs.records import StoreError

Result = TypeVar("Result")
_READERS = 2


class Sql:
    """The database and its threads. A read sees every commit that was awaited before it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="commits")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="reads")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the database. Blocks; raises DatabaseUnusable."""
        return cls(open_database(path))

    async def close(self) -> None:
        """Finish what is being written and close the file."""
        for threads in (self._writer, self._readers):
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()

    async def read(
        self, query: Executable, decode: Callable[[Row[Any]], Result] = lambda row: row
    ) -> list[Result]:
        """The rows of a query, each decoded on the reading thread: there may be thousands."""

        def work() -> list[Result]:
            with self._engine.connect() as connection:
                return [decode(row) for row in connection.execute(query)]

        return await _in_thread(self._readers, work)

    async def commit(self, work: Callable[[Connection], Result]) -> Result:
        """Do all of `work` or nothing; on disk once this returns."""

        def commit() -> Result:
            with self._engine.begin() as connection:
                return work(connection)

        return await _in_thread(self._writer, commit)


def chunks(values: Sequence[Any], size: int = 500) -> list[Sequence[Any]]:
    """Values in parts that fit into one `IN (...)`."""
    return [values[start : start + size] for start in range(0, len(values), size)]


async def _in_thread(threads: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    try:
        return await asyncio.get_running_loop().run_in_executor(threads, work)
    except DBAPIError as error:  # its own text holds the statement and every value in it
        raise StoreError(str(error.orig)) from error
