"""How much memory a device has left, and how tensors get there.

`CudaMemory` asks the driver. `CountedMemory` plays a device with a budget on a machine that has none: its
tensors are copies in main memory, and every byte that is allocated while a network computes is counted.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import psutil
import torch
from torch import Tensor

from diffusion.placement.counting import Counter, Counting

_PINNED_SHARE, _SPARE_SHARE = 0.5, 0.2
"""Of main memory: what may be pages that cannot be swapped out or reclaimed, and what they leave unused."""

Arrival = Callable[[], list[Tensor]]
"""Waits for tensors that are on their way to the device, and gives them."""


class DeviceMemory(Protocol):
    """The memory of one device."""

    @property
    def size(self) -> int:
        """Bytes there are in all for this program."""
        ...

    def available(self) -> int:
        """Bytes that can be allocated now."""
        ...

    def fetch(self, homes: Sequence[Tensor]) -> Arrival:
        """Begin to copy tensors from the host. Raises OutOfMemoryError when there is no room for them."""
        ...

    def retire(self) -> None:
        """To be called before copies are dropped: their memory is not to be filled with others before the
        computing that has been asked for, which may use them, is done."""
        ...

    def ready(self, home: Tensor) -> Tensor:
        """The same values at home, as they are copied fastest: for weights that come again and again."""
        ...

    def computing(self) -> AbstractContextManager[object]:
        """To be entered by a thread around its work on the device."""
        ...

    def moving(self) -> AbstractContextManager[object]:
        """To be entered around changes of where parameters point: no computing."""
        ...

    def leave(self, home: Tensor) -> None:
        """A tensor is on the host alone from now on: networks cannot compute with it."""
        ...

    def give_back(self) -> None:
        """Return freed memory that the allocator keeps for later."""
        ...


class CudaMemory:
    """A GPU's memory, what other programs take of it left out.

    Args:
        device: the GPU.
        reserve: bytes to leave free for other programs.
        budget: bytes that torch may hold there, at most; None for all there are.
    """

    def __init__(self, device: torch.device, *, reserve: int = 0, budget: int | None = None) -> None:
        self._device = device
        self._reserve = reserve
        total = torch.cuda.mem_get_info(device)[1]
        self.size = total - reserve if budget is None else min(budget, total - reserve)
        if budget is not None:  # so that torch itself says no, whoever allocates
            torch.cuda.set_per_process_memory_fraction(  # pyright: ignore[reportUnknownMemberType]
                min(1.0, budget / total), device
            )
        self._copies = torch.cuda.Stream(device)
        main = psutil.virtual_memory().total
        self._pinnable, self._spare = int(main * _PINNED_SHARE), int(main * _SPARE_SHARE)

    def available(self) -> int:
        """Bytes free in the driver's eyes, and those torch holds without using them."""
        allocated = torch.cuda.memory_allocated(self._device)
        kept = torch.cuda.memory_reserved(self._device) - allocated
        free = torch.cuda.mem_get_info(self._device)[0] + kept - self._reserve
        return max(0, min(free, self.size - allocated))

    def fetch(self, homes: Sequence[Tensor]) -> Arrival:
        """Begin to copy on a stream of its own, so that the network goes on meanwhile.

        Only pinned memory is copied in the background; from other memory the call lasts as long as the copy.

        All copies come from that stream's part of the allocator, and go back to it: what is copied next may
        take their place at once, since the stream waits (`retire`) for whatever computed with them. Were they
        recorded on the stream that computes instead (`record_stream`), their memory would stay taken until
        the GPU got there, and a program that runs ahead of it would take more and more.
        """
        with torch.cuda.stream(self._copies):
            copies = [home.to(self._device, non_blocking=True) for home in homes]
            done = self._copies.record_event()

        def wait() -> list[Tensor]:
            torch.cuda.current_stream(self._device).wait_event(done)
            return copies

        return wait

    def retire(self) -> None:
        """Copies wait from now on for what the network has been asked to compute until now."""
        self._copies.wait_stream(torch.cuda.current_stream(self._device))

    def ready(self, home: Tensor) -> Tensor:
        """In pinned memory, while that leaves the system enough."""
        size = 1 << max(home.nbytes - 1, 0).bit_length()  # torch pins powers of two
        if (
            home.is_pinned()
            or size > self._pinnable
            or psutil.virtual_memory().available - size < self._spare
        ):
            return home
        try:
            pinned = home.pin_memory()
        except RuntimeError:  # the system locks no more pages
            self._pinnable = 0
            return home
        self._pinnable -= size
        weakref.finalize(pinned, self._unpinned, size).atexit = False
        return pinned

    def _unpinned(self, size: int) -> None:
        self._pinnable += size

    def computing(self) -> AbstractContextManager[object]:
        """Nothing to do: the allocator counts."""
        return nullcontext()

    def moving(self) -> AbstractContextManager[object]:
        """Nothing to do."""
        return nullcontext()

    def leave(self, home: Tensor) -> None:
        """Nothing to do: a tensor on the CPU is refused by torch itself."""

    def give_back(self) -> None:
        """Return to the driver what torch keeps without using it."""
        torch.cuda.empty_cache()


class CountedMemory:
    """A budget of bytes on the CPU, kept as strictly as a GPU keeps its memory.

    Weights on the "device" are copies of those at home. What is counted: these copies, and every tensor any
    operation makes while a thread is `computing`, for as long as it lives. An allocation beyond the budget
    raises OutOfMemoryError, and computing with weights that are only at home is refused, as a GPU would.
    Not counted: what a kernel allocates and frees within one operation.
    """

    def __init__(self, budget: int) -> None:
        self.size = budget
        self._counter = Counter(budget)

    @property
    def peak(self) -> int:
        """Most bytes held at a time since `reset_peak`."""
        return self._counter.peak

    def reset_peak(self) -> None:
        """Start to look for the peak anew."""
        self._counter.peak = self._counter.bytes

    def available(self) -> int:
        """Bytes of the budget not held now."""
        return self.size - self._counter.bytes

    def fetch(self, homes: Sequence[Tensor]) -> Arrival:
        """Copy at once."""
        copies = [self._counter.copy(home) for home in homes]
        return lambda: copies

    def retire(self) -> None:
        """Nothing to do: there is one after the other here."""

    def ready(self, home: Tensor) -> Tensor:
        """As it is."""
        return home

    def computing(self) -> AbstractContextManager[object]:
        """Count what this thread allocates until it leaves; nested ones count once."""
        return nullcontext() if self._counter.counting_here else Counting(self._counter)

    def moving(self) -> AbstractContextManager[object]:
        """What this thread does meanwhile neither counts nor is refused."""
        return self._counter.aside()

    def leave(self, home: Tensor) -> None:
        """Refuse to compute with it."""
        self._counter.forbid(home)

    def give_back(self) -> None:
        """Nothing is kept."""
