"""Weights that have a home on the host and, while they are needed, a copy on the device.

The parameter objects stay what they are and only point elsewhere (`parameter.data`), so whatever shares them,
such as a network and its copies with LoRAs, sees them in the same place. Weights never change while they are
used: what leaves the device is dropped, and the home has it still.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import Any

from torch import Tensor, nn

from diffusion.placement.memory import Arrival, DeviceMemory

_SLOT = "_darkroom_slot"
_pointing = Lock()
"""Held while slots and parameters change. Networks that share weights may be used by several threads."""


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
    if slot is None:
        return tensor
    with _pointing:  # not the parameter itself, which may point to the device the moment after
        return slot.home if slot.holders or _elsewhere(tensor, slot) else tensor.data


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
    slot: _Slot | None = getattr(tensor, _SLOT, None)
    return slot is None or not slot.holders


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
            with _pointing:
                slot = _slot(tensor)
            home = memory.ready(slot.home)
            with _pointing:
                slot.home = home
                if not slot.holders:
                    tensor.data = home


class Holding:
    """Some weights on the device, until they are let go. Several may hold the same weights."""

    def __init__(self, tensors: Iterable[Tensor], memory: DeviceMemory) -> None:
        """Keep those that are there already, and begin to copy the others. Raises OutOfMemoryError."""
        self._memory = memory
        self._held: list[Tensor] = []
        self._coming: list[Tensor] = []
        with memory.moving():
            with _pointing:
                for tensor in tensors:
                    slot = _slot(tensor)
                    (self._held if slot.holders else self._coming).append(tensor)
                    slot.holders += bool(slot.holders)
                homes = [_slot(tensor).home for tensor in self._coming]
            try:
                self._arrival: Arrival | None = memory.fetch(homes)
            except BaseException:
                self._coming = []
                self.release()
                raise

    def install(self) -> None:
        """Wait for the copies and compute with them."""
        if self._arrival is None:
            return
        with self._memory.moving():
            copies, self._arrival = self._arrival(), None
            with _pointing:
                for tensor, there in zip(self._coming, copies, strict=True):
                    slot = _slot(tensor)
                    if not slot.holders:  # else somebody else has brought it meanwhile
                        tensor.data = there
                    slot.holders += 1
        self._held, self._coming = self._held + self._coming, []

    def release(self, *, wait: bool = True) -> bool:
        """Let go; what nobody else holds is freed on the device.

        Args:
            wait: False does nothing while somebody, maybe this very thread, is holding or letting go.

        Returns:
            Whether it is done.
        """
        if not _pointing.acquire(blocking=wait):
            return False
        try:
            with self._memory.moving():
                self._memory.retire()
                for tensor in self._held:
                    slot = _slot(tensor)
                    slot.holders -= 1
                    if not slot.holders:
                        tensor.data = slot.home
                self._arrival, self._held, self._coming = None, [], []
        finally:
            _pointing.release()
        return True


def _slot(tensor: Tensor) -> _Slot:
    slot: _Slot | None = getattr(tensor, _SLOT, None)
    if slot is None:
        slot = _Slot(tensor.data)
        setattr(tensor, _SLOT, slot)
    elif not (slot.holders or _elsewhere(tensor, slot)) and slot.home.data_ptr() != tensor.data_ptr():
        slot.home = tensor.data  # somebody gave the parameter other values while it was at home
    return slot


def _elsewhere(tensor: Tensor, slot: _Slot) -> bool:
    """Whether it is on the device, as a parameter is that was copied there with its network."""
    return tensor.device != slot.home.device
