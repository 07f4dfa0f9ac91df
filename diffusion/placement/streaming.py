"""Bring the layers of a network to the device as it comes to them, the next one while it computes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from diffusion.placement.layers import Layer
from diffusion.placement.memory import DeviceMemory
from diffusion.placement.weights import Holding


class Stream:
    """At most two layers on the device: the one that computes, and the one that came next the last time.

    A layer comes when any module in it is called and goes when one of another layer is. Used by one thread.
    """

    def __init__(self, layers: Sequence[Layer], memory: DeviceMemory) -> None:
        self._memory = memory
        self._current: tuple[Layer, Holding] | None = None
        self._coming: tuple[Layer, Holding] | None = None
        self._after = dict(pairwise(layers))
        self._hooks = [hook for layer in layers for hook in self._watch(layer)]

    def close(self) -> None:
        """Leave the network as it was before, with none of these layers on the device."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        self._drop_coming()
        self._drop_current()

    def _watch(self, layer: Layer) -> list[RemovableHandle]:
        def enter(module: nn.Module, arguments: Any) -> None:
            self._enter(layer)

        return [module.register_forward_pre_hook(enter) for module in layer.module.modules()]

    def _enter(self, layer: Layer) -> None:
        before = self._current
        if before is not None:
            if before[0] is layer:
                return
            self._after[before[0]] = layer
        self._drop_current()
        if self._coming is not None and self._coming[0] is layer:
            holding, self._coming = self._coming[1], None
        else:
            self._drop_coming()
            holding = Holding(layer.tensors, self._memory)
        holding.install()
        self._current = layer, holding
        self._begin_next(layer)

    def _begin_next(self, layer: Layer) -> None:
        following = self._after.get(layer)
        if following is None or following is layer or self._coming is not None:
            return
        with suppress(torch.OutOfMemoryError):  # then it comes when it is its turn, and this one has gone
            self._coming = following, Holding(following.tensors, self._memory)

    def _drop_current(self) -> None:
        if self._current is not None:
            self._current[1].release()
            self._current = None

    def _drop_coming(self) -> None:
        if self._coming is not None:
            self._coming[1].release()
            self._coming = None
