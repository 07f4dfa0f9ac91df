"""Weights that have a home on the host and, while they are needed, a copy on the device.

The parameter objects stay what they are and only point elsewhere (`parameter.data`), so whatever shares them,
such as a network and its copies with LoRAs, sees them in the same place. Weights never change while they are
used: what leaves the device is dropped, and the home has it still.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from torch import Tensor, nn

from diffusion.placement.memory import Arrival, DeviceMemory

_SLOT = "_darkroom_slot"


@dataclass(eq=False)
class _Slot:
    """Kept at a parameter: its tensor at home, and how many hold the one on the device."""

    home: Tensor
    holders: int = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> _Slot:
        return _Slot(copy.deepcopy(self.home, memo))  # nobody holds the copy


def home_of(tensor: Tensor) -> Tensor:
    """A parameter's values on the host, wherever it points now; any other tensor is its own."""
    slot: _Slot | None = getattr(tensor, _SLOT, None)
    return tensor if slot is None or not slot.holders else slot.home


def module_of(network: Any) -> nn.Module | None:
    """The module that computes: the network itself, or the one it makes of a base and changes to it."""
    if isinstance(network, nn.Module):
        return network
    made = getattr(network, "module", None)
    return made if isinstance(made, nn.Module) else None


def tensors_of(module: nn.Module) -> list[Tensor]:
    """All parameters and buffers, each once."""
    return list({id(tensor): tensor for tensor in chain(module.parameters(), module.buffers())}.values())


def size_of(tensors: Iterable[Tensor]) -> int:
    """Bytes they take together."""
    return sum(tensor.nbytes for tensor in tensors)


def is_away(tensor: Tensor) -> bool:
    """Whether it has no copy on the device."""
    return not _slot(tensor).holders


def away(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Those that have no copy on the device."""
    return [tensor for tensor in tensors if is_away(tensor)]


def keep_home(tensors: Iterable[Tensor], memory: DeviceMemory) -> None:
    """Say of tensors on the host that they are not on the device."""
    for tensor in tensors:
        memory.leave(home_of(tensor))


def make_ready(tensors: Iterable[Tensor], memory: DeviceMemory) -> None:
    """Prepare the homes of weights that will come again and again."""
    with memory.moving():
        for tensor in tensors:
            slot = _slot(tensor)
            slot.home = memory.ready(slot.home)
            if not slot.holders:
                tensor.data = slot.home


class Holding:
    """Some weights on the device, until they are let go. Several may hold the same weights."""

    def __init__(self, tensors: Sequence[Tensor], memory: DeviceMemory) -> None:
        """Begin to copy those that are not there yet. Raises OutOfMemoryError."""
        self._tensors = tensors
        self._memory = memory
        with memory.moving():
            self._coming = away(tensors)
            self._arrival: Arrival | None = memory.fetch([_slot(tensor).home for tensor in self._coming])

    def install(self) -> None:
        """Wait for the copies and compute with them."""
        if self._arrival is None:
            return
        with self._memory.moving():
            _point(self._coming, self._arrival())
            # What others held when this began may have gone home since then.
            came = {id(tensor) for tensor in self._coming}
            late = [tensor for tensor in away(self._tensors) if id(tensor) not in came]
            _point(late, self._memory.fetch([_slot(tensor).home for tensor in late])())
        self._arrival, self._coming = None, []
        for tensor in self._tensors:
            _slot(tensor).holders += 1

    def release(self) -> None:
        """Let go; what nobody else holds is freed on the device."""
        if self._arrival is None:
            with self._memory.moving():
                for tensor in self._tensors:
                    slot = _slot(tensor)
                    slot.holders -= 1
                    if not slot.holders:
                        tensor.data = slot.home
        self._arrival, self._coming, self._tensors = None, [], ()


def _point(tensors: Sequence[Tensor], copies: Sequence[Tensor]) -> None:
    for tensor, there in zip(tensors, copies, strict=True):
        if is_away(tensor):  # else somebody else has brought it meanwhile
            tensor.data = there


def _slot(tensor: Tensor) -> _Slot:
    slot: _Slot | None = getattr(tensor, _SLOT, None)
    if slot is None:
        slot = _Slot(tensor.data)
        setattr(tensor, _SLOT, slot)
    return slot
