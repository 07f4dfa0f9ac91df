"""Sending what webhooks are to be told, again and again until it is taken or given up.

Everything is on disk before it is sent, and an attempt is counted before it is made: a crash loses neither.
A message may so arrive twice; its id is the same then.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from server.http import Problem
from server.runs.ledger import Ledger
from server.settings import Settings
from server.webhooks.events import TEST, Occurrence
from server.webhooks.sending import SECONDS, send
from server.webhooks.signing import headers
from server.workflows.access import Workflows

if TYPE_CHECKING:
    from server.webhooks.rows import Delivery, Webhook, Webhooks

log = logging.getLogger("darkroom.server")
Found = TypeVar("Found")
PAUSES = (5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""Seconds after each failed attempt; after the last of them it is given up."""
_AT_ONCE, _EACH = 16, 4
_LEASE = 6 * SECONDS
_LONGEST_SLEEP = 60.0
_RECOVERY = 5.0
_SPREAD = 0.1


class Deliverer:
    """The task that sends. Several servers may share a store: each message is taken by one of them."""

    def __init__(self, settings: Settings, workflows: Workflows, ledger: Ledger) -> None:
        self._settings = settings
        self._workflows = workflows
        self._ledger = ledger
        self._began = False
        self._news = asyncio.Event()
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There may be something to deliver."""
        self._news.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                try:
                    pause = await self._round()
                except Problem:  # the log says why the store cannot be used; it is tried again
                    pause = _RECOVERY
                except Exception:  # it is all on disk
                    log.exception("webhooks wait")
                    pause = _RECOVERY
                try:
                    async with asyncio.timeout(pause):
                        await self._news.wait()
                except TimeoutError:
                    pass
                self._news.clear()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def test(self, hook: str) -> Delivery:
        """Send a message to a webhook now; returns what came of it. Raises Problem 404, 409."""
        if not (await self._ask(lambda hooks: hooks.get(hook))).active:
            raise Problem(409, "webhook_off", "the webhook is off; set active first", "id")
        occurrence = Occurrence(TEST, {"webhook": hook, "text": "It works."})
        now = time.time()
        name = await self._ask(lambda hooks: hooks.tell(hook, occurrence, now))
        self.wake()
        until = now + SECONDS + _RECOVERY
        while (found := await self._ask(lambda hooks: hooks.delivery(name))).next_at is not None:
            if time.time() > until:
                break
            await asyncio.sleep(0.05)
        return found

    async def _round(self) -> float:
        """Begin what is due. Returns how long there is nothing more to do."""
        if not self._began:
            await self._begin()
        due = await self._ask(lambda hooks: hooks.next_due())
        now = time.time()
        if due is None:
            return _LONGEST_SLEEP
        if due > now:
            return min(due - now, _LONGEST_SLEEP)
        room = _AT_ONCE - len(self._tasks)
        busy = {hook for hook, count in self._busy.items() if count >= _EACH}
        if room <= 0:
            return _LONGEST_SLEEP  # the end of an attempt wakes it
        by = self._ledger.identity
        claimed = await self._ask(lambda hooks: hooks.claim(by, now, now + _LEASE, room, _EACH, busy))
        for delivery, hook in claimed:
            self._busy[hook.id] += 1
            task = asyncio.create_task(self._attempt(delivery, hook))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return 0.0 if claimed else _RECOVERY

    async def _begin(self) -> None:
        """Take up what this server was sending when it was killed."""
        await self._ledger.caught_up.wait()
        by, now = self._ledger.identity, time.time()
        await self._ask(lambda hooks: hooks.take_up(by, now))
        self._began = True

    async def _attempt(self, delivery: Delivery, hook: Webhook) -> None:
        try:
            now = time.time()
            body = delivery.body.encode()
            signed = headers(hook.secret, delivery.id, int(now), body)
            sent = {"Content-Type": "application/json", "User-Agent": f"Darkroom/{self._settings.version}"}
            answer = await send(hook.url, {**sent, **signed}, body, self._settings.webhook_allow)
            now, error = time.time(), answer.error
            next_at = None
            again = delivery.event != TEST and delivery.attempts <= len(PAUSES)
            if error is not None and not answer.is_gone and again:
                next_at = now + PAUSES[delivery.attempts - 1] * random.uniform(1 - _SPREAD, 1 + _SPREAD)
            elif error is not None:
                log.warning("webhook %s: %s is given up: %s", hook.url, delivery.id, error)
            gone = answer.is_gone
            await self._ask(
                lambda hooks: hooks.settle(delivery, now=now, error=error, next_at=next_at, gone=gone)
            )
        except Problem as problem:  # it is tried again when its lease is over
            log.warning("what came of webhook message %s is not noted: %s", delivery.id, problem)
        finally:
            self._busy[hook.id] -= 1
            self.wake()

    async def _ask(self, work: Callable[[Webhooks], Found]) -> Found:
        await self._workflows.ready()
        from server.webhooks.rows import Webhooks

        return await self._workflows.call(lambda store: work(Webhooks(store)))


DELIVERER = web.AppKey("deliverer", Deliverer)
