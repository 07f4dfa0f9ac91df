"""Picture file formats: how frames and the graph that made them become bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from PIL import Image as PilImage
from PIL.PngImagePlugin import PngInfo

Metadata = Mapping[str, Any] | None

MODEL, MAKE = 0x0110, 0x010F
"""The EXIF tags ComfyUI writes to: `prompt` under the first, what else there is from the second downwards."""

JPEG_EXIF_LIMIT = 65_533 - len(b"Exif\0\0")
"""Bytes: a segment of a JPEG file has 16 bits for its length."""


class MetadataError(ValueError):
    """A name that the file format has no place for."""

    remedy = "Rename the key of extra_pnginfo that the message names, or start with --disable-metadata"


class Encoding(Protocol):
    """A file format with its settings."""

    @property
    def ending(self) -> str:
        """What its file names end in."""
        ...

    def write(self, frames: Sequence[PilImage.Image], metadata: Metadata, file: IO[bytes]) -> None:
        """Write frames, one for a still picture, with `metadata` as JSON named by its keys."""
        ...


@dataclass(frozen=True)
class Png:
    """`level` is zlib's, 0 to 9."""

    level: int
    ending: str = field(default=".png", init=False)

    def write(self, frames: Sequence[PilImage.Image], metadata: Metadata, file: IO[bytes]) -> None:
        info = PngInfo()
        for key, value in (metadata or {}).items():
            info.add_text(_latin1(key), json.dumps(value))
        frames[0].save(file, format="PNG", pnginfo=info, compress_level=self.level)


@dataclass(frozen=True)
class AnimatedPng:
    """`level` is zlib's, 0 to 9. Metadata lies in `comf` chunks behind the pictures, as ComfyUI writes it."""

    fps: float
    level: int
    ending: str = field(default=".png", init=False)

    def write(self, frames: Sequence[PilImage.Image], metadata: Metadata, file: IO[bytes]) -> None:
        info = PngInfo()
        for key, value in (metadata or {}).items():
            text = _latin1(key).encode("latin-1") + b"\0" + json.dumps(value).encode("latin-1")
            info.add(b"comf", text, after_idat=True)
        frames[0].save(
            file,
            format="PNG",
            pnginfo=info,
            compress_level=self.level,
            save_all=True,
            duration=int(1000 / self.fps),
            append_images=frames[1:],
        )


@dataclass(frozen=True)
class WebP:
    """Several frames make an animation of `fps`. `method` is the effort, 0 to 6."""

    quality: int
    lossless: bool = False
    method: int = 4
    fps: float = 1.0
    ending: str = field(default=".webp", init=False)

    def write(self, frames: Sequence[PilImage.Image], metadata: Metadata, file: IO[bytes]) -> None:
        several = {"save_all": True, "duration": int(1000 / self.fps), "append_images": frames[1:]}
        frames[0].save(
            file,
            format="WEBP",
            quality=self.quality,
            lossless=self.lossless,
            method=self.method,
            exif=exif_of(metadata),
            **(several if len(frames) > 1 else {}),
        )


@dataclass(frozen=True)
class Jpeg:
    """What is transparent becomes white. Of metadata too large for the format the rest is left out."""

    quality: int
    ending: str = field(default=".jpg", init=False)

    def write(self, frames: Sequence[PilImage.Image], metadata: Metadata, file: IO[bytes]) -> None:
        picture = opaque(frames[0])
        exif = exif_of(metadata, JPEG_EXIF_LIMIT)
        # Full colour resolution: halved, it smears the thin red and blue lines of drawings.
        picture.save(file, format="JPEG", quality=self.quality, subsampling=0, optimize=True, exif=exif)


def opaque(picture: PilImage.Image) -> PilImage.Image:
    """The picture on white, where it has an alpha channel."""
    if "A" not in picture.getbands():
        return picture
    white = PilImage.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    return white.convert("RGB")


def exif_of(metadata: Metadata, limit: int | None = None) -> bytes:
    """Metadata as EXIF texts `key:JSON`. With a limit in bytes, entries that do not fit are left out.

    Readers find the graph with either of `prompt` and `workflow`: the later entries are those to go.
    """
    exif = PilImage.Exif()
    tag = MAKE
    for key, value in (metadata or {}).items():
        place = MODEL if key == "prompt" else tag
        exif[place] = f"{key}:{json.dumps(value, separators=(',', ':'))}"
        if limit is not None and len(exif.tobytes()) > limit:
            del exif[place]
        elif place == tag:
            tag -= 1
    return exif.tobytes() if len(exif) else b""


def _latin1(key: str) -> str:
    if not (0 < len(key) < 80 and key.encode("latin-1", "replace").decode("latin-1") == key):
        raise MetadataError(
            f"extra_pnginfo key {key!r} cannot name a PNG text: use 1 to 79 Latin-1 characters"
        )
    return key
