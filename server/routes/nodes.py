"""/object_info: every node class, its inputs and outputs."""

from __future__ import annotations

import asyncio
import hashlib
import json

from aiohttp import web

from server.answers import ObjectInfo
from server.keys import SETTINGS
from server.known import fresh_specs
from server.table import Route
from server.workflows.functions import FUNCTIONS


async def all_classes(request: web.Request) -> web.Response:
    """All node classes, released workflows among them. The choices of file inputs are what the folders hold
    now.
    """
    specs = await fresh_specs(request.app)
    info = await asyncio.to_thread(specs.object_info, request.app[SETTINGS].folders)
    info |= await request.app[FUNCTIONS].object_info(info)
    body = json.dumps(info).encode()
    tag = hashlib.sha256(body).hexdigest()[:32]
    if request.headers.get("If-None-Match") == f'"{tag}"':
        return web.Response(status=304, headers={"ETag": f'"{tag}"'})
    return web.Response(
        body=body, content_type="application/json", charset="utf-8", headers={"ETag": f'"{tag}"'}
    )


async def one_class(request: web.Request) -> web.Response:
    """One node class, or any release of a workflow as `workflow/NAME@1.2.0`; an empty object if there is none
    of that name.
    """
    specs = await fresh_specs(request.app)
    name, folders = request.match_info["node_class"], request.app[SETTINGS].folders
    found = await asyncio.to_thread(specs.one, name, folders)
    return web.json_response(found or await request.app[FUNCTIONS].one(name))


ROUTES = (
    Route("GET", "/object_info", all_classes, answer=ObjectInfo),
    Route("GET", "/object_info/{node_class}", one_class, answer=ObjectInfo),
)
