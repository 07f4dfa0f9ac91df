"""Find out how much of a batch a device has memory for."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from diffusion.placement.estimate import working_bytes
from diffusion.placement.placement import Placement
from diffusion.placement.weights import module_of, size_of


@contextmanager
def room_for(
    placement: Placement,
    network: Any,
    parts: int,
    arguments: Sequence[Tensor],
    keywords: Mapping[str, Tensor],
    method: str = "__call__",
    *,
    kept: int = 0,
) -> Generator[int]:
    """Have a network on the device with memory for as many parts of a batch at a time as there is room for.

    Args:
        placement: the device.
        network: as for `Placement.use`.
        parts: what the batch can be divided into, such as the sides of guidance; all of one size.
        arguments: for a call with the whole batch; batch first.
        keywords: likewise.
        method: what is called.
        kept: bytes that computing leaves behind for the next call.

    Yields:
        How many parts to compute at a time: all, half of them, or one.
    """
    if placement.memory is None:
        yield parts
        return
    size = arguments[0].shape[0] // parts
    first = [tensor[:size] for tensor in arguments]
    with placement.memory.moving():
        one = _working(placement, network, first, {name: t[:size] for name, t in keywords.items()}, method)
    # Who computes part by part holds on to the whole batch, and to that part of it.
    held = kept + 2 * size_of((*arguments, *keywords.values()))
    ways = sorted({parts, (parts + 1) // 2, 1}, reverse=True)
    with placement.use(network, needs=[held + count * one for count in ways]) as chosen:
        yield ways[chosen]


def _working(
    placement: Placement,
    network: Any,
    arguments: Sequence[Tensor],
    keywords: Mapping[str, Tensor],
    method: str,
) -> int:
    """`working_bytes`, found out once for each combination of shapes."""
    module = module_of(network)
    if module is None:
        return working_bytes(network, arguments, keywords, method)
    known = placement.estimates.setdefault(module, {})
    shapes = [(tuple(tensor.shape), tensor.dtype) for tensor in (*arguments, *keywords.values())]
    key = (method, *shapes, *keywords)
    if key not in known:
        known[key] = working_bytes(network, arguments, keywords, method)
    return known[key]
