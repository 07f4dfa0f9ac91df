"""Serving until told to stop: folders, the lock, the port, signals, and exit statuses with one clear line
each.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import ssl
import sys
from pathlib import Path

from aiohttp import web

from server.app import build_app
from server.files.storage import sweep
from server.garbage import look_rarely
from server.keys import FAILURE, LOGS
from server.lock import FolderInUse, exclusive
from server.settings import Settings

OK, UNUSABLE, IN_USE = 0, 1, 3
_DRAIN_SECONDS = 2.0


class CannotServe(Exception):
    """The server cannot start or go on; the text says why and what to do."""


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit status: 0, 1 (port or folder unusable), 3 (folder in
    use).
    """
    if not logging.getLogger().handlers:
        logging.basicConfig(format="%(message)s", stream=sys.stderr)
        logging.getLogger("darkroom").setLevel(logging.INFO)
    try:
        _prepare(settings)
        with exclusive(settings.state_dir / "server.lock"):
            _empty(settings.folders.temp)
            for folder in (settings.folders.input, settings.folders.output):
                sweep(folder)
            look_rarely()
            asyncio.run(_serve(settings))
            _empty(settings.folders.temp)
    except FolderInUse as error:
        return _say(str(error), IN_USE)
    except CannotServe as error:
        return _say(str(error), UNUSABLE)
    except OSError as error:
        return _say(f"cannot serve: {error}", UNUSABLE)
    return OK


def _say(text: str, status: int) -> int:
    sys.stderr.write(text + "\n")
    return status


def _prepare(settings: Settings) -> None:
    folders = settings.folders
    for folder in (folders.input, folders.output, folders.temp, folders.user, settings.state_dir):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotServe(f"the folder {folder} cannot be used: {error.strerror}") from error
        if not os.access(folder, os.W_OK):
            raise CannotServe(
                f"the folder {folder} cannot be written to: choose another, or change its rights"
            )


def _empty(folder: Path) -> None:
    """Drop what earlier runs left in the folder for temporary files."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


async def _serve(settings: Settings) -> None:
    app = build_app(settings)
    logging.getLogger("darkroom").addHandler(app[LOGS])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_DRAIN_SECONDS)
    stop = _told_to_stop()  # before anybody can know of the server
    await runner.setup()
    try:
        await _listen(runner, settings)
        await _until_stopped(app, stop)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    secure = _tls(settings)
    for address in settings.listen:
        site = web.TCPSite(runner, address or None, settings.port, ssl_context=secure)
        try:
            await site.start()
        except OSError as error:
            text = f"cannot listen on {address} port {settings.port}: {error.strerror or error}"
            raise CannotServe(f"{text}; choose another --port") from error
    if settings.print_start:
        port = runner.addresses[0][1]
        sys.stderr.write(f"Starting server\n\nTo see the GUI go to: {settings.url_at(port)}\n")
        sys.stderr.flush()


def _told_to_stop() -> asyncio.Event:
    """Set by SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopped() -> None:
        if stop.is_set():  # asked twice: at once, the database needs no farewell
            os._exit(1)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped)
    return stop


async def _until_stopped(app: web.Application, stop: asyncio.Event) -> None:
    stopping = asyncio.create_task(stop.wait())
    failing = asyncio.create_task(app[FAILURE].get())
    await asyncio.wait({stopping, failing}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if failing.done():
        raise CannotServe(failing.result())
    failing.cancel()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_certfile is None and settings.tls_keyfile is None:
        return None
    if settings.tls_certfile is None or settings.tls_keyfile is None:
        raise CannotServe("HTTPS needs both --tls-certfile and --tls-keyfile: give the other one, or neither")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.tls_certfile, settings.tls_keyfile)
    return context
