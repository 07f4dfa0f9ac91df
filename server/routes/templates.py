"""/api/v1/templates: the workflows that ship with the project."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from server.files.schemas import TemplateRecord, TemplatesAnswer
from server.http import not_found
from server.jobs.records import Json
from server.table import Route
from workflows import TEMPLATES

_ORDER = ("text_to_image", "image_to_image", "batch", "compare_samplers", "upscale", "safety_check")
"""The first ones to show; the others follow by name."""


async def listing(request: web.Request) -> web.Response:
    """Title, description and picture of each."""
    names = await asyncio.to_thread(_names)
    found = [await asyncio.to_thread(_facts, name) for name in names]
    return web.json_response({"templates": found})


async def one(request: web.Request) -> web.Response:
    """A template with its workflow, in UI format."""
    name = _known(request)
    workflow = await asyncio.to_thread(_workflow, name)
    return web.json_response({**_described(name, workflow), "workflow": workflow})


async def picture(request: web.Request) -> web.FileResponse:
    """What it makes, as a JPEG."""
    path = TEMPLATES / f"{_known(request)}.jpg"
    if not path.is_file():
        raise not_found("this template has no picture", "name")
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})


def _names() -> list[str]:
    names = sorted(path.stem for path in TEMPLATES.glob("*.json"))
    return sorted(names, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))


def _known(request: web.Request) -> str:
    name = request.match_info["name"]
    if name not in _names():
        raise not_found(f"there is no template {name!r}; there are {', '.join(_names())}", "name")
    return name


def _facts(name: str) -> Json:
    return _described(name, _workflow(name))


def _workflow(name: str) -> Json:
    path: Path = TEMPLATES / f"{name}.json"
    return cast(Json, json.loads(path.read_text(encoding="utf-8")))


def _described(name: str, workflow: Json) -> Json:
    info: dict[str, Any] = workflow["extra"]["info"]
    shown = {"title": info["name"], "description": info["description"]}
    return {"name": name, **shown, "picture": f"/api/v1/templates/{name}/picture"}


ROUTES = (
    Route("GET", "/api/v1/templates", listing, alias=False, answer=TemplatesAnswer),
    Route("GET", "/api/v1/templates/{name}", one, alias=False, answer=TemplateRecord),
    Route("GET", "/api/v1/templates/{name}/picture", picture, alias=False, media="image/jpeg"),
)
