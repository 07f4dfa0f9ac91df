"""Weights kept smaller than they are computed with: half the memory, a little less exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FLOAT8: Mapping[str, torch.dtype] = {
    "fp8_e4m3fn": torch.float8_e4m3fn,
    "fp8_e4m3fn_fast": torch.float8_e4m3fn,
    "fp8_e5m2": torch.float8_e5m2,
}
"""By the words of the loader node. All are computed with in the network's own type."""


class StoredLinear(nn.Linear):
    """A linear layer whose weights take the type of what comes in, for the length of a call."""

    def forward(self, input: Tensor) -> Tensor:
        bias = cast("Tensor | None", self.bias)
        return F.linear(input, self.weight.to(input.dtype), None if bias is None else bias.to(input.dtype))


def store(network: nn.Module, dtype: torch.dtype) -> None:
    """Keep the weights of all linear layers, nearly all there are, as `dtype`. Changes the network."""
    for module in network.modules():
        if type(module) is nn.Linear:
            module.__class__ = StoredLinear
            module.weight = nn.Parameter(module.weight.to(dtype), requires_grad=False)
