"""The text a network is shown again at every step of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

Projection = Callable[[Tensor], Tensor]


class Text:
    """A batch of prompts, [P, N, D] as encoded, and what the attentions of one network made of it.

    Keys and values depend on nothing that changes from step to step: each attention makes its own when it
    first reads the text. One is made for a run, and forgotten with it.

    Args:
        prompts: the distinct prompts.
        times: how often each is repeated in the batch [B, N, D], B = P * times: the latents of a side.
    """

    def __init__(self, prompts: Tensor, times: int = 1) -> None:
        self.prompts = prompts
        self.times = times
        self.kept: dict[int, tuple[Tensor, Tensor]] = {}

    @property
    def whole(self) -> Tensor:
        """The batch [B, N, D]."""
        return self._repeated(self.prompts)

    def read(self, place: int, keys: Projection, values: Projection) -> tuple[Tensor, Tensor]:
        """The keys and values [B, N, C] that the projections of an attention make of the text."""
        if place not in self.kept:
            self.kept[place] = keys(self.prompts), values(self.prompts)
        k, v = self.kept[place]
        return self._repeated(k), self._repeated(v)

    def _repeated(self, tensor: Tensor) -> Tensor:
        return tensor if self.times == 1 else tensor.repeat_interleave(self.times, dim=0)


class Reader(Protocol):
    """A network that takes a `Text`; it says so by an attribute `reads_text`."""

    def read(self, text: Text) -> None:
        """Have every attention of the network make its keys and values now."""
        ...
