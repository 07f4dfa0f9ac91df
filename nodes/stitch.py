"""The node that sets pictures beside one another."""

from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.node import node
from engine.types import Range
from nodes.batches import opaque
from nodes.transform import canvas, scaled
from nodes.types import Image


@node("ImageStitch", title="Image Stitch", category="image/transform", lane="cpu")
def image_stitch(
    *,
    image1: Image,
    direction: Literal["right", "down", "left", "up"] = "right",
    match_image_size: bool = True,
    spacing_width: Annotated[int, Range(0, 1024, step=2)] = 0,
    spacing_color: Literal["white", "black", "red", "green", "blue"] = "white",
    image2: Image | None = None,
) -> Image:
    """Stitches image2 to image1 in the specified direction, with a bar of colour between them if wanted.

    Args:
        image1: The first pictures.
        direction: At which side of the first the second lies.
        match_image_size: Resize the second so that the sides that touch are equally long. Otherwise the
            smaller gets a black border.
        spacing_width: How wide the bar between them is, in pixels.
        spacing_color: The colour of the bar.
        image2: The second pictures; without it the first come out as they are.
    """
    if image2 is None:
        return image1
    beside = direction in ("right", "left")
    axis, batch = (2 if beside else 1), max(len(image1), len(image2))
    channels = max(image1.shape[-1], image2.shape[-1])
    first, second = (opaque(extended(image, batch), channels) for image in (image1, image2))
    if match_image_size:
        second = matched(second, first, beside)
    parts = [*level(first, second, beside)]
    if spacing_width:
        longest = max(part.shape[3 - axis] for part in parts)
        height, width = (longest, spacing_width) if beside else (spacing_width, longest)
        parts.insert(1, canvas(first, height, width, spacing_color))
    return torch.cat(parts if direction in ("right", "down") else parts[::-1], dim=axis)


def matched(second: Tensor, first: Tensor, beside: bool) -> Tensor:
    """The second pictures as high as the first, or as wide where they will lie below."""
    height, width = second.shape[1:3]
    if beside:
        return scaled(second, max(1, int(first.shape[1] * width / height)), first.shape[1], "lanczos")
    return scaled(second, first.shape[2], max(1, int(first.shape[2] * height / width)), "lanczos")


def level(first: Tensor, second: Tensor, beside: bool) -> tuple[Tensor, Tensor]:
    """Both with a black border where they are shorter than the other along the sides that touch."""
    axis = 1 if beside else 2
    longest = max(first.shape[axis], second.shape[axis])

    def filled(image: Tensor) -> Tensor:
        missing = longest - image.shape[axis]
        border = (missing // 2, missing - missing // 2)
        around = (0, 0, *border) if beside else border
        return image if missing == 0 else bordered(image, around)

    return filled(first), filled(second)


def bordered(image: Tensor, around: tuple[int, ...]) -> Tensor:
    """Pictures with black borders, which are opaque; `around` is as `torch.nn.functional.pad` takes it."""
    planes = image.movedim(-1, 1)
    parts = [pad(planes[:, :3], around), pad(planes[:, 3:], around, value=1.0)]
    return torch.cat(parts, dim=1).movedim(1, -1)


def extended(image: Tensor, count: int) -> Tensor:
    """A batch of `count` pictures: the last is repeated."""
    return torch.cat([image, image[-1:].expand(count - len(image), *image.shape[1:])])
