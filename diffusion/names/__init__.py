"""diffusers' names for the tensors of a network in its original layout, from the names and shapes alone."""

from collections.abc import Iterator, Mapping

from diffusion.names.alias import Alias, Shape
from diffusion.names.transformers import FLUX, MMDIT
from diffusion.names.unet import unet_aliases

_MARKS = {
    "input_blocks.0.0.weight": unet_aliases,
    "joint_blocks.0.x_block.attn.qkv.weight": MMDIT.aliases,
    "double_blocks.0.img_attn.qkv.weight": FLUX.aliases,
}
"""A tensor that tells a layout, and what names its tensors."""


def aliases(shapes: Mapping[str, Shape]) -> Iterator[Alias]:
    """diffusers' name of every tensor that has one.

    Args:
        shapes: the network's parameters, by their names after `model.diffusion_model.`.
    """
    for mark, layout in _MARKS.items():
        if mark in shapes:
            yield from layout(shapes)


__all__ = ["Alias", "Shape", "aliases"]
