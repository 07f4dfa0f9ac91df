"""/extensions and /api/v1/packs: the browser files of packs, and what became of each pack."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from engine.folders import Folders
from engine.paths import UnsafePath
from server.answers import Names, PacksAnswer
from server.files.media import Snapshot, sniff
from server.files.storage import read_head
from server.http import Problem
from server.jobs.records import Json
from server.keys import CLEARANCE, PACKS, SETTINGS
from server.known import node_specs
from server.table import Route

_SCRIPTING = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"})
_INERT = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"


async def packs(request: web.Request) -> web.Response:
    """Every pack that was found, in the order of loading: its nodes, how long it took, or why it failed."""
    await node_specs(request.app)
    return web.json_response({"packs": [_shown(report) for report in request.app[PACKS].reports]})


def _shown(report: Json) -> Json:
    """A report without paths of this machine: the pack's folder is named with the one it lies in."""
    path = Path(report["path"])
    return {**report, "path": f"{path.parent.name}/{path.name}"}


async def extensions(request: web.Request) -> web.Response:
    """Paths of the scripts that packs bring for the canvas."""
    folders = request.app[PACKS].web_folders
    found = await asyncio.to_thread(lambda: [p for name, f in folders.items() for p in scripts(name, f)])
    return web.json_response(found)


def scripts(pack: str, folder: Path) -> list[str]:
    """The `.js` files of a pack as URL paths, sorted."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.js") if path.is_file())
    return [f"/extensions/{quote(pack)}/{quote(name)}" for name in names]


async def extension_file(request: web.Request) -> web.StreamResponse:
    """One browser file of a pack. Documents that could run scripts of their own are shown without them."""
    pack, name = request.match_info["pack"], request.match_info["file"]
    folder = request.app[PACKS].web_folders.get(pack)
    if folder is None:
        raise Problem(404, "not_found", f"there is no pack {pack!r} with browser files", "pack")
    path = await asyncio.to_thread(_inside, request.app[SETTINGS].folders, folder, name)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {"Content-Type": "text/javascript" if path.suffix in (".js", ".mjs") else kind}
    if kind in _SCRIPTING:
        headers["Content-Security-Policy"] = _INERT
    if request.app[CLEARANCE].required and await asyncio.to_thread(_shows, path, kind):
        found = await request.app[CLEARANCE].cleared(path)
        if isinstance(found, Snapshot):
            return web.Response(body=found.data, headers=headers)
    return web.FileResponse(path, headers=headers)


def _shows(path: Path, kind: str) -> bool:
    """Whether a file is a picture or a film: a node may have put it there. SVG drawings come with packs."""
    said = kind.startswith(("image/", "video/")) and kind != "image/svg+xml"
    return said or sniff(read_head(path)).startswith(("image/", "video/"))


def _inside(folders: Folders, folder: Path, name: str) -> Path:
    try:
        path = folders.safe(folder, name)
    except UnsafePath as error:
        raise Problem(403, "unsafe_path", str(error), "file") from error
    if not path.is_file():
        raise Problem(404, "not_found", f"there is no file {name!r}", "file")
    return path


ROUTES = (
    Route("GET", "/api/v1/packs", packs, alias=False, answer=PacksAnswer),
    Route("GET", "/extensions", extensions, answer=Names),
    Route("GET", "/extensions/{pack}/{file:.+}", extension_file, alias=False, media="*/*"),
)
