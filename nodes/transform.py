"""Nodes that cut, turn, mirror and join pictures, and change their size."""

import math
from typing import Annotated, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.node import node
from engine.types import Range
from nodes.resize import resize
from nodes.types import Image, Mask

Pixels = Annotated[int, Range(0, 16384, step=1)]
Side = Annotated[int, Range(1, 16384, step=1)]
Border = Annotated[int, Range(0, 16384, step=8)]
Rotation = Literal["none", "90 degrees", "180 degrees", "270 degrees"]
FlipMethod = Literal["x-axis: vertically", "y-axis: horizontally"]
Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]

GREY = 0.5
COLOURS = {
    "white": (1.0, 1.0, 1.0),
    "black": (0.0, 0.0, 0.0),
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
}


class Size(NamedTuple):
    width: int
    height: int
    batch_size: int


class Padded(NamedTuple):
    IMAGE: Image
    MASK: Mask


@node("ImageCrop", title="Image Crop", category="image/transform", lane="cpu")
def image_crop(*, image: Image, width: Side = 512, height: Side = 512, x: Pixels = 0, y: Pixels = 0) -> Image:
    """Cut a part out of pictures. It is smaller than asked for where the pictures end.

    Args:
        image: The pictures.
        width: The width of the part, in pixels.
        height: The height of the part, in pixels.
        x: Where its left edge lies.
        y: Where its top edge lies.
    """
    left, top = min(x, image.shape[2] - 1), min(y, image.shape[1] - 1)
    return image[:, top : top + height, left : left + width]


@node("ImageFlip", title="ImageFlip", category="image/transform", lane="cpu")
def image_flip(*, image: Image, flip_method: FlipMethod) -> Image:
    """Mirror pictures.

    Args:
        image: The pictures.
        flip_method: Top with bottom, or left with right.
    """
    return image.flip(1 if flip_method.startswith("x") else 2)


@node("ImageRotate", title="ImageRotate", category="image/transform", lane="cpu")
def image_rotate(*, image: Image, rotation: Rotation) -> Image:
    """Turn pictures clockwise.

    Args:
        image: The pictures.
        rotation: How far.
    """
    return torch.rot90(image, turns(rotation), dims=(2, 1))


@node("GetImageSize", title="Get Image Size", category="image", lane="cpu")
def get_image_size(*, image: Image) -> Size:
    """Returns width and height of the image, and how many there are.

    Args:
        image: The pictures.

    Returns:
        width: The width in pixels.
        height: The height in pixels.
        batch_size: The number of pictures.
    """
    return Size(image.shape[2], image.shape[1], image.shape[0])


@node("ImageScaleToTotalPixels", title="Scale Image to Total Pixels", category="image/upscaling", lane="cpu")
def image_scale_to_total_pixels(
    *,
    image: Image,
    upscale_method: Method,
    megapixels: Annotated[float, Range(0.01, 16.0, step=0.01)] = 1.0,
) -> Image:
    """Resize pictures to a number of pixels; they keep their shape.

    Args:
        image: The pictures.
        upscale_method: How values between the old pixels are found.
        megapixels: The number of pixels, in units of 1024 × 1024.
    """
    height, width = image.shape[1:3]
    scale = math.sqrt(megapixels * 1024 * 1024 / (width * height))
    return scaled(image, max(1, round(width * scale)), max(1, round(height * scale)), upscale_method)


@node("ImageScaleToMaxDimension", title="ImageScaleToMaxDimension", category="image/upscaling", lane="cpu")
def image_scale_to_max_dimension(
    *,
    image: Image,
    upscale_method: Literal["area", "lanczos", "bilinear", "nearest-exact", "bicubic"],
    largest_size: Pixels = 512,
) -> Image:
    """Resize pictures so that their longer side gets a length; they keep their shape.

    Args:
        image: The pictures.
        upscale_method: How values between the old pixels are found.
        largest_size: Pixels of the longer side; 0 leaves the pictures as they are.
    """
    height, width = image.shape[1:3]
    if largest_size == 0:
        return image
    wide, high = (max(1, round(side / max(width, height) * largest_size)) for side in (width, height))
    return scaled(image, wide, high, upscale_method)


@node("ResizeAndPadImage", title="ResizeAndPadImage", category="image/transform", lane="cpu")
def resize_and_pad_image(
    *,
    image: Image,
    target_width: Side = 512,
    target_height: Side = 512,
    padding_color: Literal["white", "black"],
    interpolation: Literal["area", "bicubic", "nearest-exact", "bilinear", "lanczos"],
) -> Image:
    """Resize pictures until they fit into a frame, and fill the rest of it with a colour.

    Args:
        image: The pictures; they keep their shape.
        target_width: The width of the frame, in pixels.
        target_height: The height of the frame, in pixels.
        padding_color: The colour beside or above and below the pictures.
        interpolation: How values between the old pixels are found.
    """
    height, width = image.shape[1:3]
    scale = min(target_width / width, target_height / height)
    fitting = scaled(image, max(1, int(width * scale)), max(1, int(height * scale)), interpolation)
    left, top = (target_width - fitting.shape[2]) // 2, (target_height - fitting.shape[1]) // 2
    result = canvas(fitting, target_height, target_width, padding_color)
    result[:, top : top + fitting.shape[1], left : left + fitting.shape[2]] = fitting
    return result


@node("ImagePadForOutpaint", title="Pad Image for Outpainting", category="image", lane="cpu")
def image_pad_for_outpaint(
    *,
    image: Image,
    left: Border = 0,
    top: Border = 0,
    right: Border = 0,
    bottom: Border = 0,
    feathering: Pixels = 40,
) -> Padded:
    """Put a grey border around pictures, with a mask of where to paint them on.

    Args:
        image: The pictures.
        left: Pixels added at the left.
        top: Pixels added above.
        right: Pixels added at the right.
        bottom: Pixels added below.
        feathering: Over how many pixels the mask fades into the old picture at each side that grows.

    Returns:
        IMAGE: The larger pictures.
        MASK: 1 in the border, fading to 0 inside.
    """
    borders = (left, right, top, bottom)
    result = pad(image.movedim(-1, 1), borders, value=GREY).movedim(1, -1).contiguous()
    inner = feathered(image.shape[1], image.shape[2], borders, feathering)
    return Padded(result, pad(inner, borders, value=1.0)[None])


def feathered(height: int, width: int, borders: tuple[int, int, int, int], feathering: int) -> Tensor:
    """The mask [H,W] over the old picture: ((f - d) / f)² in the distance d to a side that grows, 0 past f.

    `borders` are left, right, top, bottom. Without room for two such fades there is none.
    """
    if feathering == 0 or feathering * 2 >= min(height, width):
        return torch.zeros(height, width)
    rows, columns = torch.arange(height)[:, None], torch.arange(width)[None]
    distances = (columns, width - columns, rows, height - rows)
    distance = torch.full((height, width), feathering)
    for pixels, to_side in zip(borders, distances, strict=True):
        if pixels:
            distance = torch.minimum(distance, to_side)
    return ((feathering - distance) / feathering).square()


def canvas(like: Tensor, height: int, width: int, colour: str) -> Tensor:
    """Pictures of one colour, opaque, as many and with as many channels as `like`."""
    values = like.new_tensor((*COLOURS[colour], 1.0))[: like.shape[-1]]
    return values.expand(len(like), height, width, -1).clone()


def scaled(image: Tensor, width: int, height: int, method: str) -> Tensor:
    """Pictures [B,H,W,C] resized."""
    return resize(image.movedim(-1, 1), width, height, method).movedim(1, -1)


def turns(rotation: Rotation) -> int:
    """Quarter turns clockwise."""
    return 0 if rotation == "none" else int(rotation.split()[0]) // 90
