"""Nodes that limit a conditioning to a place in the picture or to a part of the sampling."""

from typing import Annotated, Literal

from diffusion.mixing import with_options
from engine.node import node
from engine.types import Range
from nodes.masks import as_batch
from nodes.types import Conditioning, Mask

CELL = 8
"""Pixels of a latent cell's side, in which areas are stored."""

Side = Annotated[int, Range(64, 16384, step=CELL)]
Offset = Annotated[int, Range(0, 16384, step=CELL)]
Share = Annotated[float, Range(0.0, 1.0, step=0.01)]
Strength = Annotated[float, Range(0.0, 10.0, step=0.01)]
Moment = Annotated[float, Range(0.0, 1.0, step=0.001)]


@node("ConditioningSetArea", title="Conditioning (Set Area)", category="conditioning", lane="cpu")
def conditioning_set_area(
    *,
    conditioning: Conditioning,
    width: Side = 64,
    height: Side = 64,
    x: Offset = 0,
    y: Offset = 0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt guide a rectangle of the picture only. Join several with Conditioning (Combine).

    Args:
        conditioning: The prompt for the rectangle.
        width: Width of the rectangle in pixels.
        height: Height of the rectangle in pixels.
        x: Where its left edge lies, in pixels.
        y: Where its top edge lies, in pixels.
        strength: Its weight where several prompts overlap.
    """
    area = (height // CELL, width // CELL, y // CELL, x // CELL)
    return with_options(conditioning, area=area, strength=strength, set_area_to_bounds=False)


@node(
    "ConditioningSetAreaPercentage",
    title="Conditioning (Set Area with Percentage)",
    category="conditioning",
    lane="cpu",
)
def conditioning_set_area_percentage(
    *,
    conditioning: Conditioning,
    width: Share = 1.0,
    height: Share = 1.0,
    x: Share = 0.0,
    y: Share = 0.0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt guide a rectangle given in parts of the picture, whatever its size.

    Args:
        conditioning: The prompt for the rectangle.
        width: Width as a part of the picture's.
        height: Height as a part of the picture's.
        x: Where its left edge lies, as a part of the picture's width.
        y: Where its top edge lies, as a part of the picture's height.
        strength: Its weight where several prompts overlap.
    """
    area = ("percentage", height, width, y, x)
    return with_options(conditioning, area=area, strength=strength, set_area_to_bounds=False)


@node("ConditioningSetAreaStrength", title="ConditioningSetAreaStrength", category="conditioning", lane="cpu")
def conditioning_set_area_strength(*, conditioning: Conditioning, strength: Strength = 1.0) -> Conditioning:
    """Change the weight a prompt has where several overlap.

    Args:
        conditioning: The prompt.
        strength: Its weight; 0 takes it out altogether.
    """
    return with_options(conditioning, strength=strength)


@node("ConditioningSetMask", title="Conditioning (Set Mask)", category="conditioning", lane="cpu")
def conditioning_set_mask(
    *,
    conditioning: Conditioning,
    mask: Mask,
    strength: Strength = 1.0,
    set_cond_area: Literal["default", "mask bounds"],
) -> Conditioning:
    """Let a prompt guide the picture where a mask is, as strongly as the mask is there.

    Args:
        conditioning: The prompt for the masked place.
        mask: Where it counts; scaled to the picture.
        strength: Its weight where several prompts overlap.
        set_cond_area: `mask bounds` has the network look at the box around the mask only, which is quicker.
    """
    bounds = set_cond_area != "default"
    held = as_batch(mask)
    return with_options(conditioning, mask=held, set_area_to_bounds=bounds, mask_strength=strength)


@node(
    "ConditioningSetTimestepRange",
    title="ConditioningSetTimestepRange",
    category="advanced/conditioning",
    lane="cpu",
)
def conditioning_set_timestep_range(
    *, conditioning: Conditioning, start: Moment = 0.0, end: Moment = 1.0
) -> Conditioning:
    """Let a prompt count during a part of the sampling only, for example to change the subject half-way.

    Args:
        conditioning: The prompt.
        start: When it begins to count: 0 is the first step, where all is noise.
        end: When it stops: 1 is the end.
    """
    return with_options(conditioning, start_percent=start, end_percent=end)
