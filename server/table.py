"""A route as data: the router, the gate's test and the API document are made from the same rows."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

_PARAMETER = re.compile(r"{(\w+)}")
"""In a path; left to itself, aiohttp would not let it hold braces."""


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Args:
        alias: Whether it also exists below `/api`.
        body, answer, refusal: Models of the request, of the 200, and of the 400 if it is not the usual error.
        others: Models of answers with other statuses, where these have a shape of their own.
        multipart: Whether the fields of the body may also come as the parts of a form, with files.
        query, headers: Names of query parameters and of headers with a meaning of their own.
        media: Content type of the answer when it is not JSON.
    """

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    alias: bool = True
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    refusal: type[BaseModel] | None = None
    others: tuple[tuple[int, type[BaseModel]], ...] = ()
    multipart: bool = False
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    media: str = "application/json"

    def definitions(self) -> list[web.RouteDef]:
        """What the router gets."""
        path = _PARAMETER.sub(r"{\1:[^/]+}", self.path)
        paths = [path, f"/api{path}"] if self.alias else [path]
        if self.method == "GET":  # which brings HEAD along
            return [web.get(path, self.handler) for path in paths]
        return [web.route(self.method, path, self.handler) for path in paths]
