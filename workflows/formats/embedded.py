"""Workflows that travel inside pictures and other media: `workflow` for editing, `prompt` as it was run."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.graph import as_object
from workflows.formats.report import FormatError, NoWorkflow
from workflows.formats.sort import kind_of

_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER_LIMIT = 100 * 2**20
_KEYS = ("workflow", "prompt", "darkroom")
_PICTURES = frozenset({".webp", ".avif", ".jpg", ".jpeg"})
_MEDIA = frozenset({".ogg", ".opus", ".mp3", ".mp4", ".mov", ".m4v", ".webm", ".mkv", ".m4a"})


@dataclass(frozen=True)
class Embedded:
    """What a file holds: the canvas's workflow, the prompt that was run, or both.

    `darkroom` is the stamp of the run that made it: its id and, where known, workflow, version and release.
    """

    workflow: Mapping[str, Any] | None = None
    prompt: Mapping[str, Any] | None = None
    darkroom: Mapping[str, Any] | None = None


def read_file(path: Path) -> Embedded:
    """The workflow and prompt in a JSON file or in media. Raises FormatError if there is none, OSError if
    the file cannot be read.
    """
    data = path.read_bytes()
    if data.startswith(_PNG):
        return _of(_png(data), path)
    if data.startswith(b"fLaC"):
        return _of(_flac(data), path)
    if data.startswith(b"glTF"):
        return _of(_glb(data), path)
    suffix = path.suffix.lower()
    if suffix == ".svg":
        return _of(_svg(data), path)
    if suffix in (".latent", ".safetensors", ".sft"):
        return _of(_safetensors(data), path)
    if suffix in _PICTURES:
        return _of(_exif(path), path)
    if suffix in _MEDIA:
        return _of(_container(path), path)
    return _json(data, path)


def parse(text: str) -> Any:
    """JSON as workflow files have it: with a byte-order mark, and NaN for a number that is none."""
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=lambda name: None)
    except RecursionError as error:
        raise FormatError("it is nested too deeply") from error


def _json(data: bytes, path: Path) -> Embedded:
    try:
        loaded = parse(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: is neither JSON nor a picture or other file that holds a workflow"
        ) from error
    except json.JSONDecodeError as error:
        raise FormatError(f"{path}: is not valid JSON: {error}") from error
    inner = as_object((as_object(loaded) or {}).get("prompt"))
    if inner is not None and kind_of(inner) == "prompt":  # the body of a request, or a history entry
        loaded = inner
    match kind_of(loaded):
        case "prompt":
            return Embedded(prompt=as_object(loaded))
        case "workflow":
            return Embedded(workflow=as_object(loaded))
        case "templates":
            raise NoWorkflow(f"{path}: holds node templates, not a workflow; paste them in the canvas")
        case "nothing":
            pass
    nodes = as_object(loaded)
    if nodes and all(isinstance(node, dict) for node in nodes.values()):
        return Embedded(prompt=nodes)  # with a mistake in a node, which validation will name
    form = "an object of nodes, {id: {class_type, inputs}}, or what the canvas saves"
    raise NoWorkflow(f"{path}: is no workflow: that is {form}")


def _of(texts: Iterator[tuple[str, Any]], path: Path) -> Embedded:
    """The first readable entry of each name."""
    found: dict[str, Mapping[str, Any]] = {}
    try:
        for key, text in texts:
            name = key.lower()
            if name not in _KEYS or name in found:
                continue
            loaded = as_object(parse(text) if isinstance(text, str) else text)
            if loaded:
                found[name] = loaded
    except (ValueError, struct.error, zlib.error, IndexError) as error:
        if not found:
            raise FormatError(f"{path}: the workflow in it cannot be read: {error}") from error
    if found.keys() <= {"darkroom"}:
        raise NoWorkflow(
            f"{path}: holds no workflow; it was saved without metadata, or another program removed it"
        )
    return Embedded(found.get("workflow"), found.get("prompt"), found.get("darkroom"))


def _png(data: bytes) -> Iterator[tuple[str, str]]:
    position = len(_PNG)
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        content = data[position + 8 : position + 8 + size]
        position += 12 + size
        key, _, value = content.partition(b"\0")
        name = key.decode("latin-1")
        if kind in (b"tEXt", b"comf"):
            yield name, value.decode("utf-8", "replace")
        elif kind == b"zTXt":
            yield name, _inflate(value[1:]).decode("latin-1")
        elif kind == b"iTXt" and len(value) > 1:
            compressed = value[0] == 1
            text = value[2:].split(b"\0", 2)[-1]
            yield name, (_inflate(text) if compressed else text).decode("utf-8", "replace")


def _inflate(data: bytes) -> bytes:
    """Decompressed, but not without end."""
    stream = zlib.decompressobj()
    found = stream.decompress(data, _HEADER_LIMIT)
    if stream.unconsumed_tail:
        raise ValueError("a compressed text is too large")
    return found


def _flac(data: bytes) -> Iterator[tuple[str, str]]:
    position, last = 4, False
    while not last and position + 4 <= len(data):
        head = data[position]
        last, size = bool(head & 0x80), int.from_bytes(data[position + 1 : position + 4])
        block = data[position + 4 : position + 4 + size]
        position += 4 + size
        if head & 0x7F == 4:
            yield from _vorbis_comments(block)


def _vorbis_comments(block: bytes) -> Iterator[tuple[str, str]]:
    position = 4 + int.from_bytes(block[:4], "little")
    count = int.from_bytes(block[position : position + 4], "little")
    position += 4
    for _ in range(count):
        size = int.from_bytes(block[position : position + 4], "little")
        key, _, value = block[position + 4 : position + 4 + size].decode("utf-8", "replace").partition("=")
        position += 4 + size
        yield key, value


def _glb(data: bytes) -> Iterator[tuple[str, Any]]:
    size = struct.unpack_from("<I", data, 12)[0]
    loaded = as_object(parse(data[20 : 20 + size].decode("utf-8"))) or {}
    yield from (as_object((as_object(loaded.get("asset")) or {}).get("extras")) or {}).items()


def _svg(data: bytes) -> Iterator[tuple[str, Any]]:
    for text in re.findall(r"<metadata>\s*<!\[CDATA\[(.*?)\]\]>", data.decode("utf-8", "replace"), re.DOTALL):
        yield from (as_object(parse(text)) or {}).items()


def _safetensors(data: bytes) -> Iterator[tuple[str, Any]]:
    size = struct.unpack_from("<Q", data)[0]
    if size > len(data):
        raise ValueError("the header is cut off")
    header = as_object(parse(data[8 : 8 + size].decode("utf-8"))) or {}
    yield from (as_object(header.get("__metadata__")) or {}).items()


def _exif(path: Path) -> Iterator[tuple[str, str]]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            tags = dict(picture.getexif())
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(str(error)) from error
    for value in tags.values():
        if isinstance(value, str):
            key, _, text = value.partition(":")
            yield key, text.rstrip("\0")


def _container(path: Path) -> Iterator[tuple[str, str]]:
    try:
        import av
    except ImportError as error:
        raise ValueError(
            "reading audio and video needs the package av: pip install 'darkroom[media]'"
        ) from error
    opened: Callable[..., Any] = av.open
    try:
        with opened(str(path)) as container:
            tags = [dict(container.metadata), *(dict(stream.metadata) for stream in container.streams)]
    except OSError as error:
        raise ValueError(str(error)) from error
    for entries in tags:
        yield from entries.items()
