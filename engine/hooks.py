"""Calling what a node brings besides its function: `fingerprint`, `check` and `needs`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from engine.blocking import waited_for


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
    return waited_for(result) if inspect.isawaitable(result) else result


async def finished(result: Any) -> Any:
    """The same for callers on an event loop."""
    return await result if inspect.isawaitable(result) else result


@lru_cache(maxsize=4096)
def _parameters(hook: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    parameters = inspect.signature(hook).parameters.values()
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return frozenset(
        p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ), everything
