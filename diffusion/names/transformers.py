"""diffusers' names for the transformers of Stable Diffusion 3 and Flux, as tables of patterns.

The originals fuse the projections of an attention; diffusers has them apart. So one tensor may have several
names, each for as many of its rows as the network is wide, the last for what is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from diffusion.names.alias import Alias, Shape

_N = "{}"
"""The number of a block, in a pattern and in the names made from it."""


@dataclass(frozen=True)
class Parts:
    """diffusers' tensors that one of the original layout consists of, in the order of its rows."""

    names: tuple[str, ...]
    swapped: bool = False
    """Whether its two halves are exchanged."""
    heads: int = 1
    """The rows of so many heads follow each other, each with its share of every part."""
    convolution: bool = False
    """Whether it is a convolution of one pixel in a row where diffusers has a linear layer."""


@dataclass(frozen=True)
class Renames:
    """A layout's tensors, as patterns, and the names diffusers has for them."""

    table: Mapping[str, Sequence[str]]
    swapped: Mapping[str, str] = field(default_factory=dict[str, str])
    """Modulations whose halves diffusers exchanges where they are of two parts (shift and scale)."""

    def aliases(self, shapes: Mapping[str, Shape]) -> Iterator[Alias]:
        """Names such as `transformer_blocks.3.attn.to_q.weight`."""
        for parameter, shape in shapes.items():
            for pattern, names in self._patterns:
                if (match := pattern.fullmatch(parameter)) is not None:
                    yield from _aliases([name.format(*match.groups()) for name in names], parameter, shape)
            for pattern, name in self._swapped:
                if (match := pattern.fullmatch(parameter)) is not None:
                    yield Alias(name.format(*match.groups()), parameter, None, shape[0] == 2 * shape[1])

    def parts(self, stored: Mapping[str, Shape]) -> dict[str, Parts]:
        """For diffusers' tensors the original ones they make up: the inverse of `aliases`, biases included.

        Args:
            stored: the shapes of a network's tensors by diffusers' names.
        """
        found: dict[str, Parts] = {}
        for name in stored:
            for pattern, original, names in self._inverse:
                if (match := pattern.fullmatch(name)) is not None:
                    *numbers, kind = match.groups()
                    made = [f"{each.format(*numbers).rpartition('.')[0]}.{kind}" for each in names]
                    stem, _, last = original.format(*numbers).rpartition(".")
                    swapped = original in self.swapped and _of_two_parts(name, kind, stored)
                    found[f"{stem}.{last if kind == 'weight' else kind}"] = Parts(tuple(made), swapped)
        return found

    @cached_property
    def _inverse(self) -> list[tuple[re.Pattern[str], str, Sequence[str]]]:
        """By the first name of each tensor, whose ending may be that of a bias."""
        table = {**self.table, **{original: [name] for original, name in self.swapped.items()}}
        return [
            (re.compile(_pattern(names[0]).pattern.removesuffix("weight") + "(weight|bias)"), original, names)
            for original, names in table.items()
        ]

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], Sequence[str]]]:
        return [(_pattern(original), names) for original, names in self.table.items()]

    @cached_property
    def _swapped(self) -> list[tuple[re.Pattern[str], str]]:
        return [(_pattern(original), name) for original, name in self.swapped.items()]


def _of_two_parts(name: str, kind: str, stored: Mapping[str, Shape]) -> bool:
    """Whether a modulation is shift and scale; its weight tells, for it is as wide as the network."""
    shape = stored.get(f"{name.removesuffix(kind)}weight", ())
    return len(shape) == 2 and shape[0] == 2 * shape[1]


def _pattern(original: str) -> re.Pattern[str]:
    return re.compile(re.escape(original).replace(re.escape(_N), r"(\d+)"))


def _aliases(names: Sequence[str], parameter: str, shape: Shape) -> Iterator[Alias]:
    if len(names) == 1:
        yield Alias(names[0], parameter)
        return
    width = shape[1]
    for place, name in enumerate(names):
        last = place == len(names) - 1
        yield Alias(name, parameter, (place * width, shape[0] - place * width if last else width))


def _attention(original: str, block: str, *, added: bool) -> dict[str, Sequence[str]]:
    """The projections of one stream's attention: the picture's, or that of the text added to it."""
    parts = ("add_q_proj", "add_k_proj", "add_v_proj") if added else ("to_q", "to_k", "to_v")
    return {
        f"{original}.qkv.weight": [f"{block}.{part}.weight" for part in parts],
        f"{original}.proj.weight": [f"{block}.{'to_add_out' if added else 'to_out.0'}.weight"],
    }


_JOINT, _BLOCK = f"joint_blocks.{_N}", f"transformer_blocks.{_N}"

MMDIT = Renames(
    {
        **_attention(f"{_JOINT}.x_block.attn", f"{_BLOCK}.attn", added=False),
        **_attention(f"{_JOINT}.context_block.attn", f"{_BLOCK}.attn", added=True),
        **_attention(f"{_JOINT}.x_block.attn2", f"{_BLOCK}.attn2", added=False),
        f"{_JOINT}.x_block.attn.ln_q.weight": [f"{_BLOCK}.attn.norm_q.weight"],
        f"{_JOINT}.x_block.attn.ln_k.weight": [f"{_BLOCK}.attn.norm_k.weight"],
        f"{_JOINT}.x_block.attn2.ln_q.weight": [f"{_BLOCK}.attn2.norm_q.weight"],
        f"{_JOINT}.x_block.attn2.ln_k.weight": [f"{_BLOCK}.attn2.norm_k.weight"],
        f"{_JOINT}.context_block.attn.ln_q.weight": [f"{_BLOCK}.attn.norm_added_q.weight"],
        f"{_JOINT}.context_block.attn.ln_k.weight": [f"{_BLOCK}.attn.norm_added_k.weight"],
        f"{_JOINT}.x_block.mlp.fc1.weight": [f"{_BLOCK}.ff.net.0.proj.weight"],
        f"{_JOINT}.x_block.mlp.fc2.weight": [f"{_BLOCK}.ff.net.2.weight"],
        f"{_JOINT}.context_block.mlp.fc1.weight": [f"{_BLOCK}.ff_context.net.0.proj.weight"],
        f"{_JOINT}.context_block.mlp.fc2.weight": [f"{_BLOCK}.ff_context.net.2.weight"],
        f"{_JOINT}.x_block.adaLN_modulation.1.weight": [f"{_BLOCK}.norm1.linear.weight"],
        "context_embedder.weight": ["context_embedder.weight"],
        "x_embedder.proj.weight": ["pos_embed.proj.weight"],
        "y_embedder.mlp.0.weight": ["time_text_embed.text_embedder.linear_1.weight"],
        "y_embedder.mlp.2.weight": ["time_text_embed.text_embedder.linear_2.weight"],
        "t_embedder.mlp.0.weight": ["time_text_embed.timestep_embedder.linear_1.weight"],
        "t_embedder.mlp.2.weight": ["time_text_embed.timestep_embedder.linear_2.weight"],
        "final_layer.linear.weight": ["proj_out.weight"],
    },
    {
        f"{_JOINT}.context_block.adaLN_modulation.1.weight": f"{_BLOCK}.norm1_context.linear.weight",
        "final_layer.adaLN_modulation.1.weight": "norm_out.linear.weight",
    },
)
"""Stable Diffusion 3 and 3.5."""

_DOUBLE, _SINGLE, _SINGLE_BLOCK = (
    f"double_blocks.{_N}",
    f"single_blocks.{_N}",
    f"single_transformer_blocks.{_N}",
)
_SINGLE_PARTS = ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")

FLUX = Renames(
    {
        **_attention(f"{_DOUBLE}.img_attn", f"{_BLOCK}.attn", added=False),
        **_attention(f"{_DOUBLE}.txt_attn", f"{_BLOCK}.attn", added=True),
        f"{_DOUBLE}.img_attn.norm.query_norm.scale": [f"{_BLOCK}.attn.norm_q.weight"],
        f"{_DOUBLE}.img_attn.norm.key_norm.scale": [f"{_BLOCK}.attn.norm_k.weight"],
        f"{_DOUBLE}.txt_attn.norm.query_norm.scale": [f"{_BLOCK}.attn.norm_added_q.weight"],
        f"{_DOUBLE}.txt_attn.norm.key_norm.scale": [f"{_BLOCK}.attn.norm_added_k.weight"],
        f"{_DOUBLE}.img_mlp.0.weight": [f"{_BLOCK}.ff.net.0.proj.weight"],
        f"{_DOUBLE}.img_mlp.2.weight": [f"{_BLOCK}.ff.net.2.weight"],
        f"{_DOUBLE}.txt_mlp.0.weight": [f"{_BLOCK}.ff_context.net.0.proj.weight"],
        f"{_DOUBLE}.txt_mlp.2.weight": [f"{_BLOCK}.ff_context.net.2.weight"],
        f"{_DOUBLE}.img_mod.lin.weight": [f"{_BLOCK}.norm1.linear.weight"],
        f"{_DOUBLE}.txt_mod.lin.weight": [f"{_BLOCK}.norm1_context.linear.weight"],
        f"{_SINGLE}.linear1.weight": [f"{_SINGLE_BLOCK}.{part}.weight" for part in _SINGLE_PARTS],
        f"{_SINGLE}.linear2.weight": [f"{_SINGLE_BLOCK}.proj_out.weight"],
        f"{_SINGLE}.modulation.lin.weight": [f"{_SINGLE_BLOCK}.norm.linear.weight"],
        f"{_SINGLE}.norm.query_norm.scale": [f"{_SINGLE_BLOCK}.attn.norm_q.weight"],
        f"{_SINGLE}.norm.key_norm.scale": [f"{_SINGLE_BLOCK}.attn.norm_k.weight"],
        "img_in.weight": ["x_embedder.weight"],
        "txt_in.weight": ["context_embedder.weight"],
        "time_in.in_layer.weight": ["time_text_embed.timestep_embedder.linear_1.weight"],
        "time_in.out_layer.weight": ["time_text_embed.timestep_embedder.linear_2.weight"],
        "guidance_in.in_layer.weight": ["time_text_embed.guidance_embedder.linear_1.weight"],
        "guidance_in.out_layer.weight": ["time_text_embed.guidance_embedder.linear_2.weight"],
        "vector_in.in_layer.weight": ["time_text_embed.text_embedder.linear_1.weight"],
        "vector_in.out_layer.weight": ["time_text_embed.text_embedder.linear_2.weight"],
        "final_layer.linear.weight": ["proj_out.weight"],
    },
    {"final_layer.adaLN_modulation.1.weight": "norm_out.linear.weight"},
)
"""Flux.1, dev and schnell."""
