"""Differences and merges, asked for by name or by document."""

from __future__ import annotations

from aiohttp import web

from server.jobs.records import Json
from server.workflows.schemas import DiffBody, MergeBody


async def compared(app: web.Application, body: DiffBody) -> Json:
    """What differs between two sides. Raises Problem."""
    raise NotImplementedError


async def merged(app: web.Application, body: MergeBody) -> Json:
    """Two versions in one document, and what they disagree on. Raises Problem."""
    raise NotImplementedError
