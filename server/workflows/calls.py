"""Calling a workflow by its name."""

from __future__ import annotations

from aiohttp import web


async def call(request: web.Request) -> web.Response:
    """Run a version with the values of a request. Raises Problem."""
    raise NotImplementedError
