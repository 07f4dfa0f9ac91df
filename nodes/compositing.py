"""Nodes for pictures with transparency."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from diffusion.regions import to_batch
from engine.node import node
from nodes.masks import as_batch
from nodes.resize import resize
from nodes.types import Image, Mask

Mode = Literal[
    "ADD", "CLEAR", "DARKEN", "DST", "DST_ATOP", "DST_IN", "DST_OUT", "DST_OVER", "LIGHTEN",
    "MULTIPLY", "OVERLAY", "SCREEN", "SRC", "SRC_ATOP", "SRC_IN", "SRC_OUT", "SRC_OVER", "XOR",
]  # fmt: skip
LEAST = 1e-5
"""Below this much alpha a pixel has no colour."""


class ImageAndMask(NamedTuple):
    IMAGE: Image
    MASK: Mask


@node("JoinImageWithAlpha", title="Join Image with Alpha", category="mask/compositing", lane="cpu")
def join_image_with_alpha(*, image: Image, alpha: Mask) -> Image:
    """Make pictures transparent where a mask is 1.

    Args:
        image: The pictures.
        alpha: What is to be transparent, scaled to the pictures.
    """
    batch = max(len(image), len(as_batch(alpha)))
    colours = to_batch(image[..., :3], batch)
    opacity = 1.0 - fitted_mask(alpha, image, batch)
    return torch.cat([colours, opacity[..., None].to(image)], dim=-1)


@node("SplitImageWithAlpha", title="Split Image with Alpha", category="mask/compositing", lane="cpu")
def split_image_with_alpha(*, image: Image) -> ImageAndMask:
    """Take pictures apart into their colours and a mask.

    Args:
        image: The pictures.

    Returns:
        IMAGE: The colours.
        MASK: 1 where they are transparent; 0 everywhere without an alpha channel.
    """
    if image.shape[-1] < 4:
        return ImageAndMask(image, image.new_zeros(image.shape[:3]))
    return ImageAndMask(image[..., :3], 1.0 - image[..., 3])


@node(
    "PorterDuffImageComposite", title="Porter-Duff Image Composite", category="mask/compositing", lane="cpu"
)
def porter_duff_image_composite(
    *, source: Image, source_alpha: Mask, destination: Image, destination_alpha: Mask, mode: Mode = "DST"
) -> ImageAndMask:
    """Lay transparent pictures on one another (Porter and Duff 1984, "Compositing digital images").

    Args:
        source: The pictures on top, cut and scaled to the size of those below.
        source_alpha: 1 where they are transparent.
        destination: The pictures below.
        destination_alpha: 1 where they are transparent.
        mode: What shows: SRC the source, DST the destination; OVER with what lies below, IN only where there
            is something below, OUT only where there is not, ATOP on it.

    Returns:
        IMAGE: The result.
        MASK: 1 where it is transparent.
    """
    batch = min(map(len, (source, as_batch(source_alpha), destination, as_batch(destination_alpha))))
    height, width = destination.shape[1:3]
    above = resize(source.movedim(-1, 1), width, height, "bicubic", "center").movedim(1, -1)
    covers = 1.0 - fitted_mask(source_alpha, destination, batch)[..., None]
    covered = 1.0 - fitted_mask(destination_alpha, destination, batch)[..., None]
    layers = above[:batch, ..., :3] * covers, destination[:batch, ..., :3] * covered
    colours, alpha = COMPOSITES[mode](layers[0], covers, layers[1], covered)
    shown = torch.where(alpha > LEAST, colours / alpha.clamp(min=LEAST), torch.zeros_like(colours))
    return ImageAndMask(shown.clamp(0, 1), 1.0 - alpha[..., 0])


def fitted_mask(mask: Tensor, image: Tensor, batch: int) -> Tensor:
    """A mask [B,H,W] with the size of pictures [B,H,W,C]."""
    height, width = image.shape[1:3]
    planes = as_batch(mask)[:, None].float()
    if planes.shape[-2:] != (height, width):
        planes = resize(planes, width, height, "bicubic", "center").clamp(0, 1)
    return to_batch(planes[:, 0], batch)


Composite = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(source, its alpha, destination, its alpha) → (colours, alpha); colours are multiplied by their alpha."""


def mixing(both: Callable[[Tensor, Tensor], Tensor]) -> Composite:
    """A mode that shows each layer where the other is transparent, and `both` of them over one another."""

    def composite(s: Tensor, sa: Tensor, d: Tensor, da: Tensor) -> tuple[Tensor, Tensor]:
        return (1 - da) * s + (1 - sa) * d + both(s, d), sa + da - sa * da

    return composite


def overlay(s: Tensor, sa: Tensor, d: Tensor, da: Tensor) -> tuple[Tensor, Tensor]:
    """Multiply in the shadows of the destination, screen in its lights."""
    lights = sa * da - 2 * (da - d) * (sa - s)
    return torch.where(2 * d < da, 2 * s * d, lights), sa + da - sa * da


COMPOSITES: dict[str, Composite] = {
    "ADD": lambda s, sa, d, da: ((s + d).clamp(0, 1), (sa + da).clamp(0, 1)),
    "CLEAR": lambda s, sa, d, da: (torch.zeros_like(d), torch.zeros_like(da)),
    "DARKEN": mixing(torch.minimum),
    "DST": lambda s, sa, d, da: (d, da),
    "DST_ATOP": lambda s, sa, d, da: (sa * d + (1 - da) * s, sa),
    "DST_IN": lambda s, sa, d, da: (d * sa, sa * da),
    "DST_OUT": lambda s, sa, d, da: ((1 - sa) * d, (1 - sa) * da),
    "DST_OVER": lambda s, sa, d, da: (d + (1 - da) * s, da + (1 - da) * sa),
    "LIGHTEN": mixing(torch.maximum),
    "MULTIPLY": lambda s, sa, d, da: (s * d, sa * da),
    "OVERLAY": overlay,
    "SCREEN": lambda s, sa, d, da: (s + d - s * d, sa + da - sa * da),
    "SRC": lambda s, sa, d, da: (s, sa),
    "SRC_ATOP": lambda s, sa, d, da: (da * s + (1 - sa) * d, da),
    "SRC_IN": lambda s, sa, d, da: (s * da, sa * da),
    "SRC_OUT": lambda s, sa, d, da: ((1 - da) * s, (1 - da) * sa),
    "SRC_OVER": lambda s, sa, d, da: (s + (1 - sa) * d, sa + (1 - sa) * da),
    "XOR": lambda s, sa, d, da: ((1 - da) * s + (1 - sa) * d, (1 - da) * sa + (1 - sa) * da),
}
