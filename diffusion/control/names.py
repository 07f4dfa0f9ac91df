"""The names diffusers gives the tensors of control networks, as those of the original files."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from diffusion.checkpoint.diffusers_names import unet_names
from diffusion.names import Shape
from diffusion.names.transformers import FLUX, MMDIT, Parts

_HINT_BLOCK = re.compile(r"controlnet_cond_embedding\.blocks\.(\d+)\.(.+)")
_SKIP = re.compile(r"controlnet_down_blocks\.(\d+)\.(.+)")
_ADAPTER_BLOCK = re.compile(r"adapter\.body\.(\d+)\.resnets\.(\d+)\.(.+)")
_ADAPTER_LEVEL = re.compile(r"adapter\.body\.(\d+)\.(in_conv|out_conv)\.(.+)")
_WHOLE = {
    "controlnet_cond_embedding.conv_in.": "input_hint_block.0.",
    "controlnet_mid_block.": "middle_block_out.0.",
}


_POSITIONS = {"pos_embed.pos_embed": "pos_embed", "pos_embed.proj.bias": "x_embedder.proj.bias"}
"""Of Stable Diffusion 3, beside what the tables for adapters have."""


def controlnet_names(names: Collection[str]) -> dict[str, str]:
    """Original name to diffusers' for the tensors of a ControlNet; an unknown name stays as it is."""
    own = {name: renamed for name in names if (renamed := _control_name(name, names)) is not None}
    unet = unet_names([name for name in names if name not in own])
    return {**unet, **{renamed: name for name, renamed in own.items()}}


def _control_name(name: str, names: Collection[str]) -> str | None:
    """The original name of what a ControlNet has beside a U-Net's way down."""
    if match := _HINT_BLOCK.fullmatch(name):
        return f"input_hint_block.{2 * int(match[1]) + 2}.{match[2]}"
    if match := _SKIP.fullmatch(name):
        return f"zero_convs.{match[1]}.0.{match[2]}"
    if name.startswith(last := "controlnet_cond_embedding.conv_out."):
        blocks = sum(
            other.startswith("controlnet_cond_embedding.blocks.") and other.endswith(".weight")
            for other in names
        )
        return f"input_hint_block.{2 * blocks + 2}.{name.removeprefix(last)}"
    return next(
        (ours + name.removeprefix(theirs) for theirs, ours in _WHOLE.items() if name.startswith(theirs)), None
    )


def transformer_parts(shapes: Mapping[str, Shape]) -> dict[str, Parts]:
    """Original name to diffusers' for a ControlNet for SD3 or Flux; what it alone has keeps its names."""
    if "pos_embed_input.proj.weight" in shapes:
        positions = {ours: Parts((name,)) for name, ours in _POSITIONS.items() if name in shapes}
        found = {**MMDIT.parts(shapes), **positions}
    else:
        found = FLUX.parts(shapes)
    used = {name for parts in found.values() for name in parts.names}
    return {**found, **{name: Parts((name,)) for name in shapes if name not in used}}


def adapter_names(names: Collection[str]) -> dict[str, str]:
    """Original name to diffusers' for the tensors of a T2I-Adapter; an unknown name stays as it is."""
    blocks = {
        match[0].split(".resnets.")[1].split(".")[0]
        for name in names
        if (match := _ADAPTER_BLOCK.match(name))
    }
    light = "adapter.body.0.out_conv.weight" in names
    return {_adapter_name(name, len(blocks), light=light): name for name in names}


def _adapter_name(name: str, layers: int, *, light: bool) -> str:
    if match := _ADAPTER_BLOCK.fullmatch(name):
        level, layer, rest = match.groups()
        if light:
            return f"body.{level}.body.{layer}.{rest}"
        return f"body.{int(level) * layers + int(layer)}.{rest}"
    if match := _ADAPTER_LEVEL.fullmatch(name):
        level, part, rest = match.groups()
        return f"body.{int(level) * (1 if light else layers)}.{part}.{rest}"
    return name.removeprefix("adapter.")
