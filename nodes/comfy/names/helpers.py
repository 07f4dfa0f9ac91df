"""`node_helpers`: small functions nodes share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from PIL import ImageFile, UnidentifiedImageError
from torch import Tensor

T = TypeVar("T")
R = TypeVar("R")


def conditioning_set_values(
    conditioning: list[Any], values: Mapping[str, Any] | None = None, append: bool = False
) -> list[Any]:
    """A copy of a CONDITIONING with these entries in every dict; with `append` added to lists there."""
    made: list[Any] = []
    for tensor, options in conditioning:
        entries = dict(options)
        for name, value in (values or {}).items():
            present = entries.get(name)
            entries[name] = present + value if append and present is not None else value
        made.append([tensor, entries])
    return made


def pillow(fn: Callable[[T], R], arg: T) -> R:
    """`fn(arg)`; if the picture is cut short or damaged, once more taking what there is of it."""
    try:
        return fn(arg)
    except (OSError, UnidentifiedImageError, ValueError):
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            return fn(arg)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


def hasher() -> Callable[[], Any]:
    """The hash to compare files with."""
    return hashlib.sha256


def string_to_torch_dtype(string: str) -> torch.dtype | None:
    """`fp32`, `fp16`, `bf16` as torch's types."""
    return {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}.get(string)


def image_alpha_fix(destination: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
    """Two pictures [B,H,W,C] with as many channels: the one that lacks alpha gets it, opaque."""
    if destination.shape[-1] < source.shape[-1]:
        source = source[..., : destination.shape[-1]]
    elif destination.shape[-1] > source.shape[-1]:
        source = torch.nn.functional.pad(source, (0, 1), value=1.0)
    return destination, source
