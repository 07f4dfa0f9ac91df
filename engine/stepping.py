"""Awaiting a coroutine inside a context that belongs to a thread, such as `torch.inference_mode`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any


class Stepped:
    """`await Stepped(work, guard)` gives what `work` gives.

    The guard is entered for each stretch between two waits: while one coroutine waits, others run on the
    same thread, and the order in which they would leave a context held for longer is nobody's to say.
    """

    def __init__(self, work: Awaitable[Any], guard: Callable[[], AbstractContextManager[object]]) -> None:
        self._work = work
        self._guard = guard

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._work.__await__()
        resume: Callable[[Any], Any] = inner.send
        value: Any = None
        while True:
            try:
                with self._guard():
                    waiting = resume(value)
            except StopIteration as end:
                return end.value
            try:
                value, resume = (yield waiting), inner.send
            except BaseException as error:  # noqa: BLE001 - handed in, to be raised where the coroutine waits
                value, resume = error, inner.throw
