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
from diffusion.placement.weights import Holding, make_ready


class Stream:
    """At most two layers on the device: the one that computes, and the one that came next the last time.

    A layer comes when any module in it is called and goes when one of another layer is. The next begins to
    come when all of a layer has been asked to compute, so that the device is at work while a copy from memory
    that is not ready for it keeps this thread waiting. Used by one thread.
    """

    def __init__(self, layers: Sequence[Layer], memory: DeviceMemory) -> None:
        self._memory = memory
        self._current: tuple[Layer, Holding] | None = None
        self._coming: tuple[Layer, Holding] | None = None
        self._after = dict(pairwise(layers))
        self._came: set[Layer] = set()
        self._ready: set[Layer] = set()
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

        def leave(module: nn.Module, arguments: Any, result: Any) -> None:
            self._begin_after(layer)

        entering = [module.register_forward_pre_hook(enter) for module in layer.module.modules()]
        return [*entering, layer.module.register_forward_hook(leave)]

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
            holding = self._fetch(layer)
        holding.install()
        self._current = layer, holding

    def _begin_after(self, layer: Layer) -> None:
        following = self._after.get(layer)
        if following is None or following is layer or self._coming is not None:
            return
        with suppress(torch.OutOfMemoryError):  # then it comes when it is its turn, and this one has gone
            self._coming = following, self._fetch(following)

    def _fetch(self, layer: Layer) -> Holding:
        # To make it ready takes longer than to fetch it once, as a text encoder's are for most prompts.
        if layer in self._came and layer not in self._ready:
            make_ready(layer.tensors, self._memory)
            self._ready.add(layer)
        self._came.add(layer)
        return Holding(layer.tensors, self._memory)

    def _drop_current(self) -> None:
        if self._current is not None:
            self._current[1].release()
            self._current = None

    def _drop_coming(self) -> None:
        if self._coming is not None:
            self._coming[1].release()
            self._coming = None
