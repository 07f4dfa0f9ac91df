"""/models, /embeddings, /view_metadata: which model files there are and what their headers say."""

from __future__ import annotations

import asyncio
import json
import struct
from pathlib import Path

from aiohttp import web

from engine.folders import Folders, MissingFile
from engine.paths import UnsafePath
from server.answers import ModelFiles, ModelFolders, Names, Values
from server.files.storage import read_head
from server.http import not_found
from server.jobs.records import Json
from server.keys import SETTINGS
from server.table import Route

_MAX_HEADER = 1024 * 1024
_NOT_SHOWN = frozenset({"configs", "custom_nodes"})


def _kind(request: web.Request) -> str:
    kind = request.match_info["folder"]
    if kind not in request.app[SETTINGS].folders.models:
        raise not_found(f"there is no model folder {kind!r}", "folder")
    return kind


async def kinds(request: web.Request) -> web.Response:
    """The kinds of model folders."""
    return web.json_response(list(request.app[SETTINGS].folders.models))


async def files(request: web.Request) -> web.Response:
    """The files of one kind."""
    return web.json_response(await asyncio.to_thread(request.app[SETTINGS].folders.list, _kind(request)))


async def embeddings(request: web.Request) -> web.Response:
    """Names of textual inversion embeddings, without extension."""
    names = await asyncio.to_thread(request.app[SETTINGS].folders.list, "embeddings")
    return web.json_response([name.rsplit(".", 1)[0] for name in names])


async def metadata(request: web.Request) -> web.Response:
    """The `__metadata__` of a safetensors file."""
    name = request.query.get("filename", "")
    try:
        path = request.app[SETTINGS].folders.find(_kind(request), name)
    except (MissingFile, UnsafePath) as error:
        raise not_found(str(error), "filename") from error
    if path.suffix != ".safetensors" or not path.is_file():
        raise not_found(f"{name!r} is not a safetensors file", "filename")
    found = await asyncio.to_thread(read_metadata, path)
    if found is None:
        raise not_found(f"{name!r} holds no metadata", "filename")
    return web.json_response(found)


def read_metadata(path: Path) -> Json | None:
    """The metadata in a safetensors header up to 1 MiB; None if there is none."""
    head = read_head(path, 8)
    if len(head) < 8:
        return None
    size = struct.unpack("<Q", head)[0]
    if size > _MAX_HEADER:
        return None
    try:
        header = json.loads(read_head(path, 8 + size)[8:])
        found = header.get("__metadata__")
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None  # pyright: ignore[reportUnknownVariableType]


async def described_kinds(request: web.Request) -> web.Response:
    """The kinds of model folders with their places."""
    models = request.app[SETTINGS].folders.models
    shown = [kind for kind in models if kind not in _NOT_SHOWN]
    return web.json_response(
        [{"name": kind, "folders": [str(root) for root in models[kind]]} for kind in shown]
    )


async def described_files(request: web.Request) -> web.Response:
    """The files of one kind with size and times."""
    found = await asyncio.to_thread(_describe, request.app[SETTINGS].folders, _kind(request))
    return web.json_response(found)


def _describe(folders: Folders, kind: str) -> list[Json]:
    roots, found = folders.roots(kind), list[Json]()
    for name in folders.list(kind):
        for index, root in enumerate(roots):
            path = root / name
            if path.is_file():
                stat = path.stat()
                times = {"modified": stat.st_mtime, "created": stat.st_ctime}
                found.append({"name": name, "pathIndex": index, **times, "size": stat.st_size})
                break
    return found


ROUTES = (
    Route("GET", "/embeddings", embeddings, answer=Names),
    Route("GET", "/models", kinds, answer=Names),
    Route("GET", "/models/{folder}", files, answer=Names),
    Route("GET", "/view_metadata/{folder}", metadata, query=("filename",), answer=Values),
    Route("GET", "/experiment/models", described_kinds, answer=ModelFolders),
    Route("GET", "/experiment/models/{folder}", described_files, answer=ModelFiles),
)
