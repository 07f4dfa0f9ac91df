"""Reading requests strictly and answering problems in one shape."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class Problem(Exception):
    """A request that cannot be served: HTTP status, a code programs can match, text for people, and where.

    `more` goes beside `error` into the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        where: str = "",
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.where = status, code, message, where
        self.headers, self.more = dict(headers or {}), dict(more or {})

    def response(self) -> web.Response:
        """The JSON answer: `{"error": {"code", "message", "where"}}`."""
        error = {"code": self.code, "message": self.message, "where": self.where}
        return web.json_response({"error": error, **self.more}, status=self.status, headers=self.headers)


def not_found(what: str, where: str = "") -> Problem:
    """404 for a thing that is not there."""
    return Problem(404, "not_found", what, where)


async def read_body(request: web.Request) -> bytes:
    """The whole body. Raises Problem 413 over the limit of the application."""
    limit = request.client_max_size
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    body = bytearray()
    async for chunk in request.content.iter_chunked(65536):
        body += chunk
        if len(body) > limit:
            raise too_large(limit)
    return bytes(body)


def too_large(limit: int) -> Problem:
    """413 in the words ComfyUI's clients know."""
    return Problem(413, "too_large", f"Maximum request body size {limit} exceeded.", "body")


async def read_json(request: web.Request, *, empty: Any = None) -> Any:
    """The body as JSON, whatever its Content-Type says; an empty body is `empty` if that is given.

    Raises Problem 400 for anything that is not strict JSON (NaN, Infinity and numbers beyond all
    bounds are not).
    """
    body = await read_body(request)
    if not body.strip() and empty is not None:
        return empty
    return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Strict JSON from UTF-8 bytes. Raises Problem 400 saying what is wrong and where."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise Problem(
            400, "invalid_json", f"the body is not UTF-8: {error.reason}", f"byte {error.start}"
        ) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise Problem(400, "invalid_json", f"the body is not JSON: {error.msg}", where) from error
    except RecursionError as error:
        raise Problem(400, "invalid_json", "the body is nested too deeply", "body") from error
    except ValueError as error:
        raise Problem(400, "invalid_json", f"the body is not JSON: {error}", "body") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]} is beyond the range of numbers")
    return number


async def json_answer(make: Callable[[], Any]) -> web.Response:
    """What `make` returns as JSON, made and written in a thread: for answers that may be large."""
    body = await asyncio.to_thread(lambda: json.dumps(make()).encode())
    return web.Response(body=body, content_type="application/json", charset="utf-8")


async def read_model(request: web.Request, model: type[Model], *, empty: Any = None) -> Model:
    """The body as `model`. Raises Problem 400 that names the field at fault and what it should be."""
    return as_model(await read_json(request, empty=empty), model)


def as_model(loaded: Any, model: type[Model]) -> Model:
    """Parsed JSON as `model`. Raises Problem 400 likewise."""
    try:
        return model.model_validate(loaded)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Problem(400, "invalid_body", f"{where}: {first['msg']}", where) from error


def query_int(request: web.Request, name: str) -> int | None:
    """An integer query parameter, None if it is absent. Raises Problem 400 if it is something else."""
    text = request.query.get(name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise Problem(400, "invalid_query", f"{name}: {text!r} is not a whole number", name) from error


def query_flag(request: web.Request, name: str, default: bool = False) -> bool:
    """A query parameter that is on if it says `true` or `1`."""
    text = request.query.get(name)
    return default if text is None else text.lower() in {"true", "1"}
