"""/api/v1/workflows/diff and /merge: what differs between documents, and bringing two of them together."""

from __future__ import annotations

from aiohttp import web

from server.http import json_answer, read_model
from server.table import Route
from server.workflows.compare_schemas import DiffAnswer, DiffBody, MergeAnswer, MergeBody
from server.workflows.comparing import compared, merged


async def diff(request: web.Request) -> web.Response:
    """What differs between two versions or documents, in the words of nodes and their inputs."""
    body = await read_model(request, DiffBody)
    found = await compared(request.app, body)
    return await json_answer(lambda: found)


async def merge(request: web.Request) -> web.Response:
    """Bring the changes of one version into another. Nothing is stored: commit the document with `merged`.

    Conflicts are listed with ids; send the same again with `resolutions` to settle them.
    """
    body = await read_model(request, MergeBody)
    found = await merged(request.app, body)
    return await json_answer(lambda: found)


ROUTES = (
    Route("POST", "/api/v1/workflows/diff", diff, alias=False, body=DiffBody, answer=DiffAnswer),
    Route("POST", "/api/v1/workflows/merge", merge, alias=False, body=MergeBody, answer=MergeAnswer),
)
