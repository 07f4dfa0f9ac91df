"""GET /view: a file of the input, output or temp folder, served so that nothing in it can act."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from engine.folders import Folders
from server.files.media import (
    INERT,
    Encoded,
    Picture,
    alpha_only,
    disposition,
    inert_headers,
    preview,
    without_alpha,
)
from server.files.storage import Outside, resolve
from server.http import Problem, not_found
from server.keys import CLEARANCE, DECODING, SETTINGS
from server.table import Route

Result = TypeVar("Result")
PLACES = ("output", "input", "temp")


def place_of(filename: str, kind: str) -> tuple[str, str]:
    """A file name without its ` [output]` suffix, and the folder that suffix, or else `kind`, names."""
    for place in PLACES:
        if filename.endswith(f"[{place}]"):
            return filename[: -len(place) - 2].rstrip(" "), place
    return filename, kind


def locate(folders: Folders, filename: str, subfolder: str, kind: str) -> Path:
    """The existing file a client means. Raises Problem 400 (bad name), 403 (outside) or 404."""
    name, place = place_of(filename, kind)
    if place not in PLACES:
        raise Problem(400, "invalid_type", f"type must be one of {', '.join(PLACES)}, not {place!r}", "type")
    if not name or name.startswith("/") or ".." in name:
        raise Problem(400, "invalid_filename", f"{name!r} is not a usable file name", "filename")
    try:
        folder = resolve(folders.place(place), subfolder)
    except Outside as error:
        raise Problem(403, "outside", str(error), "subfolder") from error
    try:
        path = resolve(folder, name.rsplit("/", 1)[-1])
        if not path.is_relative_to(folders.place(place).resolve()):
            raise Outside("the folder is a link that leads elsewhere")
        exists = path.is_file()
    except (Outside, OSError) as error:
        raise not_found(f"there is no file {name!r} in {place}", "filename") from error
    if not exists:
        raise not_found(f"there is no file {name!r} in {place}", "filename")
    return path


async def view(request: web.Request) -> web.StreamResponse:
    """A saved, uploaded or temporary file; `preview` re-encodes a picture, `channel` takes it apart."""
    query = request.query
    if "filename" not in query:
        raise not_found("which file? the filename parameter is missing", "filename")
    folders = request.app[SETTINGS].folders
    found = await asyncio.to_thread(
        locate, folders, query["filename"], query.get("subfolder", ""), query.get("type", "output")
    )
    path = await request.app[CLEARANCE].cleared(found)
    channel = query.get("channel", "")
    if "preview" in query:
        return _picture(path, await decoded(request, preview, path, query["preview"], channel))
    if channel == "rgb":
        return _picture(path, await decoded(request, without_alpha, path))
    if channel == "a":
        return _picture(path, await decoded(request, alpha_only, path))
    return await whole(path)


async def whole(file: Picture) -> web.StreamResponse:
    """A file that may leave, as it is."""
    headers = await asyncio.to_thread(inert_headers, file)
    if isinstance(file, Path):
        return web.FileResponse(file, headers=headers)
    return web.Response(body=file.data, headers=headers)


async def decoded(request: web.Request, work: Callable[..., Result], *arguments: Any) -> Result:
    """Work on the pixels of a picture in a thread, when it is its turn: each may take gigabytes."""
    async with request.app[DECODING]:
        return await asyncio.to_thread(work, *arguments)


def _picture(path: Picture, encoded: Encoded) -> web.Response:
    headers = {"Content-Disposition": disposition(path.name), **INERT}
    return web.Response(body=encoded.data, content_type=encoded.content_type, headers=headers)


ROUTES = (
    Route(
        "GET", "/view", view, query=("filename", "subfolder", "type", "preview", "channel"), media="image/*"
    ),
)
