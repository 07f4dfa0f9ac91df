"""Picture files: read what people upload, write files that carry the graph that made them."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as PilImage
from PIL import ImageOps, ImageSequence, UnidentifiedImageError
from torch import Tensor

from nodes.encoding import Encoding, Png
from nodes.numbered import expand_tokens, write_numbered
from nodes.resize import to_bytes

MAX_PIXELS = 100_000_000
CHANNELS = (1, 3, 4)
READABLE = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")


class PictureError(ValueError):
    """A picture file cannot be read or a picture cannot be shown; the message says which and what to do."""


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
    """Save `images` as PNG files, as `save_as` does; `level` is zlib's."""
    return save_as(images, folder, kind, prefix, metadata, Png(level))


def save_as(
    images: Tensor,
    folder: Path,
    kind: str,
    prefix: str,
    metadata: Mapping[str, Any] | None,
    encoding: Encoding,
) -> Iterator[Saved]:
    """Write `images` [B,H,W,C] as `PREFIX_00001_.png`, ... under `folder`, yielding each as it is complete.

    `metadata` goes into each file as JSON, named by its keys. A file appears under its name only when it is
    whole, and never replaces another. Raises `PictureError` if a value is not finite or a key of the metadata
    has no place in the file, `SaveError` if the prefix leaves the folder or the disk refuses.
    """
    height, width = images.shape[1:3]
    stem = expand_tokens(prefix, width, height)
    for index, image in enumerate(images):
        picture = picture_of(image, index)
        name = stem.replace("%batch_num%", str(index))
        yield _saved(folder, kind, name, [picture], metadata, encoding)


def save_animation(
    images: Tensor,
    folder: Path,
    kind: str,
    prefix: str,
    metadata: Mapping[str, Any] | None,
    encoding: Encoding,
) -> Saved:
    """Write `images` [B,H,W,C] as the frames of one file. Otherwise as `save_as`."""
    height, width = images.shape[1:3]
    frames = [picture_of(image, index) for index, image in enumerate(images)]
    name = expand_tokens(prefix, width, height).replace("%batch_num%", "0")
    return _saved(folder, kind, name, frames, metadata, encoding)


def picture_of(image: Tensor, index: int = 0) -> PilImage.Image:
    """One [H,W,C] in 0..1 as saved, 8 bits a channel.

    Raises `PictureError` for what is not finite, and for other than 1, 3 or 4 channels.
    """
    if image.shape[-1] not in CHANNELS:
        raise PictureError(
            f"picture {index} of the batch has the shape {list(image.shape)}: the last number must be 1 "
            "(grey), 3 (red, green, blue) or 4 (and alpha). Connect an IMAGE, or a MASK through "
            "Convert Mask to Image."
        )
    if not bool(torch.isfinite(image).all()):
        raise PictureError(
            f"picture {index} of the batch holds NaN or infinite values and was not saved. "
            "Usual causes: a checkpoint that overflows in half precision (try --precision float32) "
            "or a damaged file."
        )
    return PilImage.fromarray(to_bytes(image))


def _saved(
    folder: Path,
    kind: str,
    name: str,
    frames: list[PilImage.Image],
    metadata: Mapping[str, Any] | None,
    encoding: Encoding,
) -> Saved:
    path = write_numbered(folder, name, encoding.ending, lambda file: encoding.write(frames, metadata, file))
    subfolder = path.parent.relative_to(folder.resolve()).as_posix()
    return Saved(path.name, "" if subfolder == "." else subfolder, kind, path)
