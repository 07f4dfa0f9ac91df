"""Nodes that read, resize and save pictures."""

import secrets
import string
from typing import Annotated, Any, NamedTuple

from engine.context import Context
from engine.node import Ui, node
from engine.types import Files, Range
from nodes.pictures import read_picture, save_pictures
from nodes.resize import Crop, ImageMethod, fit, resize
from nodes.types import Image, Mask

SAVE_LEVEL = 4
PREVIEW_LEVEL = 1


class ImageAndMask(NamedTuple):
    IMAGE: Image
    MASK: Mask


@node("LoadImage", title="Load Image", category="image", lane="io")
def load_image(*, image: Annotated[str, Files("input")], context: Context) -> ImageAndMask:
    """Load a picture from the input folder.

    Args:
        image: The picture file; `name [output]` takes one from the output folder.

    Returns:
        IMAGE: The picture, RGB.
        MASK: 1 where the picture is transparent.
    """
    return ImageAndMask(*read_picture(context.folders.find("input", image)))


@node("LoadImageOutput", title="Load Image (from Outputs)", category="image", lane="io")
def load_image_output(*, image: Annotated[str, Files("output")], context: Context) -> ImageAndMask:
    """Load a picture from the output folder, the newest first: what one workflow has made, for the next.

    Args:
        image: The picture file.

    Returns:
        IMAGE: The picture, RGB.
        MASK: 1 where the picture is transparent.
    """
    return ImageAndMask(*read_picture(context.folders.find("output", image)))


@node(
    "SaveImage",
    title="Save Image",
    category="image",
    lane="io",
    output=True,
    hidden=("PROMPT", "EXTRA_PNGINFO"),
)
def save_image(*, images: Image, filename_prefix: str = "ComfyUI", context: Context) -> Ui[None]:
    """Saves the input images to your output directory, with the graph that made them in the file.

    Args:
        images: The images to save.
        filename_prefix: The prefix for the file to save. May name a subfolder and use %width%, %height%,
            %year%, %month%, %day%, %hour%, %minute%, %second% and %batch_num%.
    """
    folder, metadata = context.folders.output, png_metadata(context)
    saved = save_pictures(images, folder, "output", filename_prefix, metadata, SAVE_LEVEL)
    return Ui({"images": [picture.ui() for picture in saved]})


@node(
    "PreviewImage",
    title="Preview Image",
    category="image",
    lane="io",
    output=True,
    hidden=("PROMPT", "EXTRA_PNGINFO"),
)
def preview_image(*, images: Image, context: Context) -> Ui[None]:
    """Shows the input images; they are kept in the temp folder until the next start.

    Args:
        images: The images to preview.
    """
    letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(5))
    folder, metadata = context.folders.temp, png_metadata(context)
    saved = save_pictures(images, folder, "temp", f"ComfyUI_temp_{letters}", metadata, PREVIEW_LEVEL)
    return Ui({"images": [picture.ui() for picture in saved]})


@node("ImageScale", title="Upscale Image", category="image/upscaling", lane="cpu")
def image_scale(
    *,
    image: Image,
    upscale_method: ImageMethod,
    width: Annotated[int, Range(0, 16384, step=1)] = 512,
    height: Annotated[int, Range(0, 16384, step=1)] = 512,
    crop: Crop,
) -> Image:
    """Resize pictures.

    Args:
        image: The pictures to resize.
        upscale_method: How values between the old pixels are found.
        width: The new width; 0 keeps the aspect ratio.
        height: The new height; 0 keeps the aspect ratio.
        crop: `center` first cuts the pictures to the new aspect ratio.
    """
    if width == 0 and height == 0:
        return image
    columns, rows = fit(width, height, (image.shape[2], image.shape[1]))
    return resize(image.movedim(-1, 1), columns, rows, upscale_method, crop).movedim(1, -1)


@node("ImageScaleBy", title="Upscale Image By", category="image/upscaling", lane="cpu")
def image_scale_by(
    *,
    image: Image,
    upscale_method: ImageMethod,
    scale_by: Annotated[float, Range(0.01, 8.0, step=0.01)] = 1.0,
) -> Image:
    """Resize pictures by a factor.

    Args:
        image: The pictures to resize.
        upscale_method: How values between the old pixels are found.
        scale_by: The factor of both sides.
    """
    width, height = (max(1, round(image.shape[side] * scale_by)) for side in (2, 1))
    return resize(image.movedim(-1, 1), width, height, upscale_method).movedim(1, -1)


def png_metadata(context: Context) -> dict[str, Any] | None:
    """The text chunks of a saved picture: `prompt` first, then what the client sent along (`workflow`)."""
    if context.options.disable_metadata:
        return None
    return {
        "prompt": context.prompt,
        **{k: v for k, v in (context.extra_pnginfo or {}).items() if k != "prompt"},
    }
