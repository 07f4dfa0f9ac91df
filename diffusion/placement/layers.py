"""Cut a network into layers that can be on the device one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from diffusion.placement.weights import size_of, tensors_of

LAYER_BYTES = 512 * 2**20
"""A layer larger than that is cut further, where its structure allows it: two are on the device at a time."""
_SMALL, _SMALL_LEAF = 64, 4
"""Parts of less than this share of a layer are not worth a journey of their own; nor are single matrices and
kernels, which the module around them may read without calling them."""
_LISTS = (nn.ModuleList, nn.Sequential)


@dataclass(frozen=True, eq=False)
class Layer:
    """Part of a network that comes and goes as a whole."""

    module: nn.Module
    tensors: list[Tensor]

    @property
    def bytes(self) -> int:
        """What it takes on the device."""
        return size_of(self.tensors)


@dataclass(frozen=True, eq=False)
class Layers:
    """A network cut up. No layer is inside another."""

    core: list[Tensor]
    """Weights between the layers, on the device as long as the network is used."""
    layers: list[Layer]
    """In the order they were registered, which usually is the one they run in."""


def cut(module: nn.Module, most: int = LAYER_BYTES) -> Layers:
    """The network's layers: the members of its lists, or their larger parts if they exceed `most` bytes.

    Small parts stay between them, as do parameters that a module reads without calling the part they are of.
    """
    layers: list[Layer] = []
    inside: set[int] = set()
    for part in _cut(module, most):
        tensors = [tensor for tensor in tensors_of(part) if id(tensor) not in inside]
        if tensors:
            layers.append(Layer(part, tensors))
            inside.update(map(id, tensors))
    return Layers([tensor for tensor in tensors_of(module) if id(tensor) not in inside], layers)


def first_within(layers: Sequence[Layer], room: int) -> list[Layer]:
    """As many of the first layers as there is room for."""
    found: list[Layer] = []
    for layer in layers:
        room -= layer.bytes
        if room < 0:
            break
        found.append(layer)
    return found


def _cut(module: nn.Module, most: int) -> Iterator[nn.Module]:
    is_list = isinstance(module, _LISTS)
    for part in module.children():
        has_parts = any(True for _ in part.children())
        if isinstance(part, _LISTS) or (has_parts and _size(part) > most):
            yield from _cut(part, most)
        elif is_list or _size(part) > most // (_SMALL if has_parts else _SMALL_LEAF):
            yield part


def _size(module: nn.Module) -> int:
    return size_of(tensors_of(module))
