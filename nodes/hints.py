"""Nodes that make the pictures control networks read out of other pictures."""

from typing import Annotated

from diffusion.control.edges import canny
from engine.node import node
from engine.types import Range
from nodes.types import Image

Threshold = Annotated[float, Range(0.01, 0.99, step=0.01)]


@node("Canny", title="Canny", category="image/preprocessors", lane="cpu")
def canny_edges(*, image: Image, low_threshold: Threshold = 0.4, high_threshold: Threshold = 0.8) -> Image:
    """Draw the edges of a picture as thin white lines on black, for ControlNets made for Canny edges.

    Args:
        image: The picture; of several each.
        low_threshold: How strong an edge must be to continue another.
        high_threshold: How strong it must be to begin one.
    """
    return canny(image, low_threshold, high_threshold)[..., None].expand(-1, -1, -1, 3).contiguous()
