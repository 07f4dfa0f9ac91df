"""Judging files by what is in them, whoever wrote them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageOps, ImageSequence
from PIL.PngImagePlugin import PngInfo

from engine.inline import holds_picture, without
from nodes.pictures import MAX_PIXELS, READABLE
from nodes.policy.screen import Screen
from nodes.safety import hide

Finding = Literal["clear", "flagged", "unknown"]
"""`unknown`: not a picture, or one that cannot be read: nobody can say what it shows. A text that holds
pictures is as they are.
"""

_UNREADABLE = (OSError, ValueError, SyntaxError, PilImage.DecompressionBombError)
_ORIENTATION = 0x0112
_WHITES = (255, 1, 65535)
"""What white may be where a format of more than 8 bits does not say. Viewers that know 8 bits clip at 255."""


@dataclass(frozen=True)
class Verdict:
    """What was found in a file. `digest` is the SHA-256 of exactly the bytes that were looked at."""

    digest: str
    finding: Finding


def judge(screen: Screen, data: bytes) -> Verdict:
    """Look at every frame of a picture file, upright too if it says that it lies."""
    return Verdict(hashlib.sha256(data).hexdigest(), _finding(screen, data))


def was_released(screen: Screen, data: bytes) -> bool:
    """Whether every frame is known to have been checked before; nothing is computed."""
    try:
        return all(screen.knows(picture) for picture in _frames(data))
    except _UNREADABLE:
        return False


def _finding(screen: Screen, data: bytes) -> Finding:
    try:
        for picture in _frames(data):
            if not screen.passes(picture):
                return "flagged"
    except _UNREADABLE:
        return _of_text(screen, data)
    return "clear"


def _of_text(screen: Screen, data: bytes) -> Finding:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return "unknown"
    if not holds_picture(text):
        return "unknown"
    return "clear" if clean(screen, text) == text else "flagged"


def _frames(data: bytes) -> Iterator[NDArray[np.uint8]]:
    with PilImage.open(io.BytesIO(data), formats=READABLE) as file:
        count = getattr(file, "n_frames", 1)
        if file.width * file.height * count > MAX_PIXELS:
            raise ValueError("more pixels than are read")
        for frame in ImageSequence.Iterator(file):
            yield from _readings(frame)
            if frame.getexif().get(_ORIENTATION, 1) != 1:
                yield from _readings(ImageOps.exif_transpose(frame))


def _readings(frame: PilImage.Image) -> Iterator[NDArray[np.uint8]]:
    """A frame in 8 bits [H,W,C]; one of 16 bits or more in every way its numbers may be meant."""
    if not frame.mode.startswith(("I", "F")):
        transparent = "A" in frame.getbands() or "transparency" in frame.info
        yield np.asarray(frame.convert("RGBA" if transparent else "RGB"))
        return
    numbers = np.nan_to_num(np.asarray(frame, np.float64))
    for white in _WHITES:
        if white == _WHITES[0] or numbers.max(initial=0) <= white:
            grey = (np.clip(numbers / white, 0, 1) * 255).astype(np.uint8)
            yield np.repeat(grey[..., None], 3, axis=-1)


def replace_file(screen: Screen, path: Path) -> None:
    """Put the replacement in the place of a flagged picture file: same size and format, its texts kept."""
    with PilImage.open(path) as file:
        kind, size, texts = file.format or "PNG", file.size, dict(getattr(file, "text", {}))
    blank = torch.zeros(size[1], size[0], 3)
    shown = (hide(blank, "replace", screen.replacement).numpy() * 255).round().astype(np.uint8)
    options: dict[str, Any] = {}
    if kind == "PNG":
        options["pnginfo"] = notes = PngInfo()
        for key, value in texts.items():
            notes.add_text(str(key), str(value))
    part = path.with_name(f".{path.name}.part")
    try:
        PilImage.fromarray(shown).save(part, format=kind, **options)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def clean(screen: Screen, value: Any) -> Any:
    """JSON for a client, without the pictures in its texts that may not be shown."""
    if isinstance(value, str):
        return without(value, lambda data: _finding(screen, data) == "clear")
    if isinstance(value, list | tuple):
        return [clean(screen, one) for one in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value)
        return {clean(screen, name): clean(screen, one) for name, one in items.items()}
    return value
