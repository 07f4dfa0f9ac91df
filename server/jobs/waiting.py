"""Waiting for jobs to be over, for requests that want the outcome in their answer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from aiohttp import web

from server.jobs.queue import Queue


class Endings:
    """Wakes those who wait for a job as soon as its end is stored."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._stops = False
        self._waiting: defaultdict[str, set[asyncio.Future[bool]]] = defaultdict(set)
        queue.on_end.append(self._over)

    async def wait(self, prompt_id: str, seconds: float) -> bool:
        """Wait until a job is over, however it ends. False if it is not by then, or the server stops."""
        if not self._queue.is_open(prompt_id):
            return True
        if self._stops:
            return False
        over = asyncio.get_running_loop().create_future()
        self._waiting[prompt_id].add(over)
        try:
            async with asyncio.timeout(seconds):
                return await over
        except TimeoutError:
            return False
        finally:
            self._waiting[prompt_id].discard(over)
            if not self._waiting[prompt_id]:
                del self._waiting[prompt_id]

    def give_up(self) -> None:
        """Let everybody go, and those who are still to come: the server stops."""
        self._stops = True
        self._tell([over for waiting in self._waiting.values() for over in waiting], ended=False)

    def _over(self, prompt_id: str) -> None:
        self._tell(self._waiting.get(prompt_id, ()), ended=True)

    def _tell(self, waiting: Iterable[asyncio.Future[bool]], *, ended: bool) -> None:
        for over in waiting:
            if not over.done():
                over.set_result(ended)


ENDINGS = web.AppKey("endings", Endings)
