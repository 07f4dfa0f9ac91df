"""Which models an adapter was made for, and which one it meets, in words: the width of the text tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from diffusion.adapters.adapter import Adapter
from diffusion.adapters.deltas import Delta

_BY_CONTEXT = {768: "SD 1.x", 1024: "SD 2.x", 1280: "SDXL refiner", 2048: "SDXL"}
_TRANSFORMERS = (
    (re.compile(r"double_blocks_|single_blocks_|single_transformer_blocks_"), "Flux"),
    (re.compile(r"joint_blocks_|transformer_blocks_\d+_attn_"), "SD 3"),
)
_CONTEXT = re.compile(r"attn2_to_[kv]$")
_SECOND_TEXT = re.compile(r"^(lora_te2_|text_encoder_2_)")


def of_network(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """The family of a network, from its parameters."""
    widths = {s[1] for name, s in shapes.items() if name.endswith("attn2.to_k.weight") and len(s) == 2}
    return _family((name.replace(".", "_") for name in shapes), widths) or "of another kind"


def of_adapter(adapter: Adapter) -> str | None:
    """The family an adapter was made for, or None where it doesn't show."""
    names = {stem.replace(".", "_"): found.weight for stem, found in adapter.modules.items()}
    family = _family(names, _widths(names))
    if family is None and any(_SECOND_TEXT.search(name) for name in names):
        return "SDXL"
    return family


def _widths(deltas: Mapping[str, Delta | None]) -> set[int]:
    return {delta.columns for name, delta in deltas.items() if delta and _CONTEXT.search(name)} - {0}


def _family(names: Iterable[str], widths: set[int]) -> str | None:
    known = list(names)
    for pattern, family in _TRANSFORMERS:
        if any(pattern.search(name) for name in known):
            return family
    if len(widths) != 1:
        return None
    [width] = widths
    attends = f"{width}-wide cross attention"
    return f"{_BY_CONTEXT[width]} ({attends})" if width in _BY_CONTEXT else f"one of {attends}"
