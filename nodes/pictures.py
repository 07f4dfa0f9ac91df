"""Picture files: read what people upload, write PNGs that carry the graph that made them."""

import errno
import itertools
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as PilImage
from PIL import ImageOps, ImageSequence, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from nodes.resize import to_bytes

MAX_PIXELS = 100_000_000
READABLE = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
DEFAULT_STEM = "ComfyUI"


class PictureError(ValueError):
    """A picture file cannot be read or a picture cannot be saved; the message says which and what to do."""


@dataclass(frozen=True)
class Saved:
    """Where a picture went, as clients ask for it back: `/view?filename=&subfolder=&type=`."""

    filename: str
    subfolder: str
    type: str
    path: Path

    def ui(self) -> dict[str, str]:
        return {"filename": self.filename, "subfolder": self.subfolder, "type": self.type}


def read_picture(path: Path) -> tuple[Tensor, Tensor]:
    """Read a picture file → (IMAGE float [B,H,W,3] in 0..1, MASK float [B,H,W] = 1 - alpha).

    EXIF rotation is applied; every frame of an animation whose size equals the first's is one picture of
    the batch; without alpha the mask is 64x64 zeros. Raises `PictureError`.
    """
    try:
        with PilImage.open(path, formats=READABLE) as file:
            # The second picture of an MPO is the same scene for the other eye, or a smaller copy.
            count = 1 if file.format == "MPO" else getattr(file, "n_frames", 1)
            if file.width * file.height * count > MAX_PIXELS:
                raise PictureError(
                    f"{path.name} has {count} x {file.width}x{file.height} pixels; "
                    f"at most {MAX_PIXELS:,} are read. Scale it down first."
                )
            frames = [_frame(frame) for frame in itertools.islice(ImageSequence.Iterator(file), count)]
    except UnidentifiedImageError as error:
        raise PictureError(f"{path.name} is not a picture Darkroom reads ({', '.join(READABLE)})") from error
    except PictureError:
        raise
    except (OSError, ValueError, SyntaxError, PilImage.DecompressionBombError) as error:
        raise PictureError(f"{path.name} cannot be read, it may be cut short or damaged: {error}") from error
    same = [(rgb, alpha) for rgb, alpha in frames if rgb.shape == frames[0][0].shape]
    return torch.stack([rgb for rgb, _ in same]), _masks([alpha for _, alpha in same])


def _masks(alphas: list[Tensor | None]) -> Tensor:
    """1 - alpha of each frame; 64x64 zeros if no frame has alpha."""
    shape = next((alpha.shape for alpha in alphas if alpha is not None), None)
    if shape is None:
        return torch.zeros(len(alphas), 64, 64)
    return torch.stack([torch.zeros(shape) if alpha is None else 1 - alpha for alpha in alphas])


def _frame(frame: PilImage.Image) -> tuple[Tensor, Tensor | None]:
    upright = ImageOps.exif_transpose(frame)
    if upright.mode.startswith("I"):
        upright = upright.convert("I").point(lambda value: value * (1 / 255)).convert("L")
    if upright.mode == "P" and "transparency" in upright.info:
        upright = upright.convert("RGBA")
    rgb = torch.as_tensor(np.asarray(upright.convert("RGB")).astype(np.float32) / 255.0)
    if "A" not in upright.getbands():
        return rgb, None
    alpha = np.asarray(upright.getchannel("A")).astype(np.float32) / 255.0
    return rgb, torch.as_tensor(alpha)


def save_pictures(
    images: Tensor, folder: Path, kind: str, prefix: str, metadata: Mapping[str, Any] | None, level: int
) -> Iterator[Saved]:
    """Write `images` [B,H,W,C] as `PREFIX_00001_.png`, ... under `folder`, yielding each as it is complete.

    `metadata` becomes PNG text chunks (JSON, ASCII); `level` is zlib's. The number continues after the
    highest present. A file appears under its name only when it is whole, and never replaces another.
    Raises `PictureError` if the prefix leaves the folder, a value is not finite, or the disk refuses.
    """
    height, width = images.shape[1:3]
    stem = expand_tokens(prefix, width, height)
    for index, image in enumerate(images):
        if not bool(torch.isfinite(image).all()):
            raise PictureError(
                f"picture {index} of the batch holds NaN or infinite values and was not saved. "
                "Usual causes: a checkpoint that overflows in half precision (try --precision float32) "
                "or a damaged file."
            )
        target = _target(folder, stem.replace("%batch_num%", str(index)))
        try:
            path = _write_next(target, PilImage.fromarray(to_bytes(image)), _chunks(metadata), level)
        except OSError as error:
            raise PictureError(
                f"cannot save {target.name} in {target.parent}: {error.strerror or error}"
            ) from error
        subfolder = path.parent.relative_to(folder.resolve()).as_posix()
        yield Saved(path.name, "" if subfolder == "." else subfolder, kind, path)


def expand_tokens(prefix: str, width: int, height: int) -> str:
    """Replace `%width%`, `%height%` and the local time's `%year%` ... `%second%`; unknown tokens stay."""
    now = time.localtime()
    values = {
        "width": str(width),
        "height": str(height),
        "year": str(now.tm_year),
        "month": f"{now.tm_mon:02}",
        "day": f"{now.tm_mday:02}",
        "hour": f"{now.tm_hour:02}",
        "minute": f"{now.tm_min:02}",
        "second": f"{now.tm_sec:02}",
    }
    for name, value in values.items():
        prefix = prefix.replace(f"%{name}%", value)
    return prefix


def _target(folder: Path, prefix: str) -> Path:
    base = folder.resolve()
    target = Path(os.path.normpath(base / prefix))
    if target == base:
        target = base / DEFAULT_STEM
    if "\0" in prefix or not target.is_relative_to(base):
        raise PictureError(
            f"filename_prefix {prefix!r} leaves the output folder; "
            "use a name such as 'portraits/fox' without '..'"
        )
    return target


def _chunks(metadata: Mapping[str, Any] | None) -> PngInfo | None:
    if metadata is None:
        return None
    info = PngInfo()
    for key, value in metadata.items():
        if not (0 < len(key) < 80 and key.encode("latin-1", "replace").decode("latin-1") == key):
            raise PictureError(
                f"extra_pnginfo key {key!r} cannot name a PNG text: use 1 to 79 Latin-1 characters"
            )
        info.add_text(key, json.dumps(value))
    return info


def _write_next(target: Path, picture: PilImage.Image, info: PngInfo | None, level: int) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            picture.save(file, format="PNG", pnginfo=info, compress_level=level)
            file.flush()
            os.fsync(file.fileno())
        return _publish(Path(partial), target)
    finally:
        Path(partial).unlink(missing_ok=True)


def _publish(partial: Path, target: Path) -> Path:
    """Give the finished file the next free number, whole from the first moment, never over another."""
    partial.chmod(0o644)
    for number in itertools.count(_highest(target) + 1):
        path = target.with_name(f"{target.name}_{number:05}_.png")
        try:
            _link(partial, path)
        except FileExistsError:
            continue
        return path
    raise AssertionError("itertools.count does not end")


def _link(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        # File systems without hard links (exFAT, some network shares): claim the name, then replace it.
        path.open("xb").close()
        partial.replace(path)


def _highest(target: Path) -> int:
    pattern = re.compile(re.escape(target.name) + r"_(\d+)_?\.", re.IGNORECASE)
    found = (pattern.match(entry.name) for entry in target.parent.iterdir())
    return max((int(match[1]) for match in found if match), default=0)
