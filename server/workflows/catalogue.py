"""The workflows that can be called, as the API describes them."""

from __future__ import annotations

from aiohttp import web

from server.jobs.records import Json


async def listed(app: web.Application) -> list[Json]:
    """Every workflow that is released as a function, by its newest release."""
    raise NotImplementedError


async def recorded(app: web.Application, name: str) -> Json:
    """One of them, at a version. Raises Problem 404."""
    raise NotImplementedError


async def checked(app: web.Application, document: Json) -> Json:
    """What a document declares, and what is wrong with it."""
    raise NotImplementedError
