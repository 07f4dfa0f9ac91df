"""Waiting for a coroutine from code that is none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


def waited_for(work: Awaitable[T]) -> T:
    """What it gives. Blocks until then, also on a thread whose loop is running, as in a notebook's cell."""

    async def wait() -> T:
        return await work

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    # This thread's loop cannot be entered a second time: use another thread's.
    found: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(wait()))
        except BaseException as error:  # noqa: BLE001 - raised again on the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="waited-for")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return found[0]
