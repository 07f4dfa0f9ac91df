"""Small pictures of workflows: checked when they come in, since they are handed out again."""

from __future__ import annotations

import base64
import binascii

from server.files.media import sniff
from server.http import Problem

LARGEST = 256 * 1024
KINDS = ("image/png", "image/jpeg", "image/webp")


def picture_of(uri: str | None) -> bytes | None:
    """The bytes of a picture in a data URI. Raises Problem 400, 413 or 415."""
    if uri is None:
        return None
    head, comma, data = uri.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        text = "a thumbnail is a data URI such as data:image/png;base64,..."
        raise Problem(400, "invalid_body", text, "thumbnail")
    if len(data) > LARGEST * 4 // 3 + 4:
        raise _too_large()
    try:
        picture = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        text = f"the thumbnail is not base64: {error}"
        raise Problem(400, "invalid_body", text, "thumbnail") from error
    if len(picture) > LARGEST:
        raise _too_large()
    if sniff(picture[:64]) not in KINDS:
        raise Problem(415, "not_an_image", "a thumbnail must be a PNG, JPEG or WebP picture", "thumbnail")
    return picture


def _too_large() -> Problem:
    return Problem(413, "too_large", f"a thumbnail may have up to {LARGEST // 1024} KiB", "thumbnail")
