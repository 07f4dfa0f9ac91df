"""/userdata: a user's own files, such as workflows. A path is one URL segment, its slashes written as %2F."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from server.answers import Tree, UserFiles
from server.files.storage import Outside, resolve, unstorable, writable_name, write
from server.http import Problem, not_found, query_flag, read_body
from server.jobs.records import Json
from server.keys import CLEARANCE
from server.routes.users import folder_of
from server.routes.view import whole
from server.table import Route
from server.users import user_path


async def listing(request: web.Request) -> web.Response:
    """Files below `dir`: names, or with `full_info` sizes and times, or with `split` the parts of each
    path.
    """
    directory = request.query.get("dir", "")
    if not directory:
        raise Problem(400, "no_directory", "Directory not provided", "dir")
    folder = user_path(folder_of(request), directory)
    if not folder.is_dir():
        raise not_found("Directory not found", "dir")
    flags = {name: query_flag(request, name) for name in ("recurse", "full_info", "split")}
    return web.json_response(await asyncio.to_thread(_list, folder, **flags))


def _list(folder: Path, *, recurse: bool, full_info: bool, split: bool) -> list[object]:
    found = sorted(path for path in (folder.rglob("*") if recurse else folder.iterdir()) if _shown(path))
    if full_info:
        return [_info(path, folder) for path in found]
    names = [path.relative_to(folder).as_posix() for path in found]
    return [[name, *name.split("/")] for name in names] if split else list(names)


def _shown(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.name.endswith(".part")


def _info(path: Path, root: Path) -> Json:
    stat = path.stat()
    name = path.relative_to(root).as_posix()
    return {"path": name, "size": stat.st_size, "modified": stat.st_mtime, "created": stat.st_ctime}


async def tree(request: web.Request) -> web.Response:
    """Folders and files below `path`, folders first."""
    root = folder_of(request)
    folder = user_path(root, request.query.get("path", ""))
    if not folder.exists():
        if folder == root.resolve():
            return web.json_response([])
        raise not_found("Requested path not found", "path")
    if not folder.is_dir():
        raise Problem(400, "not_a_directory", "Requested path is not a directory", "path")
    return web.json_response(await asyncio.to_thread(_tree, root.resolve(), folder))


def _tree(root: Path, folder: Path) -> list[Json]:
    found = sorted(path for path in folder.rglob("*") if not path.is_symlink())
    folders = [_entry(root, path) | {"type": "directory"} for path in found if path.is_dir()]
    files = [
        _entry(root, path) | {"type": "file", "size": path.stat().st_size, "modified": path.stat().st_mtime}
        for path in found
        if _shown(path)
    ]
    return [*folders, *files]


def _entry(root: Path, path: Path) -> Json:
    return {"name": path.name, "path": path.relative_to(root).as_posix()}


async def read(request: web.Request) -> web.StreamResponse:
    """The file."""
    path = _existing(request)
    return await whole(await request.app[CLEARANCE].cleared(path))


async def store(request: web.Request) -> web.Response:
    """Write the body to the file, complete or not at all."""
    root = folder_of(request)
    path = _writable(root, request, "file")
    body = await read_body(request)
    await _write(path, body, replace=query_flag(request, "overwrite", True))
    return _stored(request, root, path)


async def delete(request: web.Request) -> web.Response:
    """Remove the file."""
    _existing(request).unlink()
    return web.Response(status=204)


async def move(request: web.Request) -> web.Response:
    """Give the file another path."""
    root = folder_of(request)
    source, target = _existing(request), _writable(root, request, "dest")
    if target.exists() and not query_flag(request, "overwrite", True):
        raise Problem(409, "exists", "File already exists", "dest")
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    return _stored(request, root, target)


def _text(request: web.Request, part: str) -> str:
    text = request.match_info[part]
    return unquote(text) if "%" in text else text


def _existing(request: web.Request) -> Path:
    path = user_path(folder_of(request), _text(request, "file"))
    if not path.is_file():
        raise not_found(f"there is no file {_text(request, 'file')!r}", "file")
    return path


def _writable(root: Path, request: web.Request, part: str) -> Path:
    text = _text(request, part)
    path = user_path(root, text)
    try:
        writable_name(path.name)
        if path == resolve(root, ""):
            raise Outside("this is the folder itself")
    except Outside as error:
        raise Problem(400, "invalid_name", str(error), part) from error
    if path.is_dir():
        raise Problem(400, "invalid_name", f"{text!r} is a folder", part)
    return path


async def _write(path: Path, body: bytes, *, replace: bool) -> None:
    try:
        await asyncio.to_thread(write, path, body, replace=replace)
    except FileExistsError as error:
        raise Problem(409, "exists", "File already exists", "file") from error
    except OSError as error:
        raise unstorable(error, "file") from error


def _stored(request: web.Request, root: Path, path: Path) -> web.Response:
    base = root.resolve()
    full_info = query_flag(request, "full_info")
    return web.json_response(_info(path, base) if full_info else path.relative_to(base).as_posix())


ROUTES = (
    Route("GET", "/userdata", listing, query=("dir", "recurse", "full_info", "split"), answer=UserFiles),
    Route("GET", "/v2/userdata", tree, query=("path",), answer=Tree),
    Route("GET", "/userdata/{file}", read, media="application/octet-stream"),
    Route("POST", "/userdata/{file}", store, query=("overwrite", "full_info")),
    Route("DELETE", "/userdata/{file}", delete),
    Route("POST", "/userdata/{file}/move/{dest}", move, query=("overwrite", "full_info")),
)
