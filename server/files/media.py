"""Serving files so that they stay pictures: the type comes from the bytes, and nothing a browser would run
is inline.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from server.files.storage import read_head
from server.http import Problem

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 178_956_970  # Pillow's own bound for a decompression bomb
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_LONGEST = {"webp": 16383, "jpeg": 65500}
"""The longest side a format can hold, in pixels; PNG has no bound that matters."""
_BINARY = "application/octet-stream"


def sniff(head: bytes) -> str:
    """The media type the first bytes prove, or `application/octet-stream`."""
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], _BINARY)
    if head[4:8] == b"ftyp":
        return "image/avif" if head[8:12] == b"avif" else "video/mp4"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), _BINARY)


@dataclass(frozen=True)
class Snapshot:
    """A file's name, and what was in it when it was read."""

    name: str
    data: bytes


Picture = Path | Snapshot


def inert_headers(file: Picture) -> dict[str, str]:
    """Headers for handing out a file: known media inline, everything else as a download, nothing that can
    act.
    """
    kind = sniff(read_head(file) if isinstance(file, Path) else file.data[:64])
    if kind == _BINARY and file.name.lower().endswith(".json"):
        kind = "application/json"
    token = "attachment; " if kind == _BINARY else ""
    return {"Content-Type": kind, "Content-Disposition": token + disposition(file.name), **INERT}


INERT = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


def disposition(name: str) -> str:
    """The `filename` parameter of a Content-Disposition header, quoted, with UTF-8 beside it where needed."""
    plain = name.encode("ascii", "replace").decode().replace("\\", "_").replace('"', "_")
    if plain == name:
        return f'filename="{name}"'
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def open_image(path: Picture) -> Image.Image:
    """A picture from a file, its size checked before any pixel is decoded. Raises Problem 415 or 413."""
    from PIL import Image, UnidentifiedImageError

    try:
        source = path if isinstance(path, Path) else io.BytesIO(path.data)
        image = Image.open(source, formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise Problem(
                413, "image_too_large", f"{path.name} has {image.width}x{image.height} pixels", "filename"
            )
        image.load()
        return image
    except Image.DecompressionBombError as error:
        raise Problem(413, "image_too_large", f"{path.name}: {error}", "filename") from error
    except UnidentifiedImageError as error:  # whose text names the whole path
        raise Problem(
            415, "not_an_image", f"{path.name} is no picture of a known kind", "filename"
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise Problem(
            415, "not_an_image", f"{path.name} cannot be read as a picture: {error}", "filename"
        ) from error


@dataclass(frozen=True)
class Encoded:
    """A picture as bytes, and what they are."""

    data: bytes
    content_type: str


def preview(path: Picture, text: str, channel: str) -> Encoded:
    """The picture re-encoded as `FORMAT[;QUALITY]` asks: WebP, or JPEG without alpha. Full size.

    One that moves stays as it is: encoded anew it would stand still, or take long.
    """
    image = open_image(path)
    if getattr(image, "is_animated", False) and "a" not in channel:
        data = path.read_bytes() if isinstance(path, Path) else path.data
        return Encoded(data, sniff(data[:64]))
    kind = "jpeg" if text.split(";")[0] == "jpeg" and "a" not in channel else "webp"
    last = text.split(";")[-1]
    quality = min(int(last), 100) if last.isascii() and last.isdigit() else 90
    if kind == "jpeg" or channel == "rgb":
        image = image.convert("RGB")
    return _encode(image, kind, quality=quality)


def without_alpha(path: Picture) -> Encoded:
    """The picture as a PNG of its colours alone."""
    from PIL import Image

    image = open_image(path)
    if image.mode == "RGBA":
        return _encode(Image.merge("RGB", image.split()[:3]), "png")
    return _encode(image.convert("RGB"), "png")


def alpha_only(path: Picture) -> Encoded:
    """A black picture with the file's transparency; opaque where it has none."""
    from PIL import Image

    image = open_image(path).convert("RGBA")
    black = Image.new("RGBA", image.size)
    black.putalpha(image.split()[-1])
    return _encode(black, "png")


def masked(original: Picture, mask: Path) -> bytes:
    """PNG of `original` with its alpha replaced by that of `mask`; the original's text chunks are kept."""
    from PIL.PngImagePlugin import PngInfo

    picture, alpha = open_image(original), open_image(mask).convert("RGBA").getchannel("A")
    notes = PngInfo()
    for key, value in getattr(picture, "text", {}).items():
        notes.add_text(str(key), str(value))
    if alpha.size != picture.size:
        alpha = alpha.resize(picture.size)
    result = picture.convert("RGBA")
    result.putalpha(alpha)
    buffer = io.BytesIO()
    result.save(buffer, "PNG", pnginfo=notes, compress_level=4)
    return buffer.getvalue()


def _encode(image: Image.Image, kind: str, quality: int | None = None) -> Encoded:
    buffer = io.BytesIO()
    options = {} if quality is None else {"quality": quality}
    if max(image.size) > _LONGEST.get(kind, max(image.size)):
        kind = "png"
    if kind == "webp" and image.mode not in {"RGB", "RGBA"}:
        image = image.convert("RGBA")
    try:
        image.save(buffer, kind.upper(), **options)
    except (OSError, ValueError) as error:  # what a format cannot hold
        raise Problem(
            415, "not_encodable", f"the picture cannot be made {kind}: {error}", "preview"
        ) from error
    return Encoded(buffer.getvalue(), f"image/{kind}")
