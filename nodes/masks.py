"""Nodes that make and shape masks: [B,H,W] in 0..1, 1 where something is to happen."""

from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from diffusion.regions import to_batch
from engine.node import node
from engine.types import Range
from nodes.types import Mask

Side = Annotated[int, Range(1, 16384, step=1)]
Pixels = Annotated[int, Range(0, 16384, step=1)]


@node("SolidMask", title="SolidMask", category="mask", lane="cpu")
def solid_mask(
    *,
    value: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0,
    width: Side = 512,
    height: Side = 512,
) -> Mask:
    """Make a mask of one value.

    Args:
        value: The value everywhere.
        width: The width in pixels.
        height: The height in pixels.
    """
    return torch.full((1, height, width), value)


@node("InvertMask", title="InvertMask", category="mask", lane="cpu")
def invert_mask(*, mask: Mask) -> Mask:
    """Swap what a mask selects and what it leaves out.

    Args:
        mask: The mask to invert.
    """
    return 1.0 - mask


@node("ThresholdMask", title="ThresholdMask", category="mask", lane="cpu")
def threshold_mask(*, mask: Mask, value: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.5) -> Mask:
    """Make a soft mask hard.

    Args:
        mask: The mask.
        value: What lies above it becomes 1, everything else 0.
    """
    return (mask > value).to(mask.dtype)


@node("MaskComposite", title="MaskComposite", category="mask", lane="cpu")
def mask_composite(
    *,
    destination: Mask,
    source: Mask,
    x: Pixels = 0,
    y: Pixels = 0,
    operation: Literal["multiply", "add", "subtract", "and", "or", "xor"],
) -> Mask:
    """Lay one mask on another.

    Args:
        destination: The mask below; the result has its size.
        source: The mask on top; what would lie outside is cut off.
        x: Where the left edge of the source lies, in pixels.
        y: Where the top edge of the source lies, in pixels.
        operation: How the values combine; `and`, `or` and `xor` round them to 0 and 1 first.
    """
    destination, source = as_batch(destination), as_batch(source)
    batch = max(len(destination), len(source))
    result, source = to_batch(destination, batch).clone(), to_batch(source, batch)
    rows, columns = slice(y, y + source.shape[-2]), slice(x, x + source.shape[-1])
    below = result[:, rows, columns]
    above = source[:, : below.shape[-2], : below.shape[-1]].to(below)
    result[:, rows, columns] = combine(below, above, operation)
    return result.clamp(0.0, 1.0)


@node("CropMask", title="CropMask", category="mask", lane="cpu")
def crop_mask(*, mask: Mask, x: Pixels = 0, y: Pixels = 0, width: Side = 512, height: Side = 512) -> Mask:
    """Cut a part out of masks. It is smaller than asked for where the masks end.

    Args:
        mask: The masks.
        x: Where its left edge lies, in pixels.
        y: Where its top edge lies, in pixels.
        width: The width of the part, in pixels.
        height: The height of the part, in pixels.
    """
    masks = as_batch(mask)
    rows, columns = masks.shape[-2:]
    if x >= columns or y >= rows:
        raise ValueError(f"x={x}, y={y} lies outside the mask, which is {columns}x{rows}: move it inside")
    return masks[:, y : y + height, x : x + width]


@node("FeatherMask", title="FeatherMask", category="mask", lane="cpu")
def feather_mask(
    *, mask: Mask, left: Pixels = 0, top: Pixels = 0, right: Pixels = 0, bottom: Pixels = 0
) -> Mask:
    """Let a mask fade out towards the borders of the picture.

    Args:
        mask: The mask to fade.
        left: Over how many pixels it fades at the left border.
        top: Over how many pixels it fades at the top border.
        right: Over how many pixels it fades at the right border.
        bottom: Over how many pixels it fades at the bottom border.
    """
    mask = as_batch(mask)
    height, width = mask.shape[-2:]
    across = ramp(left, width) * ramp(right, width).flip(0)
    down = ramp(top, height) * ramp(bottom, height).flip(0)
    return mask * down.to(mask)[:, None] * across.to(mask)


@node("GrowMask", title="GrowMask", category="mask", lane="cpu")
def grow_mask(
    *,
    mask: Mask,
    expand: Annotated[int, Range(-16384, 16384, step=1)] = 0,
    tapered_corners: bool = True,
) -> Mask:
    """Make what a mask selects larger or smaller.

    Args:
        mask: The mask.
        expand: By how many pixels it grows; below 0 it shrinks.
        tapered_corners: Grow into a diamond instead of a square, which cuts the corners.
    """
    mask = as_batch(mask)
    if expand < 0:
        return -grown(-mask, -expand, tapered_corners)
    return grown(mask, expand, tapered_corners)


def as_batch(mask: Tensor) -> Tensor:
    """A mask as [B,H,W]; packs pass [H,W] and [B,1,H,W], too."""
    return mask.reshape(-1, *mask.shape[-2:])


def combine(below: Tensor, above: Tensor, operation: str) -> Tensor:
    """The values of two masks of the same size; sums and differences may leave 0..1."""
    if operation == "multiply":
        return below * above
    if operation == "add":
        return below + above
    if operation == "subtract":
        return below - above
    hard_below, hard_above = below.round().bool(), above.round().bool()
    if operation == "and":
        return (hard_below & hard_above).to(below)
    if operation == "or":
        return (hard_below | hard_above).to(below)
    return (hard_below ^ hard_above).to(below)


def ramp(length: int, size: int) -> Tensor:
    """1/length, 2/length … 1 and then ones, `size` values in all."""
    length = min(length, size)
    return (torch.arange(1, size + 1) / max(length, 1)).clamp(max=1.0)


def grown(mask: Tensor, steps: int, tapered: bool) -> Tensor:
    """The largest value around each one: in a square of `steps` to every side, or in a diamond."""
    steps = min(steps, sum(mask.shape[-2:]))
    if not tapered:
        down = max_pool2d(mask, (2 * min(steps, mask.shape[-2]) + 1, 1), 1, (min(steps, mask.shape[-2]), 0))
        return max_pool2d(down, (1, 2 * min(steps, mask.shape[-1]) + 1), 1, (0, min(steps, mask.shape[-1])))
    for _ in range(steps):
        mask = torch.maximum(max_pool2d(mask, (3, 1), 1, (1, 0)), max_pool2d(mask, (1, 3), 1, (0, 1)))
    return mask
