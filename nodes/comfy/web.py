"""Routes of packs: an event loop on a thread of its own, which serves them on a socket in the file system."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web

_LONGEST_PATH = 100
"""Systems take 104 to 108 bytes for the path of a socket."""

_STARTS_WITHIN = 10.0


class LoopThread:
    """An event loop that runs from the start, so that packs find it running when they are imported.

    It is not the loop nodes run on: a handler that blocks holds up other handlers, and nothing else.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="pack-routes", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def wait_for(self, work: Any, seconds: float = _STARTS_WITHIN) -> Any:
        """What the coroutine ends in, on any thread but this one."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def stop(self) -> None:
        """End the loop and wait for its thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_STARTS_WITHIN)


def add_routes(app: web.Application, routes: web.RouteTableDef) -> list[str]:
    """Add what packs declared, and each again below `/api`. Returns what could not be added, in words."""
    troubles: list[str] = []
    for definition in routes:
        twins: list[web.AbstractRouteDef] = [definition]
        if isinstance(definition, web.RouteDef):
            kwargs: dict[str, Any] = dict(definition.kwargs)
            path = f"/api{definition.path}"
            twins.append(web.RouteDef(definition.method, path, definition.handler, kwargs))
        for one in twins:
            try:
                one.register(app.router)
            except (ValueError, RuntimeError, TypeError) as error:
                troubles.append(f"the route {one} cannot be added: {error}")
    return troubles


def patterns(app: web.Application) -> list[tuple[str, str]]:
    """Method and path of every route, as the server needs them to know what to pass on."""
    found: list[tuple[str, str]] = []
    for route in app.router.routes():
        resource = route.resource
        if resource is None:
            continue
        info = resource.get_info()
        path = info.get("path") or info.get("formatter")
        if path is None and "prefix" in info:
            path = f"{info['prefix']}/{{tail:.*}}"
        if path is not None:
            found.append((route.method, _with_patterns(path, resource)))
    return list(dict.fromkeys(found))


def _with_patterns(path: str, resource: Any) -> str:
    """The path as it was written: aiohttp's formatter has lost the expressions of `{name:expression}`."""
    written = getattr(resource, "_orig_path", None)
    return written if isinstance(written, str) else path


def socket_path(state: Path) -> Path:
    """Where to listen: in the state folder, or below the temporary folder if that makes too long a path."""
    _sweep(state)
    path = state / f"packs-{os.getpid()}.sock"
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="darkroom-")) / "packs.sock"  # a folder nobody else may enter


def _sweep(state: Path) -> None:
    """Remove the sockets of processes that are gone."""
    for left in state.glob("packs-*.sock"):
        number = left.stem.removeprefix("packs-")
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            with contextlib.suppress(OSError):
                left.unlink()


async def listen(app: web.Application, path: Path) -> web.AppRunner:
    """Serve the application on a socket that only this user may open."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = os.umask(0o177)
    try:
        await web.UnixSite(runner, str(path)).start()
    finally:
        os.umask(mask)
    return runner
