"""/api/v1/templates: the workflows that ship with the project."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from server.files.schemas import TemplateRecord, TemplatesAnswer
from server.http import not_found
from server.jobs.records import Json
from server.table import Route
from workflows.library import Shipped, newest


async def listing(request: web.Request) -> web.Response:
    """Title, description and picture of each."""
    return web.json_response({"templates": await asyncio.to_thread(_all)})


async def one(request: web.Request) -> web.Response:
    """A template with its workflow, in UI format."""
    template = await asyncio.to_thread(_known, request)
    workflow = await asyncio.to_thread(lambda: template.document)
    return web.json_response({**_described(template.name, workflow), "workflow": workflow})


async def picture(request: web.Request) -> web.FileResponse:
    """What it makes, as a JPEG."""
    path = (await asyncio.to_thread(_known, request)).thumbnail
    if not path.is_file():
        raise not_found("this template has no picture", "name")
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})


def _all() -> list[Json]:
    return [_described(name, template.document) for name, template in newest().items()]


def _known(request: web.Request) -> Shipped:
    name, templates = request.match_info["name"], newest()
    if name not in templates:
        raise not_found(f"there is no template {name!r}; there are {', '.join(templates)}", "name")
    return templates[name]


def _described(name: str, workflow: Json) -> Json:
    info: dict[str, Any] = workflow["extra"]["info"]
    shown = {"title": info["name"], "description": info["description"]}
    return {"name": name, **shown, "picture": f"/api/v1/templates/{name}/picture"}


ROUTES = (
    Route("GET", "/api/v1/templates", listing, alias=False, answer=TemplatesAnswer),
    Route("GET", "/api/v1/templates/{name}", one, alias=False, answer=TemplateRecord),
    Route("GET", "/api/v1/templates/{name}/picture", picture, alias=False, media="image/jpeg"),
)
