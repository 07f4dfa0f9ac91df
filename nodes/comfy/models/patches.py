"""What packs put under `transformer_options`, as hooks of a U-Net."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from diffusion.hooks import Attention, AttentionInstead, Change, Hooks, JoinChange, Side, Site, Spot

Function = Callable[..., Any]

_ATTENTION: Mapping[str, Attention] = {"attn1": "self", "attn2": "cross"}
PLACES = frozenset(
    {
        *(f"{name}_{place}" for name in _ATTENTION for place in ("patch", "output_patch")),
        "middle_patch",
        "input_block_patch",
        "input_block_patch_after_skip",
        "output_block_patch",
    }
)
"""The names under `patches` that have a place here."""


def unknown(transformer_options: Mapping[str, Any]) -> list[str]:
    """What would be called at places these networks do not have."""
    patches = [name for name, functions in transformer_options.get("patches", {}).items() if functions]
    replaced = [name for name, spots in transformer_options.get("patches_replace", {}).items() if spots]
    return [name for name in patches if name not in PLACES] + [n for n in replaced if n not in _ATTENTION]


def hooks_of(transformer_options: Mapping[str, Any]) -> Hooks:
    """The hooks that call what packs put there; functions of one place in their order."""
    patches: Mapping[str, list[Function]] = transformer_options.get("patches", {})
    replaced: Mapping[str, Mapping[Any, Function]] = transformer_options.get("patches_replace", {})
    told = {
        name: value
        for name, value in transformer_options.items()
        if name not in ("patches", "patches_replace")
    }

    def each(place: str) -> list[Function]:
        return list(patches.get(place, []))

    return Hooks(
        attention_inputs=tuple(
            _inputs(function, attention, told)
            for name, attention in _ATTENTION.items()
            for function in each(f"{name}_patch")
        ),
        attention_instead={
            _spot(attention, key): _instead(function, told)
            for name, attention in _ATTENTION.items()
            for key, function in replaced.get(name, {}).items()
        },
        after_attention=tuple(
            _after(function, attention, told)
            for name, attention in _ATTENTION.items()
            for function in each(f"{name}_output_patch")
        ),
        after_self_attention=tuple(_tokens(function, told) for function in each("middle_patch")),
        after_input=tuple(_block(function, told) for function in each("input_block_patch")),
        after_skip=tuple(_block(function, told) for function in each("input_block_patch_after_skip")),
        before_output=tuple(_join(function, told) for function in each("output_block_patch")),
    )


def _spot(attention: Attention, key: tuple[Any, ...]) -> Spot:
    """From (side, block) or (side, block, layer), as packs name it."""
    side: Side = key[0]
    return Spot(attention, side, int(key[1]), int(key[2]) if len(key) > 2 else None)


def _options(told: Mapping[str, Any], site: Site, x: Tensor) -> dict[str, Any]:
    """What a function is told about where and when it is called; `x` is of the whole batch."""
    sigma = site.sigma
    return {
        **told,
        "block": (site.side, site.block),
        "cond_or_uncond": list(site.sides),
        "sigmas": None if sigma is None else sigma.reshape(1).expand(len(x)).to(x.device),
        "original_shape": [len(x), 4, *site.hooks.size],
        "activations_shape": list(x.shape),
    }


def _attention_options(told: Mapping[str, Any], site: Site, q: Tensor) -> dict[str, Any]:
    return {
        **_options(told, site, q),
        "n_heads": site.heads,
        "dim_head": q.shape[-1] // max(site.heads, 1),
        "block_index": site.layer,
        "transformer_index": site.layer,
    }


def _inputs(function: Function, attention: Attention, told: Mapping[str, Any]) -> Any:
    def change(q: Tensor, k: Tensor, v: Tensor, site: Site) -> tuple[Tensor, Tensor, Tensor]:
        if site.attention != attention:
            return q, k, v
        q, k, v = function(q, k, v, _attention_options(told, site, q))
        return q, k, v

    return change


def _instead(function: Function, told: Mapping[str, Any]) -> AttentionInstead:
    def attend(q: Tensor, k: Tensor, v: Tensor, site: Site) -> Tensor:
        return function(q, k, v, _attention_options(told, site, q))

    return attend


def _after(function: Function, attention: Attention, told: Mapping[str, Any]) -> Change:
    def change(x: Tensor, site: Site) -> Tensor:
        return function(x, _attention_options(told, site, x)) if site.attention == attention else x

    return change


def _tokens(function: Function, told: Mapping[str, Any]) -> Change:
    return lambda x, site: function(x, _attention_options(told, site, x))


def _block(function: Function, told: Mapping[str, Any]) -> Change:
    return lambda x, site: function(x, _options(told, site, x))


def _join(function: Function, told: Mapping[str, Any]) -> JoinChange:
    def change(x: Tensor, skip: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        x, skip = function(x, skip, _options(told, site, x))
        return x, skip

    return change
