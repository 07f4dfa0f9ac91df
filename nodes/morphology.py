"""Nodes for shapes in pictures (mathematical morphology) and for the YUV colour space."""

from typing import Annotated, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from engine.node import node
from engine.types import Range
from nodes.types import Image

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the brightness (ITU-R BT.601)."""
HALF = 0.5


class Yuv(NamedTuple):
    Y: Image
    U: Image
    V: Image


@node("Morphology", title="ImageMorphology", category="image/postprocessing", lane="cpu")
def morphology(
    *,
    image: Image,
    operation: Literal["erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat"],
    kernel_size: Annotated[int, Range(3, 999, step=1)] = 3,
) -> Image:
    """Grow or shrink what is bright in pictures, and what follows from the two.

    Args:
        image: The pictures.
        operation: `erode` shrinks what is bright, `dilate` grows it, `open` removes small bright things,
            `close` small dark ones; `gradient` shows edges, `top_hat` what open removes, `bottom_hat` what
            close does.
        kernel_size: The side of the square that is looked at around each pixel.
    """
    planes = image.movedim(-1, 1)
    return morphed(planes, operation, kernel_size).movedim(1, -1)


@node("ImageRGBToYUV", title="ImageRGBToYUV", category="image/batch", lane="cpu")
def image_rgb_to_yuv(*, image: Image) -> Yuv:
    """Take pictures apart into brightness and two differences of colour.

    Args:
        image: The pictures.

    Returns:
        Y: The brightness, as a grey picture.
        U: Blue minus brightness; grey where they are equal.
        V: Red minus brightness; grey where they are equal.
    """
    y = image[..., :3] @ image.new_tensor(LUMA)
    planes = (y, (image[..., 2] - y) * 0.564 + HALF, (image[..., 0] - y) * 0.713 + HALF)
    return Yuv(*(plane[..., None].expand(-1, -1, -1, 3) for plane in planes))


@node("ImageYUVToRGB", title="ImageYUVToRGB", category="image/batch", lane="cpu")
def image_yuv_to_rgb(*, Y: Image, U: Image, V: Image) -> Image:
    """Put pictures together from brightness and two differences of colour.

    Args:
        Y: The brightness.
        U: Blue minus brightness, 0.5 for none.
        V: Red minus brightness, 0.5 for none.
    """
    y, u, v = Y.mean(-1), U.mean(-1) - HALF, V.mean(-1) - HALF
    colours = (y + 1.403 * v, y - 0.714 * v - 0.344 * u, y + 1.773 * u)
    return torch.stack(colours, dim=-1).clamp(0.0, 1.0)


def morphed(planes: Tensor, operation: str, size: int) -> Tensor:
    """One operation on [B,C,H,W] with a square of `size`."""
    match operation:
        case "erode":
            return eroded(planes, size)
        case "dilate":
            return dilated(planes, size)
        case "open":
            return dilated(eroded(planes, size), size)
        case "close":
            return eroded(dilated(planes, size), size)
        case "gradient":
            return dilated(planes, size) - eroded(planes, size)
        case "bottom_hat":
            return morphed(planes, "close", size) - planes
        case _:
            return planes - morphed(planes, "open", size)


def dilated(planes: Tensor, size: int) -> Tensor:
    """The largest value of the square around each pixel; past the edges there is nothing."""
    before, after = size // 2, size - size // 2 - 1
    around = pad(planes, (before, after, before, after), value=-torch.inf)
    return max_pool2d(max_pool2d(around, (size, 1), 1), (1, size), 1)


def eroded(planes: Tensor, size: int) -> Tensor:
    """The smallest value of the square around each pixel."""
    return -dilated(-planes, size)
