"""The API document, made from the rows of the route table and the models that check requests."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from server.jobs.records import Json
from server.keys import SETTINGS, TABLE
from server.schemas import ErrorBody
from server.table import Route

_REF = "#/components/schemas/{model}"


def document(app: web.Application) -> Json:
    """OpenAPI 3.1 for every route of the application. Aliases below `/api` are mentioned, not repeated."""
    routes = app[TABLE]
    models = _models(routes)
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    text = (
        "A typed node-graph engine for diffusion image generation. Paths outside /api also exist below /api."
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Darkroom", "version": app[SETTINGS].version, "description": text},
        "paths": paths,
        "components": {"schemas": schemas.get("$defs", {})},
    }


def _models(routes: Iterable[Route]) -> list[type[BaseModel]]:
    rows = [(r.body, r.answer, r.refusal, *(model for _, model in r.others)) for r in routes]
    found = [model for row in rows for model in row if model is not None]
    return list(dict.fromkeys([*found, ErrorBody]))


def _operation(route: Route) -> Json:
    summary, _, rest = (inspect.getdoc(route.handler) or "").partition("\n\n")
    module = route.handler.__module__.rsplit(".", 1)[-1]
    operation: Json = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_"),
        "tags": [module],
        "summary": summary.replace("\n", " "),
        "parameters": [
            *_path_parameters(route.path),
            *_parameters("query", route.query),
            *_parameters("header", route.headers),
        ],
        "responses": _responses(route),
    }
    if rest:
        operation["description"] = rest
    if route.body is not None:
        kinds = ("application/json", "multipart/form-data") if route.multipart else ("application/json",)
        operation["requestBody"] = {"content": {kind: {"schema": _ref(route.body)} for kind in kinds}}
    return operation


def _responses(route: Route) -> Json:
    schema = _ref(route.answer) if route.answer is not None else {}
    usual = {"description": "What went wrong", "content": {"application/json": {"schema": _ref(ErrorBody)}}}
    found: Json = {"200": {"description": "OK", "content": {route.media: {"schema": schema}}}, "4XX": usual}
    if route.refusal is not None:
        content = {"application/json": {"schema": _ref(route.refusal)}}
        found["400"] = {"description": "Every problem of the graph", "content": content}
    for status, model in route.others:
        content = {"application/json": {"schema": _ref(model)}}
        found[str(status)] = {"description": inspect.getdoc(model) or "", "content": content}
    return found


def _path_parameters(path: str) -> list[Json]:
    names = re.findall(r"{(\w+)}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _parameters(where: str, names: Iterable[str]) -> list[Json]:
    return [{"name": name, "in": where, "schema": {"type": "string"}} for name in names]


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REF.format(model=model.__name__)}
