"""The canvas at `/`, and the API document."""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import web

from server.http import not_found
from server.openapi import document
from server.table import Route
from server.workflows.described import functions

_STATIC = Path(__file__).parent.parent / "static"
_CANVAS = _STATIC / "canvas"
"""What `npm run build` in `web/` writes."""
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; font-src 'self' data:; connect-src 'self' ws: wss:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "0",
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


async def index(request: web.Request) -> web.FileResponse:
    """The canvas, for people; where it is not built, a page that says how to build it."""
    built = _CANVAS / "index.html"
    return web.FileResponse(built if built.is_file() else _STATIC / "unbuilt.html", headers=_HEADERS)


async def asset(request: web.Request) -> web.FileResponse:
    """A file of the canvas. Its name changes with its content, so that it may be kept for ever."""
    name = request.match_info["name"]
    path = _CANVAS / "assets" / name
    if not re.fullmatch(r"[\w.-]+", name) or not path.is_file():
        raise not_found(f"the canvas has no file {name!r}: reload the page", "name")
    return web.FileResponse(path, headers=_FOREVER)


async def openapi(request: web.Request) -> web.Response:
    """This document. Every workflow that is released as a function has an entry of its own."""
    described = document(request.app)
    described["paths"] |= await functions(request.app)
    return web.json_response(described)


ROUTES = (
    Route("GET", "/", index, alias=False, media="text/html"),
    Route("GET", "/assets/{name}", asset, alias=False, media="application/octet-stream"),
    Route("GET", "/api/v1/openapi.json", openapi, alias=False),
)
