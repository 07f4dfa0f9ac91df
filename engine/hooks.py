"""Calling what a node brings besides its function: `fingerprint`, `check` and `needs`."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any


def accepted(hook: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the arguments the hook has parameters for; all of them, but `folders`, if it takes `**any`."""
    names, everything = _parameters(hook)
    return {
        name: value
        for name, value in given.items()
        if name in names or (everything and (name != "folders" or name in names))
    }


def settled(result: Any) -> Any:
    """The result itself, or what it ends in if the hook is a coroutine function. Blocks until then."""
    if not inspect.isawaitable(result):
        return result
    return _outside_of_loops(result)


async def finished(result: Any) -> Any:
    """The same for callers on an event loop."""
    return await result if inspect.isawaitable(result) else result


def _outside_of_loops(work: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await work

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    # This thread's loop cannot be entered a second time: use another thread's.
    found: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(wait()))
        except BaseException as error:  # noqa: BLE001 - raised again on the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="hook")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return found[0]


@lru_cache(maxsize=4096)
def _parameters(hook: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    parameters = inspect.signature(hook).parameters.values()
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return frozenset(
        p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ), everything
