"""Work that is done soon, by a thread of its own, unless there is too much of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Writer(Generic[T]):
    """Calls `work` with each item in order. The thread starts with the first item and never blocks anybody.

    Args:
        work: must not raise.
        most_bytes: of all waiting items; one item is always taken.
        most_items: likewise.
    """

    def __init__(self, work: Callable[[T], None], most_bytes: int, most_items: int) -> None:
        self._work = work
        self._most_bytes = most_bytes
        self._most_items = most_items
        self._waiting: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()

    def put(self, item: T, bytes_: int) -> bool:
        """Hand in an item; False when the queue is full or closed and the item is left out."""
        with self._changed:
            full = self._bytes + bytes_ > self._most_bytes or len(self._waiting) >= self._most_items
            if self._closed or (full and self._waiting):
                return False
            self._waiting.append((item, bytes_))
            self._bytes += bytes_
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cache-writer", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return True

    def flush(self, seconds: float) -> bool:
        """Wait until nothing is waiting, at most `seconds`; whether that is so."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._waiting or self._busy:
                if not self._changed.wait(end - time.monotonic()):
                    return False
            return True

    def close(self, seconds: float) -> bool:
        """`flush`, and take nothing any more."""
        with self._changed:
            self._closed = True
        done = self.flush(seconds)
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()
        return done

    def _run(self) -> None:
        while (item := self._next()) is not None:
            self._work(item[0])
            size = item[1]
            del item  # else its values would live until the next one comes
            with self._changed:
                self._busy = False
                self._bytes -= size
                self._changed.notify_all()

    def _next(self) -> tuple[T, int] | None:
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            self._busy = True
            return self._waiting.popleft()
