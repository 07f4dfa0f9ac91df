"""What happens around every handler besides the gate: caching hints, compression, and errors as JSON."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus

from aiohttp import web

from server.gate import Handler
from server.http import Problem
from server.jobs.records import StoreError

log = logging.getLogger("darkroom.server")

_NO_CACHE = re.compile(r"(\.js|\.css|/index[^/]*\.json)$")
_IMAGE = re.compile(r"\.(jpg|jpeg|png|ppm|bmp|pgm|tif|tiff|webp)$", re.IGNORECASE)
_DAY, _HOUR = "public, max-age=86400", "public, max-age=3600"


def cache_control(path: str, status: int) -> str | None:
    """The Cache-Control value for a response, by the ending of the URL's path."""
    if _NO_CACHE.search(path):
        return "no-cache"
    if not _IMAGE.search(path):
        return None
    if 200 <= status <= 206 or status in {301, 308}:
        return _DAY
    return {404: _HOUR, 302: "no-cache", 303: "no-cache", 307: "no-cache"}.get(status)


@web.middleware
async def caching(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say how long a response may be kept, where the handler has not."""
    response = await handler(request)
    value = cache_control(request.path, response.status)
    if value is not None and not response.prepared:
        response.headers.setdefault("Cache-Control", value)
    return response


@web.middleware
async def compression(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Compress JSON and text for clients that take gzip."""
    response = await handler(request)
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    text = response.content_type in {"application/json", "text/plain"}
    if takes_gzip and text and isinstance(response, web.Response) and response.body is not None:
        response.enable_compression(web.ContentCoding.gzip)
    return response


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every problem into JSON. What nobody foresaw is told to the log alone."""
    try:
        response = await handler(request)
    except Problem as problem:
        return problem.response()
    except StoreError as error:
        text = f"the job database refuses: {error}"
        status = 507 if error.full else 503
        return Problem(status, "storage", text, "queue", {"Retry-After": "10"}).response()
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = re.sub(r"\W+", "_", HTTPStatus(error.status).phrase.lower())
        kept = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
        return Problem(
            error.status, code, f"{request.method} {request.path}: {error.reason}", "", kept
        ).response()
    except (ConnectionError, TimeoutError):
        raise
    except Exception:  # the last line of defence: the server must answer and stay up
        log.exception("%s %s failed", request.method, request.path)
        text = "the server failed at this request; its log says why"
        return Problem(500, "internal_error", text, request.path).response()
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
