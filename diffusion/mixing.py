"""Conditionings made from others: mixed, joined, silenced, limited to a place or a part of the sampling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor

from diffusion.conditioning import Conditioning, Options
from diffusion.regions import to_batch

Pairs = list[tuple[Tensor, Options] | list[Any]]


def with_options(conditioning: Conditioning, **options: Any) -> Pairs:
    """The same texts, each with more or other options; options nobody here knows stay."""
    return [[tensor, {**held, **options}] for tensor, held in conditioning]


def average(to: Conditioning, other: Conditioning, strength: float) -> Pairs:
    """Each text of `to` mixed with the first of `other`: strength * to + (1 - strength) * other.

    Tensors [B, tokens, dim] are mixed token by token at the length of `to`; a shorter `other` counts as 0
    where it has ended. Pooled vectors are mixed likewise.
    """
    source, source_options = _first(other)
    mixed: Pairs = []
    for tensor, options in to:
        fitted = _of_length(source, tensor.shape[1])
        pooled = _mix(options.get("pooled_output"), source_options.get("pooled_output"), strength)
        held = {**options} if pooled is None else {**options, "pooled_output": pooled}
        mixed.append([_mix(tensor, fitted, strength), held])
    return mixed


def concatenate(to: Conditioning, other: Conditioning) -> Pairs:
    """The tokens of the first text of `other` after those of each text of `to`, whose options stay."""
    source, _ = _first(other)
    joined: Pairs = []
    for tensor, options in to:
        batch = max(len(tensor), len(source))
        joined.append([torch.cat([to_batch(tensor, batch), to_batch(source, batch)], dim=1), {**options}])
    return joined


def zeroed(conditioning: Conditioning) -> Pairs:
    """Tensors and pooled vectors of zeros in the same shapes: guidance that says nothing."""
    silent: Pairs = []
    for tensor, options in conditioning:
        pooled = options.get("pooled_output")
        held = {**options} if pooled is None else {**options, "pooled_output": torch.zeros_like(pooled)}
        silent.append([torch.zeros_like(tensor), held])
    return silent


def _first(conditioning: Conditioning) -> tuple[Tensor, Mapping[str, Any]]:
    if not conditioning:
        raise ValueError("the conditioning to take from is empty: link a prompt to it")
    tensor, options = conditioning[0]
    return cast(Tensor, tensor), cast(Mapping[str, Any], options)


def _of_length(tensor: Tensor, tokens: int) -> Tensor:
    missing = tokens - tensor.shape[1]
    if missing <= 0:
        return tensor[:, :tokens]
    return torch.cat([tensor, tensor.new_zeros(tensor.shape[0], missing, *tensor.shape[2:])], dim=1)


def _mix(a: Tensor | None, b: Tensor | None, strength: float) -> Tensor | None:
    if a is None or b is None:  # one side has no say in it
        return b if a is None else a
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"conditionings of {a.shape[-1]} and {b.shape[-1]} numbers per token cannot be mixed: "
            "encode both with the CLIP of the same checkpoint"
        )
    return a * strength + b * (1.0 - strength)
