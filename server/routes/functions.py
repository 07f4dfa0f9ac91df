"""/api/v1/functions: the workflows that can be called."""

from __future__ import annotations

from aiohttp import web

from server.http import json_answer, read_model
from server.table import Route
from server.workflows.call_schemas import FunctionCheck, FunctionCheckBody, FunctionRecord, FunctionsAnswer
from server.workflows.calls import reference, resolved
from server.workflows.catalogue import checked, listed, recorded


async def listing(request: web.Request) -> web.Response:
    """Every workflow that is released as a function, by its newest release."""
    found = await listed(request.app)
    return await json_answer(lambda: {"functions": found})


async def one(request: web.Request) -> web.Response:
    """A function with the JSON Schema of its inputs. `name` is NAME or NAME@REF."""
    called = await resolved(request.app, *reference(request.match_info["name"]))
    return await json_answer(lambda: recorded(called))


async def check(request: web.Request) -> web.Response:
    """What a document declares as its inputs and outputs, and everything that is wrong with it."""
    body = await read_model(request, FunctionCheckBody)
    found = await checked(request.app, body.document)
    return await json_answer(lambda: found)


ROUTES = (
    Route("GET", "/api/v1/functions", listing, alias=False, answer=FunctionsAnswer),
    Route("GET", "/api/v1/functions/{name}", one, alias=False, answer=FunctionRecord),
    Route(
        "POST",
        "/api/v1/functions/check",
        check,
        alias=False,
        body=FunctionCheckBody,
        answer=FunctionCheck,
    ),
)
