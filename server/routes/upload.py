"""POST /upload/image and /upload/mask: files for the input folder, streamed to disk and named without
races.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, web
from pydantic import ValidationError

from server.files.media import masked
from server.files.multipart import chunks, content, each_part
from server.files.storage import (
    Outside,
    Received,
    publish,
    receive,
    resolve,
    unstorable,
    writable_name,
    write,
)
from server.http import Problem, parse_json
from server.jobs.records import Json
from server.keys import CLEARANCE, SETTINGS
from server.routes.view import PLACES, decoded, locate
from server.schemas import OriginalRef, Uploaded
from server.settings import Settings
from server.table import Route

_MAX_FIELD = 64 * 1024


@dataclass
class _Form:
    """The parts of an upload. The file is already on disk, hidden; `name` is what the client calls it."""

    fields: dict[str, str] = field(default_factory=dict[str, str])
    name: str = ""
    file: Received | None = None


async def image(request: web.Request) -> web.Response:
    """Store a file. An equal one is reused, a different one of the same name gets a number, unless
    `overwrite`.
    """
    settings = request.app[SETTINGS]
    form = await _read(request, settings)
    try:
        kind, target = _target(settings, form)
        path = await asyncio.to_thread(_store, form, target, settings.hashing)
    finally:
        _drop(form)
    return _answer(path, form, kind)


async def mask(request: web.Request) -> web.Response:
    """Store the picture `original_ref` names with the alpha channel of the one uploaded."""
    settings = request.app[SETTINGS]
    form = await _read(request, settings)
    try:
        kind, target = _target(settings, form)
        ref = _original(form)
        original = await asyncio.to_thread(locate, settings.folders, ref.filename, ref.subfolder, ref.type)
        assert form.file is not None
        seen = await request.app[CLEARANCE].cleared(original)
        picture = await decoded(request, masked, seen, form.file.path)
        path = await asyncio.to_thread(_store_bytes, picture, form, target, settings)
    finally:
        _drop(form)
    return _answer(path, form, kind)


def _answer(path: Path, form: _Form, kind: str) -> web.Response:
    body: Json = {"name": path.name, "subfolder": form.fields.get("subfolder", ""), "type": kind}
    return web.json_response(body)


async def _read(request: web.Request, settings: Settings) -> _Form:
    form = _Form()
    try:
        await each_part(request, settings.max_body, lambda part: _part(part, form, settings))
    except BaseException:
        _drop(form)
        raise
    if form.file is None or not form.name:
        _drop(form)
        raise Problem(400, "no_image", "the part 'image' must be a file with a name", "image")
    return form


async def _part(part: BodyPartReader, form: _Form, settings: Settings) -> None:
    if part.name == "image" and part.filename and form.file is None:
        form.name = part.filename
        # Where it will stay, as far as that is known by now, so that it need not move between file systems.
        kind = form.fields.get("type")
        folder = settings.folders.place(kind if kind in PLACES else "input")
        form.file = await receive(chunks(part), folder, settings.max_body, settings.hashing)
        return
    form.fields[part.name or ""] = (await content(part, _MAX_FIELD)).decode("utf-8", "replace")


def _target(settings: Settings, form: _Form) -> tuple[str, Path]:
    kind = form.fields.get("type") or "input"
    if kind not in PLACES:
        raise Problem(400, "invalid_type", f"type must be one of {', '.join(PLACES)}, not {kind!r}", "type")
    try:
        folder = resolve(settings.folders.place(kind), form.fields.get("subfolder", ""))
        *parents, name = form.name.replace("\\", "/").split("/")
        target = resolve(folder, "/".join([*parents, writable_name(name)]))
        if not target.is_relative_to(settings.folders.place(kind).resolve()):
            raise Outside("the folder is a link that leads elsewhere")
    except Outside as error:
        raise Problem(400, "outside", str(error), "image, subfolder") from error
    return kind, target


def _overwrite(form: _Form) -> bool:
    return form.fields.get("overwrite") in {"true", "1"}


def _store(form: _Form, target: Path, hashing: str) -> Path:
    assert form.file is not None
    try:
        return publish(form.file, target, overwrite=_overwrite(form), hashing=hashing)
    except OSError as error:
        raise unstorable(error, "image") from error


def _store_bytes(picture: bytes, form: _Form, target: Path, settings: Settings) -> Path:
    assert form.file is not None
    try:
        write(form.file.path, picture)  # in place of the mask, which is hidden and goes away
    except OSError as error:
        raise unstorable(error, "image") from error
    digest = hashlib.new(settings.hashing, picture).hexdigest()
    return _store(_Form(form.fields, form.name, Received(form.file.path, digest)), target, settings.hashing)


def _original(form: _Form) -> OriginalRef:
    if "original_ref" not in form.fields:
        raise Problem(
            400, "no_original_ref", "the part 'original_ref' names the picture to mask", "original_ref"
        )
    try:
        return OriginalRef.model_validate(parse_json(form.fields["original_ref"].encode()))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Problem(400, "invalid_body", f"original_ref: {first['msg']}", "original_ref") from error


def _drop(form: _Form) -> None:
    if form.file is not None:
        form.file.path.unlink(missing_ok=True)


ROUTES = (
    Route("POST", "/upload/image", image, answer=Uploaded),
    Route("POST", "/upload/mask", mask, answer=Uploaded),
)
