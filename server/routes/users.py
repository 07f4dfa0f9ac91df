"""/users and /settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from server.answers import UsersAnswer, Values
from server.http import Problem, read_json, read_model
from server.jobs.records import Json
from server.keys import USERS
from server.schemas import UserBody
from server.table import Route


def folder_of(request: web.Request) -> Path:
    """The folder of the user a request is made for."""
    return request.app[USERS].folder(request.headers.get("comfy-user"))


async def listing(request: web.Request) -> web.Response:
    """Where user data is kept, and the users if there are several."""
    return web.json_response(request.app[USERS].listing())


async def add(request: web.Request) -> web.Response:
    """Make a user; answers the id to send as `comfy-user` header."""
    body = await read_model(request, UserBody)
    return web.json_response(request.app[USERS].add(body.username))


async def all_settings(request: web.Request) -> web.Response:
    """Every setting of the user."""
    return web.json_response(request.app[USERS].settings(folder_of(request)))


async def one_setting(request: web.Request) -> web.Response:
    """One setting, or null."""
    settings = request.app[USERS].settings(folder_of(request))
    return web.json_response(settings.get(request.match_info["id"]))


async def change_settings(request: web.Request) -> web.Response:
    """Merge settings into those stored."""
    changes: Any = await read_json(request)
    if not isinstance(changes, dict):
        raise Problem(400, "invalid_body", "settings are a JSON object", "body")
    await _change(request, changes)  # pyright: ignore[reportUnknownArgumentType]
    return web.Response()


async def change_setting(request: web.Request) -> web.Response:
    """Store one setting: any JSON value."""
    await _change(request, {request.match_info["id"]: await read_json(request)})
    return web.Response()


async def _change(request: web.Request, changes: Json) -> None:
    # Not in a thread: reading, merging and writing must not interleave with another change.
    request.app[USERS].change(folder_of(request), changes)


ROUTES = (
    Route("GET", "/users", listing, answer=UsersAnswer),
    Route("POST", "/users", add, body=UserBody),
    Route("GET", "/settings", all_settings, answer=Values),
    Route("GET", "/settings/{id}", one_setting),
    Route("POST", "/settings", change_settings),
    Route("POST", "/settings/{id}", change_setting),
)
