"""An entry of the API document for each function, so that clients can be made from it."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from aiohttp import web

from server.http import Problem
from server.jobs.records import Json
from server.workflows.access import WORKFLOWS
from server.workflows.calls import resolved
from server.workflows.catalogue import released, schema_of
from server.workflows.functions import Called
from workflows.functions import Output

_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
_KINDS: dict[str, Json] = {
    "INT": {"type": "integer"},
    "FLOAT": {"type": "number"},
    "STRING": {"type": "string"},
    "BOOLEAN": {"type": "boolean"},
}
_REF = "#/components/schemas/"


async def functions(app: web.Application) -> Json:
    """Paths of every released function that can be called, by its newest release.

    None if the store or the nodes are not known: the rest of the document does not depend on them.
    """
    found: Json = {}
    try:
        for item, _ in await app[WORKFLOWS].call(released):
            assert item.latest is not None
            try:
                called = await resolved(app, item.name, item.latest.number)
            except Problem:
                continue  # the list of functions says what is wrong with it
            found[f"/api/v1/workflows/{quote(item.name, safe='')}/run"] = {"post": _operation(called)}
    except Problem:
        return {}
    return found


def _operation(called: Called) -> Json:
    name, function = called.version.workflow, called.function
    inputs = schema_of(called)
    return {
        "operationId": f"call_{name}",
        "tags": ["functions"],
        "summary": function.title or name,
        "description": function.description,
        "parameters": [
            {"name": "wait", "in": "query", "schema": {"type": "number", "minimum": 0, "maximum": 600}},
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}},
        ],
        "requestBody": {
            "required": bool(inputs["required"]),
            "content": {
                "application/json": {"schema": inputs},
                "multipart/form-data": {"schema": _form(inputs)},
            },
        },
        "responses": {
            "200": _answer("The run is over", _done(function.outputs)),
            "202": _answer("The run waits", {"$ref": _REF + "CallAccepted"}),
            "422": _answer("Values that do not fit", {"$ref": _REF + "InvalidInputs"}),
            "4XX": _answer("What went wrong", {"$ref": _REF + "ErrorBody"}),
            "500": _answer("The run failed", {"$ref": _REF + "CallFailed"}),
        },
    }


def _answer(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _form(inputs: Json) -> Json:
    """The same as a form: pictures come as files."""
    entries = cast(dict[str, Json], inputs["properties"])
    return {**inputs, "properties": {name: _part(entry) for name, entry in entries.items()}}


def _part(entry: Json) -> Json:
    words = {"description": entry["description"]} if "description" in entry else {}
    return {**_FILE, **words} if "x-file" in entry else entry


def _done(outputs: tuple[Output, ...]) -> Json:
    results: Json = {
        "type": "object",
        "properties": {output.name: _result(output) for output in outputs},
    }
    more: Json = {"type": "object", "properties": {"outputs": results}}
    return {"allOf": [{"$ref": _REF + "CallDone"}, more]}


def _result(output: Output) -> Json:
    files: Json = {"type": "array", "items": {"$ref": _REF + "ResultFile"}}
    found: dict[str, Any] = _KINDS.get(output.type, files)
    return {**found, "description": output.description} if output.description else found
