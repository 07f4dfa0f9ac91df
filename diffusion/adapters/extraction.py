"""A LoRA out of a difference of weights: the nearest matrix of a low rank (Eckart and Young 1936)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor


def low_rank(difference: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """(up, down), float32, whose product is the nearest to `difference` of all of that rank.

    Args:
        difference: [O, I] or a kernel [O, I, h, w]; up is [O, rank] or [O, rank, 1, 1], down
            [rank, I] or [rank, I, h, w].
        rank: cut to the least side of the difference.
    """
    matrix = difference.float().flatten(1)
    rank = min(rank, *matrix.shape)
    # torch's stubs do not know what this returns.
    left, values, right = cast("tuple[Tensor, Tensor, Tensor]", torch.linalg.svd(matrix, full_matrices=False))  # pyright: ignore[reportUnknownMemberType]
    root = values[:rank].sqrt()
    up, down = left[:, :rank] * root, root[:, None] * right[:rank]
    if difference.ndim == 2:
        return up, down
    return up[:, :, None, None], down.reshape(rank, *difference.shape[1:])


def extract(
    differences: Mapping[str, Tensor], prefix: str, *, rank: int | None, biases: bool
) -> dict[str, Tensor]:
    """The tensors of a LoRA file for a network whose weights differ by `differences`.

    Args:
        differences: by the names of the network's parameters.
        prefix: what names in the file begin with: `diffusion_model.`, or `text_encoders.` and the encoder's.
        rank: of every layer; None keeps the differences whole.
        biases: whether those of biases and normalisations are kept, too.

    Weights that do not differ are left out, and parameters that LoRA files have no names for: those that are
    neither a `weight` nor a `bias`, such as a table of positions.
    """
    found: dict[str, Tensor] = {}
    for name, difference in differences.items():
        stem, _, kind = name.rpartition(".")
        if kind not in ("weight", "bias") or not difference.any():
            continue
        if kind == "bias" or difference.ndim < 2:
            if biases:
                found[f"{prefix}{stem}.diff{'_b' if kind == 'bias' else ''}"] = difference.half()
        elif rank is None:
            found[f"{prefix}{stem}.diff"] = difference.half()
        else:
            up, down = low_rank(difference, rank)
            found[f"{prefix}{stem}.lora_up.weight"] = up.contiguous().half()
            found[f"{prefix}{stem}.lora_down.weight"] = down.contiguous().half()
    return found
