"""Every way a picture can be seen, so that nothing in it escapes the checker.

The checker looks at the centre square of a picture, made small. What lies beside the centre, what is small in
a large picture, and what transparency hides or draws would escape it.
"""

from collections.abc import Iterator
from math import ceil

import torch
from torch import Tensor

THINNEST = 16
"""Sides in pixels below which a strip shows nothing that windows beside the centre would find."""
OPAQUE = 254 / 255
_SPECK = 0.05
"""How far a page of one colour may differ from it, as JPEG makes it."""


def colours(pictures: Tensor) -> list[Tensor]:
    """[B,H,W,C] in 0..1 with 1 to 4 channels → the [B,H,W,3] they can be shown as.

    With transparency: the colours bare, over black and over white, and the transparency itself as grey and
    inverted, since a picture can be hidden in any of these.
    """
    channels = pictures.shape[-1]
    if channels in (1, 3):
        return [pictures.expand(*pictures.shape[:3], 3)]
    bare = pictures[..., :-1].expand(*pictures.shape[:3], 3)
    alpha = pictures[..., -1:].expand(*pictures.shape[:3], 3)
    if bool((alpha >= OPAQUE).all()):
        return [bare]
    return [bare, bare * alpha, bare * alpha + 1 - alpha, alpha, 1 - alpha]


def windows(height: int, width: int, size: int) -> Iterator[tuple[int, int, int, int]]:
    """(top, left, height, width) of the squares a checker that sees `size` pixels must look at.

    The centre square of CompVis is among them, the others overlap by half. While half a square still has
    twice as many pixels along a side as the checker sees, squares of half the side are looked at too: the
    cells of a grid.
    """
    side = min(height, width)
    if side < THINNEST:
        # What the checker sees of it. The whole would first be enlarged until a line is as high as that.
        yield (height - side) // 2, (width - side) // 2, side, side
        return
    while True:
        for top in _places(height, side):
            for left in _places(width, side):
                yield top, left, side, side
        side //= 2
        if side < 2 * size:
            return


def content(picture: Tensor) -> tuple[int, int, int, int] | None:
    """(top, left, height, width) of what is on a page of one colour, in [H,W,3]; None where that takes more
    than half of it, or there is nothing. A small picture on a large page is as good as one without the page.
    """
    height, width = picture.shape[:2]
    boxes: list[tuple[int, int, int, int]] = []
    for edge in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
        page = edge[0]
        if bool(((edge - page).abs() > _SPECK).any()):
            continue  # no edge of a page
        differs = ((picture - page).abs() > _SPECK).any(-1)
        rows, columns = torch.argwhere(differs.any(1)), torch.argwhere(differs.any(0))
        if not len(rows):
            return None
        top, left = int(rows[0]), int(columns[0])
        boxes.append((top, left, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left))
    best = min(boxes, key=lambda box: box[2] * box[3], default=(0, 0, height, width))
    return best if 2 * best[2] * best[3] <= height * width else None


def _places(length: int, side: int) -> list[int]:
    """Where squares begin along a length: an odd number of places, so that one is the centre."""
    gaps = 2 * ceil((length - side) / side)
    return [round(i * (length - side) / gaps) for i in range(gaps + 1)] if gaps else [0]


def as_saved(pictures: Tensor) -> Tensor:
    """The values in 0..1 that a file of 8 bits keeps of pictures; what is no number is 0."""
    finite = torch.nan_to_num(pictures.detach().cpu().float(), nan=0.0)
    return (finite.clamp(0, 1) * 255).floor() / 255
