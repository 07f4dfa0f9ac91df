"""/api/v1/nodes: what a person can read of a node beside its entry in /object_info."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from engine.paths import UnsafePath
from engine.spec import NodeSpec
from server.answers import NodeGraph, NodeHelp
from server.http import not_found
from server.jobs.records import Json
from server.keys import PACKS, SETTINGS
from server.known import node_specs
from server.table import Route
from server.workflows.functions import FUNCTIONS

SHIPPED = Path(__file__).parent.parent / "static" / "nodes"
"""The reference of the built-in nodes: `help.json`, and the pictures and graphs it names."""
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_PACK = "custom_nodes."


@cache
def examples(folder: Path = SHIPPED) -> dict[str, Json]:
    """The entries of `help.json` by class; an installation without it has none."""
    file = folder / "help.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


async def about(request: web.Request) -> web.Response:
    """A node's example and, if a pack wrote a page for it, where that is, in the `locale` if there is one."""
    name = request.match_info["node_class"]
    spec = (await node_specs(request.app)).registry.get(name)
    if spec is None and not await request.app[FUNCTIONS].one(name):
        raise not_found(f"there is no node {name!r}", "node_class")
    page = await asyncio.to_thread(_page, request, spec) if spec else None
    return web.json_response(
        {
            "name": name,
            "lane": spec.lane if spec else None,
            "page": page,
            "example": _example(spec) if spec else None,
        }
    )


def _example(spec: NodeSpec) -> Json | None:
    # A pack may bring a class of a built-in's name; the example would show another node.
    known = None if spec.module.startswith(_PACK) else examples().get(spec.name)
    if known is None:
        return None
    here = f"/api/v1/nodes/{quote(spec.name, safe='')}"
    picture = f"{here}/picture" if "picture" in known else None
    return {
        "about": known["about"],
        "gives": known["gives"],
        "picture": picture,
        "graph": f"{here}/example",
    }


def _page(request: web.Request, spec: NodeSpec) -> str | None:
    """The URL of the page a pack has of a node: `docs/NODE/LOCALE.md`, or else `docs/NODE.md`."""
    pack = spec.module.removeprefix(_PACK)
    web_folder = request.app[PACKS].web_folders.get(pack)
    if pack == spec.module or web_folder is None:
        return None
    folders = request.app[SETTINGS].folders
    for page in candidates(spec.name, request.query.get("locale", "en")):
        try:
            found = folders.safe(web_folder, page).is_file()
        except UnsafePath:
            continue
        if found:
            return f"/extensions/{quote(pack)}/{quote(page)}"
    return None


def candidates(node: str, locale: str) -> Iterator[str]:
    """Where a page may be, the most fitting first: `zh-CN`, then `zh`, then the one for all, then English."""
    tags = (locale, locale.split("-")[0]) if _LOCALE.fullmatch(locale) else ()
    for tag in dict.fromkeys(tags):
        yield f"docs/{node}/{tag}.md"
    yield f"docs/{node}.md"
    yield f"docs/{node}/en.md"


async def picture(request: web.Request) -> web.FileResponse:
    """What the example of a built-in node makes, as WebP with the graph in it."""
    return _file(request, "picture", "image/webp")


async def example(request: web.Request) -> web.FileResponse:
    """The graph of the example, in API format."""
    return _file(request, "graph", "application/json")


def _file(request: web.Request, kind: str, media: str) -> web.FileResponse:
    name = request.match_info["node_class"]
    known: dict[str, Any] = examples().get(name, {})
    if kind not in known:
        raise not_found(f"there is no {kind} of {name!r}", "node_class")
    return web.FileResponse(
        SHIPPED / known[kind], headers={"Content-Type": media, "Cache-Control": "no-cache"}
    )


ROUTES = (
    Route("GET", "/api/v1/nodes/{node_class}/help", about, alias=False, answer=NodeHelp, query=("locale",)),
    Route("GET", "/api/v1/nodes/{node_class}/picture", picture, alias=False, media="image/webp"),
    Route("GET", "/api/v1/nodes/{node_class}/example", example, alias=False, answer=NodeGraph),
)
