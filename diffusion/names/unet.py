"""diffusers' names for a U-Net of latent diffusion: SD 1.x, SD 2.x, SDXL, of any size.

The original counts its blocks through; diffusers counts levels, and residual blocks and attentions in each.
Where a level ends is told by the tensors of what changes the resolution.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from diffusion.names.alias import Alias, Shape

_RESIDUAL: Mapping[str, str] = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
_SINGLE: Mapping[str, tuple[str, ...]] = {
    "time_embed.0": ("time_embedding.linear_1",),
    "time_embed.2": ("time_embedding.linear_2",),
    "label_emb.0.0": ("add_embedding.linear_1", "class_embedding.linear_1"),
    "label_emb.0.2": ("add_embedding.linear_2", "class_embedding.linear_2"),
    "input_blocks.0.0": ("conv_in",),
    "out.0": ("conv_norm_out",),
    "out.2": ("conv_out",),
}
_MIDDLE = {"0": "resnets.0", "1": "attentions.0", "2": "resnets.1"}
_PLACE = re.compile(r"(input_blocks|output_blocks|middle_block)\.(.+)\.weight")


def unet_aliases(shapes: Mapping[str, Shape]) -> Iterator[Alias]:
    """Names such as `down_blocks.0.resnets.1.conv1.weight`."""
    blocks = {"input_blocks": _down(shapes), "output_blocks": _up(shapes)}
    for parameter in shapes:
        module = parameter.removesuffix(".weight")
        for name in _SINGLE.get(module, ()):
            yield Alias(f"{name}.weight", parameter)
        match = _PLACE.fullmatch(parameter)
        if match is None or module in _SINGLE:
            continue
        side, rest = match[1], match[2]
        if side == "middle_block":
            place, _, inner = rest.partition(".")
            yield Alias(f"mid_block.{_MIDDLE[place]}.{_RESIDUAL.get(inner, inner)}.weight", parameter)
        else:
            yield Alias(f"{_placed(side, blocks[side], rest)}.weight", parameter)


def _placed(side: str, levels: Mapping[int, tuple[int, int]], rest: str) -> str:
    number, place, inner = rest.split(".", 2)
    level, index = levels[int(number)]
    if inner == "op":
        return f"down_blocks.{level}.downsamplers.0.conv"
    block = f"{'down' if side == 'input_blocks' else 'up'}_blocks.{level}"
    if inner == "conv":
        return f"{block}.upsamplers.0.conv"
    if place == "0":
        return f"{block}.resnets.{index}.{_RESIDUAL[inner]}"
    return f"{block}.attentions.{index}.{inner}"


def _down(shapes: Mapping[str, Shape]) -> dict[int, tuple[int, int]]:
    """Level, and place in it, of each block on the way down; a downsampler is the last of its level."""
    ends = {n for n in _numbers(shapes, "input_blocks") if f"input_blocks.{n}.0.op.weight" in shapes}
    return _levels([n for n in _numbers(shapes, "input_blocks") if n], ends)


def _up(shapes: Mapping[str, Shape]) -> dict[int, tuple[int, int]]:
    """The same for the way up, where the last block of a level holds the upsampler."""
    numbers = _numbers(shapes, "output_blocks")
    names = {n: (f"output_blocks.{n}.1.conv.weight", f"output_blocks.{n}.2.conv.weight") for n in numbers}
    return _levels(numbers, {n for n in numbers if any(name in shapes for name in names[n])})


def _levels(numbers: list[int], ends: set[int]) -> dict[int, tuple[int, int]]:
    placed: dict[int, tuple[int, int]] = {}
    level = index = 0
    for number in numbers:
        placed[number] = (level, index)
        level, index = (level + 1, 0) if number in ends else (level, index + 1)
    return placed


def _numbers(shapes: Mapping[str, Shape], side: str) -> list[int]:
    return sorted({int(name.split(".")[1]) for name in shapes if name.startswith(f"{side}.")})
