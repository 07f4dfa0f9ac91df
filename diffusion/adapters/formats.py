"""Read what a file stores for one module as deltas of its weight and bias, whichever trainer wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from diffusion.adapters.deltas import (
    Added,
    Decomposed,
    Delta,
    Difference,
    Factors,
    Hadamard,
    Kronecker,
    LowRank,
    Orthogonal,
    Product,
    Replacement,
)

_PAIRS = (
    (".lora_up.weight", ".lora_down.weight"),
    ("_lora.up.weight", "_lora.down.weight"),
    (".lora_B.weight", ".lora_A.weight"),
    (".lora_B.default.weight", ".lora_A.default.weight"),
    (".lora.up.weight", ".lora.down.weight"),
    (".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight"),
    (".lora_B", ".lora_A"),
)
"""kohya, old diffusers, PEFT, PEFT with a named adapter, attention processors, PEFT's bare parameters."""

_UP = {up: ".lora_up.weight" for up, _ in _PAIRS}
_DOWN = {down: ".lora_down.weight" for _, down in _PAIRS}
_MAGNITUDE = (
    ".lora_magnitude_vector",
    ".lora_magnitude_vector.weight",
    ".lora_magnitude_vector.default.weight",
)

SPELLINGS: Mapping[str, str] = {
    **_UP,
    **_DOWN,
    **dict.fromkeys(_MAGNITUDE, ".magnitude"),
    **{
        name: name
        for name in (
            *(".lora_mid.weight", ".alpha", ".dora_scale"),
            *(".hada_w1_a", ".hada_w1_b", ".hada_w2_a", ".hada_w2_b", ".hada_t1", ".hada_t2"),
            *(".lokr_w1", ".lokr_w1_a", ".lokr_w1_b", ".lokr_w2", ".lokr_w2_a", ".lokr_w2_b", ".lokr_t2"),
            *(".oft_blocks", ".diff", ".diff_b", ".w_norm", ".b_norm", ".set_weight"),
        )
    },
}
"""Every ending that trainers write to the name it has here."""

_LONGEST_FIRST = sorted(SPELLINGS, key=len, reverse=True)


class Malformed(ValueError):
    """Tensors that make no delta: one is missing, or their shapes do not fit each other."""


class Deltas(NamedTuple):
    """What is learned for one module."""

    weight: Delta | None
    bias: Delta | None


def split(name: str) -> tuple[str, str] | None:
    """A tensor's name as the module it is for and the part it is; None for what no format has."""
    ending = next((ending for ending in _LONGEST_FIRST if name.endswith(ending)), None)
    return None if ending is None else (name[: -len(ending)], SPELLINGS[ending])


def deltas(parts: Mapping[str, Tensor]) -> Deltas:
    """The deltas of one module.

    Args:
        parts: its tensors by the part that `split` says.

    Raises:
        Malformed: something is missing, or the shapes do not fit.
    """
    try:
        return Deltas(_weight(parts), _bias(parts))
    except KeyError as error:
        raise Malformed(f"it lacks {str(error.args[0]).lstrip('.')}") from error


def _bias(parts: Mapping[str, Tensor]) -> Delta | None:
    change = parts.get(".diff_b", parts.get(".b_norm"))
    return None if change is None else Added(Difference(change))


def _weight(parts: Mapping[str, Tensor]) -> Delta | None:
    if ".set_weight" in parts:
        return Replacement(parts[".set_weight"])
    if ".oft_blocks" in parts:
        return _orthogonal(parts[".oft_blocks"], _alpha(parts))
    product = _product(parts)
    if product is None:
        return None
    if ".dora_scale" in parts:
        return Decomposed(product, parts[".dora_scale"])
    if ".magnitude" in parts:
        return Decomposed(product, parts[".magnitude"].flatten(), of_sum=True)
    return Added(product)


def _product(parts: Mapping[str, Tensor]) -> Product | None:
    alpha = _alpha(parts)
    if ".lora_up.weight" in parts or ".lora_down.weight" in parts:
        return _low_rank(parts, alpha)
    if any(part.startswith(".hada_w") for part in parts):
        first, second = _factors(parts, ".hada_w1", ".hada_t1"), _factors(parts, ".hada_w2", ".hada_t2")
        if first.shape != second.shape:
            raise Malformed(f"its two factors are {list(first.shape)} and {list(second.shape)}")
        return Hadamard(first, second, alpha)
    if any(part.startswith(".lokr_w") for part in parts):
        return _kronecker(parts, alpha)
    change = parts.get(".diff", parts.get(".w_norm"))
    return None if change is None else Difference(change)


def _low_rank(parts: Mapping[str, Tensor], alpha: float | None) -> LowRank:
    up, down, mid = parts[".lora_up.weight"], parts[".lora_down.weight"], parts.get(".lora_mid.weight")
    _at_least(2, up, down)
    inner = (down.shape[0], up.flatten(1).shape[1])
    if mid is None:
        fits = inner[0] == inner[1]
    else:
        fits = mid.ndim == 4 and (inner[1], inner[0]) == tuple(mid.shape[:2])
    if not fits or not inner[0]:
        shapes = [list(part.shape) for part in (up, down, mid) if part is not None]
        raise Malformed(f"its factors {' and '.join(map(str, shapes))} cannot be multiplied")
    return LowRank(up, down, mid, alpha)


def _factors(parts: Mapping[str, Tensor], name: str, kernel: str) -> Factors:
    a, b, t = parts[f"{name}_a"], parts[f"{name}_b"], parts.get(kernel)
    _at_least(2, a, b)
    if t is None:
        fits = a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0]
    else:
        fits = t.ndim == 4 and a.ndim == b.ndim == 2 and (len(a), len(b)) == tuple(t.shape[:2])
    if not fits or not len(b):
        raise Malformed(f"{name.lstrip('.')}_a {list(a.shape)} and _b {list(b.shape)} cannot be multiplied")
    return Factors(a, b, t)


def _kronecker(parts: Mapping[str, Tensor], alpha: float | None) -> Kronecker:
    first, second = parts.get(".lokr_w1"), parts.get(".lokr_w2")
    if first is not None and first.ndim != 2:
        raise Malformed(f"its lokr_w1 is {list(first.shape)}, no matrix")
    if second is not None:
        _at_least(2, second)
    return Kronecker(
        _factors(parts, ".lokr_w1", "") if first is None else first,
        _factors(parts, ".lokr_w2", ".lokr_t2") if second is None else second,
        alpha,
    )


def _orthogonal(blocks: Tensor, alpha: float | None) -> Orthogonal:
    if blocks.ndim == 4:
        raise Malformed("it is a BOFT (oft_blocks of four axes), which is not supported")
    if blocks.ndim != 3 or blocks.shape[1] != blocks.shape[2]:
        raise Malformed(f"its oft_blocks are {list(blocks.shape)}, not [blocks, size, size]")
    return Orthogonal(blocks, alpha)


def _alpha(parts: Mapping[str, Tensor]) -> float | None:
    alpha = parts.get(".alpha")
    if alpha is None:
        return None
    if alpha.numel() != 1:
        raise Malformed(f"its alpha is {list(alpha.shape)}, not one number")
    return float(alpha)


def _at_least(axes: int, *tensors: Tensor) -> None:
    shapes: Sequence[list[int]] = [list(tensor.shape) for tensor in tensors if tensor.ndim < axes]
    if shapes:
        raise Malformed(f"a factor is {shapes[0]}, no matrix")
