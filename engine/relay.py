"""Events on their way from the threads that make them to the loop that passes them on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from engine.events import Event

Emit = Callable[[Event], None]

_BATCH_SECONDS = 0.005


class Relay:
    """Events from any thread to the loop's, in order.

    The first event of a burst wakes the loop; the rest are fetched in batches every few milliseconds, because
    waking another thread costs more than running a small node.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, emit: Emit) -> None:
        self._loop = loop
        self._emit = emit
        self._waiting: deque[Event] = deque()
        self._awake = False
        self._closed = False
        self.broken: Callable[[BaseException], None] = _ignore

    def send(self, event: Event) -> None:
        """Called with the session's lock held, so the order is the session's."""
        self._waiting.append(event)
        if not self._awake:
            self._awake = True
            self._loop.call_soon_threadsafe(self._pump)

    def close(self) -> None:
        """Deliver what is waiting; nothing comes after it."""
        self._closed = True
        self._deliver()

    def _pump(self) -> None:
        """On the loop's thread: deliver, and look again soon, until there is nothing."""
        if self._closed:
            return
        self._awake = bool(self._waiting)
        self._deliver()
        if self._awake:
            self._loop.call_later(_BATCH_SECONDS, self._pump)
        elif self._waiting:
            # It came after the look and before `_awake` was lowered, so its sender woke nobody.
            self._awake = True
            self._loop.call_soon(self._pump)

    def _deliver(self) -> None:
        while self._waiting:
            try:
                self._emit(self._waiting.popleft())
            except Exception as error:  # noqa: BLE001 - the receiver's fault ends the run, see `run`
                self._waiting.clear()
                self.broken(error)


def _ignore(error: BaseException) -> None:
    """Nothing is running yet."""
