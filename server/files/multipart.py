"""Reading multipart/form-data part by part, so that files never have to fit into memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import BodyPartReader, web

from server.http import Problem, too_large


async def each_part(
    request: web.Request, limit: int, take: Callable[[BodyPartReader], Awaitable[None]]
) -> None:
    """Give each part of a form to `take`. Raises Problem 400 for anything else, 413 over `limit` bytes."""
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    if not request.content_type.startswith("multipart/"):
        raise Problem(400, "not_multipart", "send the file as multipart/form-data", "Content-Type")
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise Problem(400, "nested_multipart", "the parts of an upload must be plain", "body")
            await take(part)
    except (ValueError, AssertionError) as error:
        text = f"the body is not multipart/form-data: {error}"
        raise Problem(400, "invalid_multipart", text, "body") from error


async def chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    """The bytes of a part as they come."""
    while chunk := await part.read_chunk(65536):
        yield chunk


async def content(part: BodyPartReader, limit: int) -> bytes:
    """A part that is small. Raises Problem 413 if it is not."""
    found = bytearray()
    async for chunk in chunks(part):
        found += chunk
        if len(found) > limit:
            raise Problem(413, "too_large", f"the part {part.name!r} is larger than {limit} bytes", "body")
    return bytes(found)
