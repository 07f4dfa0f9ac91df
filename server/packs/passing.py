"""Passing a request on to the worker that serves a pack's routes, and its answer back, both as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp import ClientSession, ClientTimeout, UnixConnector, web
from yarl import URL

from engine.inline import LEAST, holds_picture
from server.gate import Handler
from server.http import Problem
from server.keys import CLEARANCE, PACKS, SETTINGS

_AWAY = (
    "this route belongs to a pack, and packs run in the worker, which is away: it is starting, or it has "
    "ended and will be started again; try again in a moment"
)
_HOPS = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers",
     "transfer-encoding", "upgrade"}
)  # fmt: skip
_OURS = frozenset({"access-control-allow-origin", "access-control-allow-credentials"})
"""Who may call is this server's to decide, not a pack's."""
_DATA = frozenset({"application/json", "application/x-ndjson", "text/event-stream", "text/plain"})
"""Answers made of data. Pages and scripts bring small pictures of their own."""


@web.middleware
async def packs(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Requests no route of ours takes go to the pack that has one for them."""
    if request.match_info.http_exception is None or not await request.app[PACKS].serves(request):
        return await handler(request)
    limit = request.app[SETTINGS].max_body
    if (request.content_length or 0) > limit:
        raise web.HTTPRequestEntityTooLarge(limit, request.content_length or 0)
    for path in request.app[PACKS].sockets:
        try:
            return await _pass_on(request, path, limit)
        except (aiohttp.ClientConnectorError, FileNotFoundError):
            request.app[PACKS].gone(path)
    raise Problem(502, "worker_away", _AWAY, request.path, {"Retry-After": "2"})


async def _pass_on(request: web.Request, path: Path, limit: int) -> web.StreamResponse:
    left = _HOPS | {"accept-encoding"} if request.app[CLEARANCE].required else _HOPS
    headers = {k: v for k, v in request.headers.items() if k.lower() not in left}
    url = URL(f"http://{request.headers.get('Host', 'localhost')}{request.raw_path}", encoded=True)
    body = _Bounded(request, limit)
    async with ClientSession(
        connector=UnixConnector(str(path)),
        timeout=ClientTimeout(total=None, sock_connect=2.0),
        auto_decompress=False,
    ) as session:
        try:
            async with session.request(
                request.method,
                url,
                headers=headers,
                data=body.chunks() if request.can_read_body else None,
                allow_redirects=False,
            ) as answer:
                return await _give_back(request, answer)
        except aiohttp.ClientConnectorError:
            raise
        except aiohttp.ClientError as error:
            if body.too_large:
                raise web.HTTPRequestEntityTooLarge(limit, body.size) from error
            raise Problem(502, "worker_away", _AWAY, request.path, {"Retry-After": "2"}) from error


class _Bounded:
    """A request's body as it comes in, cut off where it gets too large."""

    def __init__(self, request: web.Request, limit: int) -> None:
        self._request = request
        self._limit = limit
        self.size = 0

    @property
    def too_large(self) -> bool:
        return self.size > self._limit

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._request.content.iter_chunked(65536):
            self.size += len(chunk)
            if self.too_large:
                raise ValueError("the body is too large")  # ends the request; the caller knows why
            yield chunk


async def _give_back(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    chunks = answer.content.iter_any()
    if request.app[CLEARANCE].required:
        chunks = await _checked(answer, chunks, request)
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in _HOPS | _OURS:
            response.headers.add(name, value)
    response.headers["X-Content-Type-Options"] = "nosniff"
    await response.prepare(request)
    try:
        async for chunk in chunks:
            await response.write(chunk)
    except (aiohttp.ClientError, Problem) as error:
        # Half an answer is out: only an end that nobody takes for the proper one can tell.
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the worker ended in the middle of an answer") from error
    await response.write_eof()
    return response


async def _checked(
    answer: aiohttp.ClientResponse, chunks: AsyncIterator[bytes], request: web.Request
) -> AsyncIterator[bytes]:
    """An answer under the safety policy: words, and no pictures in words. Raises Problem 403."""
    coded = answer.headers.get("Content-Encoding", "identity").lower() != "identity"
    if coded or not request.app[CLEARANCE].passes(answer.content_type):
        text = f"the safety policy lets no {answer.content_type} of a pack through: nobody has looked at it"
        raise Problem(403, "not_checkable", text, request.path)
    if answer.content_type not in _DATA:
        return chunks
    parts = _without_pictures(chunks, request.path)
    first = await anext(parts, b"")  # what comes later can only be cut off
    return _again(first, parts)


async def _without_pictures(chunks: AsyncIterator[bytes], path: str) -> AsyncIterator[bytes]:
    tail = b""
    async for chunk in chunks:
        seen = tail + chunk
        if await asyncio.to_thread(holds_picture, seen.decode("latin-1")):
            text = "the safety policy lets no pictures in texts of a pack through: nobody has looked at them"
            raise Problem(403, "not_checkable", text, path)
        tail = seen[-4 * LEAST :]
        yield chunk


async def _again(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
