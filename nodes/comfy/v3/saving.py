"""`ImageSaveHelper`: saving pictures and animations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from engine.file_kinds import Place
from nodes.comfy.hidden import running
from nodes.comfy.v3.files import save_next
from nodes.comfy.v3.ui import FolderType, SavedImages, SavedResult, graph_texts, save_images
from nodes.resize import to_bytes

_EXIF_MAKE, _EXIF_MODEL = 0x010F, 0x0110
_EFFORT = {"default": 4, "fastest": 0, "slowest": 6}


class ImageSaveHelper:
    """Saves pictures [B, H, W, C] in 0..1. All raise `PictureError` if the prefix leaves the folder."""

    @staticmethod
    def save_images(
        images: Tensor,
        filename_prefix: str,
        folder_type: FolderType | Place,
        cls: Any = None,
        compress_level: int = 4,
    ) -> list[SavedResult]:
        """Each picture as a PNG file."""
        return save_images(images, filename_prefix, folder_type, cls, compress_level)

    @staticmethod
    def get_save_images_ui(
        images: Tensor, filename_prefix: str, cls: Any = None, compress_level: int = 4
    ) -> SavedImages:
        """The same in the output folder, for `NodeOutput(ui=...)`."""
        return SavedImages(save_images(images, filename_prefix, FolderType.output, cls, compress_level))

    @staticmethod
    def save_animated_png(
        images: Tensor,
        filename_prefix: str,
        folder_type: FolderType | Place,
        cls: Any = None,
        fps: float = 6.0,
        compress_level: int = 4,
    ) -> SavedResult:
        """All pictures as one animated PNG."""
        info = PngInfo()
        for key, value in (graph_texts(cls) or {}).items():
            # Animations have the graph in a chunk of their own, which ComfyUI's canvas reads.
            info.add(b"comf", key.encode("latin-1", "replace") + b"\0" + json.dumps(value).encode(), True)
        options = {"format": "PNG", "pnginfo": info, "compress_level": compress_level}
        return _animate(images, filename_prefix, folder_type, ".png", fps, options)

    @staticmethod
    def get_save_animated_png_ui(
        images: Tensor, filename_prefix: str, cls: Any, fps: float, compress_level: int
    ) -> SavedImages:
        """The same in the output folder, for `NodeOutput(ui=...)`."""
        helper = ImageSaveHelper.save_animated_png
        saved = helper(images, filename_prefix, FolderType.output, cls, fps, compress_level)
        return SavedImages([saved], is_animated=len(images) > 1)

    @staticmethod
    def save_animated_webp(
        images: Tensor,
        filename_prefix: str,
        folder_type: FolderType | Place,
        cls: Any = None,
        fps: float = 6.0,
        lossless: bool = True,
        quality: int = 80,
        method: int | str = 4,
    ) -> SavedResult:
        """All pictures as one animated WebP. `method` is 0 (fast) to 6, or default, fastest, slowest."""
        effort = _EFFORT[method] if isinstance(method, str) else method
        options = {
            "format": "WEBP",
            "lossless": lossless,
            "quality": quality,
            "method": effort,
            "exif": _exif(graph_texts(cls)),
        }
        return _animate(images, filename_prefix, folder_type, ".webp", fps, options)

    @staticmethod
    def get_save_animated_webp_ui(
        images: Tensor,
        filename_prefix: str,
        cls: Any,
        fps: float,
        lossless: bool,
        quality: int,
        method: int | str,
    ) -> SavedImages:
        """The same in the output folder, for `NodeOutput(ui=...)`."""
        helper = ImageSaveHelper.save_animated_webp
        saved = helper(images, filename_prefix, FolderType.output, cls, fps, lossless, quality, method)
        return SavedImages([saved], is_animated=len(images) > 1)


def _animate(
    images: Tensor,
    prefix: str,
    folder_type: FolderType | Place,
    suffix: str,
    fps: float,
    options: Mapping[str, Any],
) -> SavedResult:
    frames = [Image.fromarray(to_bytes(image)) for image in images]

    def write(path: Path) -> None:
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=int(1000 / fps), **options)

    return save_next(running(), prefix, folder_type, suffix, frames[0].size, write)


def _exif(texts: Mapping[str, Any] | None) -> Image.Exif:
    """The graph where ComfyUI has it in WebP files: the prompt under Model, the rest from Make downwards."""
    exif = Image.Exif()
    tag = _EXIF_MAKE
    for key, value in (texts or {}).items():
        exif[_EXIF_MODEL if key == "prompt" else tag] = f"{key}:{json.dumps(value)}"
        tag -= key != "prompt"
    return exif
