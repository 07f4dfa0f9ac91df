"""Which tensor of a network a name in an adapter file means: every spelling, in one canonical form.

Trainers write `lora_unet_input_blocks_1_1_proj_in`, `unet.down_blocks.0.attentions.0.proj_in`,
`diffusion_model.input_blocks.1.1.proj_in` and more for the same layer. With dots as underscores and without
what stands in front, two names per layer remain: the checkpoint's and diffusers', which `names` derives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from diffusion.layers.modulation import exchanged
from diffusion.names import Shape, aliases

NETWORK = "network"
"""A part of a model that adapters are for; the others are its text encoders, by their short names."""

_PREFIXES: Mapping[str, Sequence[str]] = {
    "": (NETWORK,),
    **dict.fromkeys(
        (
            *("lora_unet_", "lora_transformer_", "lycoris_", "unet_", "transformer_", "diffusion_model_"),
            *("model_diffusion_model_", "base_model_model_", "unet_base_model_model_"),
            *("transformer_base_model_model_",),
        ),
        (NETWORK,),
    ),
    **dict.fromkeys(("lora_te_", "text_encoder_", "lycoris_text_encoder_"), ("l", "h", "g")),
    **dict.fromkeys(("lora_te1_", "text_encoder_1_", "text_encoders_clip_l_transformer_"), ("l",)),
    **dict.fromkeys(("lora_te2_", "text_encoder_2_", "text_encoders_clip_g_transformer_"), ("g", "t5")),
    **dict.fromkeys(("lora_te3_", "text_encoder_3_", "text_encoders_t5xxl_transformer_"), ("t5",)),
    "text_encoders_clip_h_transformer_": ("h",),
}
"""What stands in front of a name, to the parts it may be for, the likeliest first."""

_TEXT_PREFIXES = tuple(prefix for prefix, parts in _PREFIXES.items() if NETWORK not in parts)
_PROCESSOR = re.compile(r"_processor_(?=to_)")
_OLD_OUT = re.compile(r"(attn\d?_to_out)$")


@dataclass(frozen=True)
class Target:
    """Rows of one parameter. With `swapped`, files have its two halves in the other order."""

    parameter: str
    rows: tuple[int, int] | None = None
    """First row and number of rows, where several layers of a file are one tensor here; None for all."""
    swapped: bool = False

    def bias(self) -> Target:
        """The same rows of the bias beside the weight."""
        return replace(self, parameter=f"{self.parameter.rpartition('.')[0]}.bias")

    def shape(self, whole: Shape) -> Shape:
        """The shape of these rows."""
        return whole if self.rows is None else (self.rows[1], *whole[1:])

    def take(self, whole: Tensor) -> Tensor:
        """These rows, as files have them."""
        part = whole if self.rows is None else whole.narrow(0, *self.rows)
        return exchanged(part) if self.swapped else part

    def put(self, part: Tensor, whole: Tensor) -> Tensor:
        """`whole` with these rows changed; only a fused tensor is copied for it."""
        part = exchanged(part) if self.swapped else part
        if self.rows is None:
            return part
        return torch.cat([whole[: self.rows[0]], part, whole[sum(self.rows) :]])


class Targets:
    """The layers of a model's parts, found by any name that trainers give them."""

    def __init__(self, parts: Mapping[str, Mapping[str, Shape]]) -> None:
        """`parts`: the shapes of the parameters of each part, by its name (`network`, `l`, `g`, ...)."""
        self._tables = {part: _table(part, shapes) for part, shapes in parts.items()}

    def find(self, stem: str) -> tuple[str, Target] | None:
        """Part and target of a module's name in a file, or None."""
        name = _PROCESSOR.sub("_", stem.replace(".", "_"))
        for prefix, parts in _PREFIXES.items():
            if not name.startswith(prefix):
                continue
            rest = _bare(name[len(prefix) :])
            for part in parts:
                if (found := self._tables.get(part, {}).get(rest)) is not None:
                    return part, found
        return None


def is_text(stem: str) -> bool:
    """Whether a module's name in a file is one of a text encoder."""
    return stem.replace(".", "_").startswith(_TEXT_PREFIXES)


def _table(part: str, shapes: Mapping[str, Shape]) -> dict[str, Target]:
    weights = [name for name in shapes if name.endswith((".weight", ".scale"))]
    table = {_key(name): Target(name) for name in weights}
    if part == NETWORK:
        table.update((_key(a.name), Target(a.parameter, a.rows, a.swapped)) for a in aliases(shapes))
    return table


def _key(parameter: str) -> str:
    return _bare(parameter.rpartition(".")[0].replace(".", "_"))


def _bare(name: str) -> str:
    """Without what only some spellings have: `text_model`, and the number of an attention's output layer."""
    return _OLD_OUT.sub(r"\1_0", name.removeprefix("text_model_"))
