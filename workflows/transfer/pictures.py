"""Pictures that come along with workflows: small copies of them, and pictures that carry a workflow."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workflows.formats.report import FormatError

Json = Mapping[str, Any]
PICTURES = frozenset({".png", ".webp", ".jpg", ".jpeg", ".avif"})
SIDE = 384
"""The longer side of a small copy, in pixels."""
_QUALITY = 85
_PLAIN_MODES = frozenset({"L", "LA", "RGB", "RGBA"})
_PLAIN = (320, 200)
_GREY = (38, 38, 42)


def thumbnail_of(path: Path) -> bytes | None:
    """A small JPEG of a picture; None for a file that is none or cannot be drawn."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (SIDE, SIDE))  # a JPEG is decoded small at once
            picture = (
                opened.reduce(max(1, max(opened.size) // SIDE)) if opened.mode in _PLAIN_MODES else opened
            )
            if picture.mode.startswith("I"):  # 16 bits
                picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
            picture.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
            picture = _opaque(picture)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=_QUALITY)
    return kept.getvalue()


def with_workflow(picture: bytes | None, carried: Mapping[str, Json]) -> bytes:
    """A PNG of the picture, or of a plain field, that carries documents by name, such as `workflow`.

    ComfyUI and the canvas open it when it is dropped on them. Raises FormatError if the picture is none.
    """
    from PIL import Image, UnidentifiedImageError
    from PIL.PngImagePlugin import PngInfo

    try:
        drawn = Image.new("RGB", _PLAIN, _GREY) if picture is None else Image.open(io.BytesIO(picture))
        drawn.load()
    except (UnidentifiedImageError, OSError) as error:
        raise FormatError(f"the picture of this version cannot be drawn: {error}") from error
    texts = PngInfo()
    for name, document in carried.items():
        texts.add_text(name, json.dumps(document))
    kept = io.BytesIO()
    drawn.save(kept, "PNG", pnginfo=texts)
    return kept.getvalue()


def _opaque(picture: Any) -> Any:
    """In colours that JPEG has, what is transparent on grey."""
    from PIL import Image

    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    ground = Image.new("RGBA", picture.size, (*_GREY, 255))
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
