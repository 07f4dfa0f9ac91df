"""The page at `/` and the API document."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from server.openapi import document
from server.table import Route

_PAGE = Path(__file__).parent.parent / "static" / "index.html"
_HEADERS = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "0",
    "Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


async def index(request: web.Request) -> web.FileResponse:
    """What this server is, for people."""
    return web.FileResponse(_PAGE, headers={**_HEADERS, "Content-Type": "text/html; charset=utf-8"})


async def openapi(request: web.Request) -> web.Response:
    """This document."""
    return web.json_response(document(request.app))


ROUTES = (
    Route("GET", "/", index, alias=False, media="text/html"),
    Route("GET", "/api/v1/openapi.json", openapi, alias=False),
)
