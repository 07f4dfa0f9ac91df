"""Nodes between pictures and masks."""

from typing import Annotated, Literal

import torch

from engine.context import Context
from engine.node import node
from engine.types import Files, Range
from nodes.masks import as_batch
from nodes.pictures import read_picture
from nodes.types import Image, Mask

CHANNELS = ("red", "green", "blue", "alpha")


class NoSuchChannel(ValueError):
    """A picture without alpha was asked for it."""

    remedy = "Choose red, green or blue, or load the picture with Load Image, whose MASK is its transparency."


@node("LoadImageMask", title="Load Image (as Mask)", category="mask", lane="io")
def load_image_mask(
    *,
    image: Annotated[str, Files("input")],
    channel: Literal["alpha", "red", "green", "blue"],
    context: Context,
) -> Mask:
    """Load one channel of a picture from the input folder as a mask.

    Args:
        image: The picture file; `name [output]` takes one from the output folder.
        channel: `alpha` selects what is transparent, the others what is bright in that colour.
    """
    picture, transparent = read_picture(context.folders.find("input", image))
    return transparent if channel == "alpha" else picture[..., CHANNELS.index(channel)]


@node("MaskToImage", title="Convert Mask to Image", category="mask", lane="cpu")
def mask_to_image(*, mask: Mask) -> Image:
    """Show a mask as a picture: white where it selects.

    Args:
        mask: The mask.
    """
    return as_batch(mask)[..., None].expand(-1, -1, -1, 3)


@node("ImageToMask", title="Convert Image to Mask", category="mask", lane="cpu")
def image_to_mask(*, image: Image, channel: Literal["red", "green", "blue", "alpha"]) -> Mask:
    """Take one channel of a picture as a mask.

    Args:
        image: The pictures.
        channel: The channel; `alpha` selects what is opaque.
    """
    index = CHANNELS.index(channel)
    if index >= image.shape[-1]:
        raise NoSuchChannel(f"the picture has {image.shape[-1]} channels and no {channel}")
    return image[..., index]


@node("ImageColorToMask", title="ImageColorToMask", category="mask", lane="cpu")
def image_color_to_mask(*, image: Image, color: Annotated[int, Range(0, 0xFFFFFF, step=1)] = 0) -> Mask:
    """Select every pixel of one colour.

    Args:
        image: The pictures.
        color: Red × 65536 + green × 256 + blue, each 0 to 255.
    """
    wanted = torch.tensor([color >> 16, (color >> 8) & 0xFF, color & 0xFF], device=image.device)
    shades = (image[..., :3].clamp(0, 1) * 255).round().int()
    return (shades == wanted).all(-1).float()
