"""Comparing pictures by what one sees: the same pixels, or how far apart."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_READABLE = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".ppm"})
_MAX_PIXELS = 100_000_000


def pixel_hash(path: Path) -> str | None:
    """sha256 of a picture's modes, sizes and pixels, frame by frame; None if it is no picture we read.

    The same for two files that differ in compression, in their text or in their format.
    """
    if path.suffix.lower() not in _SUFFIXES:
        return None
    from PIL import Image, ImageSequence, UnidentifiedImageError

    digest = hashlib.sha256()
    try:
        with Image.open(path, formats=_READABLE) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                return None
            for frame in ImageSequence.Iterator(picture):
                plain = _plain(frame)
                digest.update(f"{plain.mode} {plain.width}x{plain.height}\n".encode())
                digest.update(plain.tobytes())
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return digest.hexdigest()


def psnr(one: Path, other: Path) -> float | None:
    """Peak signal to noise ratio of two pictures in dB, over all channels and the whole of the first frames.

    Infinite for equal pixels; None for pictures of different sizes or modes, or if one cannot be read.
    """
    from PIL import Image, ImageChops, ImageStat, UnidentifiedImageError

    try:
        with Image.open(one, formats=_READABLE) as first, Image.open(other, formats=_READABLE) as second:
            left, right = _plain(first), _plain(second)
            if (left.mode, left.size) != (right.mode, right.size) or left.mode not in ("L", "RGB", "RGBA"):
                return None
            squares = ImageStat.Stat(ImageChops.difference(left, right)).sum2
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    error = sum(squares) / (len(squares) * left.width * left.height)
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def _plain(picture: Image) -> Image:
    """With its palette resolved: which colour has which number says nothing."""
    return picture.convert("RGBA") if picture.mode in ("P", "PA") else picture.copy()
