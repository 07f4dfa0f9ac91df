"""What a caller gives: values as JSON, or as the parts of a form, files among them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from server.files.media import sniff
from server.files.multipart import chunks, content, each_part
from server.files.storage import Received, publish, read_head, receive, unstorable
from server.http import Problem, as_model, parse_json, read_body
from server.jobs.records import Json
from server.keys import SETTINGS
from server.settings import Settings
from server.workflows.call_schemas import CallBody

SUBFOLDER = "calls"
"""Where files of callers go, below the input folder."""
_LONGEST_TEXT = 1024 * 1024
_HASH = "sha256"
_ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "image/avif": ".avif",
}


@dataclass
class Given:
    """Values by the names of inputs."""

    values: Json = field(default_factory=dict[str, Any])
    text: set[str] = field(default_factory=set[str])
    """Names of values that came as text, to be read as what the input is."""

    @property
    def identity(self) -> bytes:
        """The same for two requests that give the same."""
        return json.dumps([self.values, sorted(self.text)], sort_keys=True).encode()


async def given(request: web.Request) -> Given:
    """The values in the body of a request; none if it is empty. Raises Problem 400, 413, 415 or 507.

    Files are stored under the hash of their content, so the same file twice is one.
    """
    if request.content_type.startswith("multipart/"):
        found, settings = Given(), request.app[SETTINGS]
        await each_part(request, settings.max_body, lambda part: _take(part, found, settings))
        return found
    raw = await read_body(request)
    return Given(as_model(parse_json(raw), CallBody).root) if raw.strip() else Given()


async def _take(part: BodyPartReader, found: Given, settings: Settings) -> None:
    name = part.name or ""
    if name in found.values:
        raise Problem(400, "invalid_multipart", f"there are several parts {name!r}; send one", name)
    if part.filename:
        found.values[name] = await _stored(part, name, settings)
        return
    data = await content(part, _LONGEST_TEXT)
    if part.headers.get("Content-Type", "").startswith("application/json"):
        found.values[name] = parse_json(data)
        return
    try:
        found.values[name] = data.decode()
    except UnicodeDecodeError as error:
        raise Problem(400, "invalid_multipart", f"the part {name!r} is not UTF-8", name) from error
    found.text.add(name)


async def _stored(part: BodyPartReader, name: str, settings: Settings) -> Json:
    # Into the folder that is swept at start, should this never end.
    received = await receive(chunks(part), settings.folders.input, settings.max_body, _HASH)
    return await asyncio.to_thread(_published, received, name, settings)


def _published(received: Received, name: str, settings: Settings) -> Json:
    try:
        ending = _ENDINGS.get(sniff(read_head(received.path)))
        if ending is None:
            text = f"the file for {name!r} is no picture; send a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF"
            raise Problem(415, "not_an_image", text, name)
        target = settings.folders.input / SUBFOLDER / f"{received.digest}{ending}"
        path = publish(received, target, overwrite=False, hashing=_HASH)
    except OSError as error:
        raise unstorable(error, name) from error
    finally:
        received.path.unlink(missing_ok=True)
    return {"filename": path.name, "subfolder": SUBFOLDER, "type": "input"}
