"""Nodes that save pictures in other formats than Save Image, animated, or send them over the socket."""

import io
from typing import Annotated, Literal

from engine.context import Context, Preview
from engine.node import Ui, node
from engine.types import OptionalInput, Range, Uncacheable
from nodes.encoding import AnimatedPng, Encoding, Jpeg, Png, WebP
from nodes.image import SAVE_LEVEL, png_metadata, preview_image
from nodes.masks import as_batch
from nodes.pictures import picture_of, save_animation, save_as
from nodes.types import Image, Mask

Fps = Annotated[float, Range(0.01, 1000.0, step=0.01)]
Format = Literal["png", "jpeg", "webp"]

HIDDEN = ("PROMPT", "EXTRA_PNGINFO")
EFFORT = {"default": 4, "fastest": 0, "slowest": 6}
STILL_EFFORT = 6
"""A still picture is worth the best compression there is."""


@node("SaveImageAs", title="Save Image As", category="image", lane="io", output=True, hidden=HIDDEN)
def save_image_as(
    *,
    images: Image,
    filename_prefix: str = "ComfyUI",
    format: Format = "webp",
    quality: Annotated[int, Range(1, 100)] = 90,
    lossless: Annotated[bool, OptionalInput()] = False,
    context: Context,
) -> Ui[None]:
    """Saves pictures as PNG, JPEG or WebP, with the graph that made them in the file: it opens on the canvas.

    JPEG has no transparency, which becomes white, and room for 64 KB of metadata: of a very large workflow
    only the graph that was run is kept, or neither. PNG and WebP hold all of it.

    Args:
        images: The pictures to save.
        filename_prefix: The prefix for the file to save, as of Save Image.
        format: The format of the files. WebP takes about a tenth of the room of PNG.
        quality: What JPEG and WebP may lose: 100 is next to nothing, 75 is seen at a second look.
        lossless: Let WebP lose nothing at all; `quality` then only says how hard it tries to be small.
    """
    folder, metadata = context.folders.output, png_metadata(context)
    encoding = still(format, quality, lossless)
    saved = save_as(images, folder, "output", filename_prefix, metadata, encoding)
    return Ui({"images": [picture.ui() for picture in saved]})


@node(
    "SaveAnimatedWEBP",
    title="SaveAnimatedWEBP",
    category="image/animation",
    lane="io",
    output=True,
    hidden=HIDDEN,
)
def save_animated_webp(
    *,
    images: Image,
    filename_prefix: str = "ComfyUI",
    fps: Fps = 6.0,
    lossless: bool = True,
    quality: Annotated[int, Range(0, 100)] = 80,
    method: Literal["default", "fastest", "slowest"],
    context: Context,
) -> Ui[None]:
    """Saves the pictures of a batch as the frames of one animated WebP, with the graph that made them.

    Args:
        images: The frames.
        filename_prefix: The prefix for the file to save, as of Save Image.
        fps: Frames a second.
        lossless: Whether every pixel is kept exactly.
        quality: What may be lost, if not; 100 is next to nothing.
        method: How much time goes into making the file small.
    """
    encoding = WebP(quality, lossless, EFFORT[method], fps)
    return animated(images, filename_prefix, encoding, context)


@node(
    "SaveAnimatedPNG",
    title="SaveAnimatedPNG",
    category="image/animation",
    lane="io",
    output=True,
    hidden=HIDDEN,
)
def save_animated_png(
    *,
    images: Image,
    filename_prefix: str = "ComfyUI",
    fps: Fps = 6.0,
    compress_level: Annotated[int, Range(0, 9)] = 4,
    context: Context,
) -> Ui[None]:
    """Saves the pictures of a batch as the frames of one animated PNG, with the graph that made them.

    Args:
        images: The frames.
        filename_prefix: The prefix for the file to save, as of Save Image.
        fps: Frames a second.
        compress_level: How much time goes into making the file small; nothing is lost at any level.
    """
    return animated(images, filename_prefix, AnimatedPng(fps, compress_level), context)


@node("MaskPreview", title="Preview Mask", category="mask", lane="io", output=True, hidden=HIDDEN)
def mask_preview(*, mask: Mask, context: Context) -> Ui[None]:
    """Shows masks: white where they select. The pictures are kept in the temp folder until the next start.

    Args:
        mask: The masks.
    """
    return preview_image(images=as_batch(mask)[..., None].expand(-1, -1, -1, 3), context=context)


def sends() -> Uncacheable:
    """A second run of the same graph sends its pictures again."""
    return Uncacheable("it sends pictures and keeps none")


@node(
    "SaveImageWebsocket",
    title="SaveImageWebsocket",
    category="api/image",
    lane="io",
    output=True,
    fingerprint=sends,
)
def save_image_websocket(*, images: Image, context: Context) -> Ui[None]:
    """Sends pictures as PNG to the client that started the run, over its WebSocket, and saves nothing.

    Args:
        images: The pictures to send.
    """
    for index, image in enumerate(images):
        data = io.BytesIO()
        Png(SAVE_LEVEL).write([picture_of(image, index)], None, data)
        context.progress(index + 1, len(images), Preview(data.getvalue(), "image/png"))
    return Ui({})


def still(format: Format, quality: int, lossless: bool) -> Encoding:
    """The format of still pictures, with its settings."""
    match format:
        case "png":
            return Png(SAVE_LEVEL)
        case "jpeg":
            return Jpeg(quality)
        case "webp":
            return WebP(quality, lossless, STILL_EFFORT)


def animated(images: Image, prefix: str, encoding: Encoding, context: Context) -> Ui[None]:
    """Save one animation; `animated` tells clients that it moves."""
    folder, metadata = context.folders.output, png_metadata(context)
    saved = save_animation(images, folder, "output", prefix, metadata, encoding)
    return Ui({"images": [saved.ui()], "animated": [True]})
