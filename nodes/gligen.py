"""Nodes that put phrases into boxes of the picture."""

from dataclasses import replace
from typing import Annotated

from torch import Tensor

from diffusion.clip_text import ClipTower
from diffusion.gligen import Box, load_gligen
from diffusion.placement import Placement
from diffusion.precision import Precision
from diffusion.text import TextEncoder
from engine.context import Context
from engine.node import node
from engine.types import Files, Multiline, Range
from nodes.types import Clip, Conditioning, Gligen

_CELL = 8
"""Pixels to a cell of the latent."""
Extent = Annotated[int, Range(8, 16384, step=8)]
Offset = Annotated[int, Range(0, 16384, step=8)]


@node("GLIGENLoader", title="GLIGENLoader", category="loaders", lane="io")
def gligen_loader(*, gligen_name: Annotated[str, Files("gligen")], context: Context) -> Gligen:
    """Load GLIGEN: layers that put phrases into boxes of the picture.

    Args:
        gligen_name: The file, from the `gligen` folders.
    """
    return load_gligen(
        context.folders.find("gligen", gligen_name),
        precision=context.resource(Precision),
        placement=context.resource(Placement),
    )


@node("GLIGENTextBoxApply", title="GLIGENTextBoxApply", category="conditioning/gligen")
def gligen_text_box_apply(
    *,
    conditioning_to: Conditioning,
    clip: Clip,
    gligen_textbox_model: Gligen,
    text: Annotated[str, Multiline(dynamic_prompts=True)],
    width: Extent = 64,
    height: Extent = 64,
    x: Offset = 0,
    y: Offset = 0,
) -> Conditioning:
    """Say what is to be drawn in a box of the picture; several of these fill up to 30 boxes.

    Args:
        conditioning_to: The prompt of the whole picture, which names the same things.
        clip: The text encoder of the model.
        gligen_textbox_model: The GLIGEN model.
        text: What is in the box.
        width: Width of the box, in pixels.
        height: Height of the box, in pixels.
        x: Where its left edge lies.
        y: Where its top edge lies.
    """
    box = Box(_phrase(clip, text), height // _CELL, width // _CELL, y // _CELL, x // _CELL)
    given = [(context, options, options.get("gligen")) for context, options in conditioning_to]
    return [
        [context, {**options, "gligen": ("position", gligen_textbox_model, [*(had[2] if had else ()), box])}]
        for context, options, had in given
    ]


def _phrase(clip: TextEncoder, text: str) -> Tensor:
    """The pooled state of a text before any projection, [1, W], as GLIGEN was trained."""
    towers = [part for part in clip.parts.values() if isinstance(part, ClipTower)]
    if not towers:
        raise ValueError("GLIGEN reads phrases encoded by CLIP and this model has none: use an SD 1.x model")
    tower = towers[-1]
    return replace(tower, projected=False).encode(tower.tokenize(text)).pooled
