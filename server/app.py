"""The application: every part made and joined by hand, in the order they depend on each other."""

from __future__ import annotations

from aiohttp import web

from server.settings import Settings


def build_app(settings: Settings) -> web.Application:
    """An application with all routes; it opens the queue and starts the worker when it starts up."""
    raise NotImplementedError


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit status: 0, 1 (port or folder unusable), 3 (folder in use)."""
    raise NotImplementedError
