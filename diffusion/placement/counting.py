"""Count the bytes of tensors, by their storage, from when an operation makes them until they are freed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock, local
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

GIGA = 1e9


@dataclass(eq=False)
class _Held:
    """A storage that counts; the reference tells when it is freed."""

    size: int
    scope: object
    reference: object


class _Here(local):
    """What this thread is doing."""

    scope: object | None = None
    aside: bool = False


class Counter:
    """Bytes held, of a budget. Threads may share one.

    Args:
        budget: bytes; one more raises OutOfMemoryError. None counts without end.
    """

    def __init__(self, budget: int | None = None) -> None:
        self.budget = budget
        self.bytes = 0
        self.peak = 0
        self._held: dict[int, _Held] = {}
        self._forbidden: dict[int, object] = {}
        self.here = _Here()
        """For `Counting`."""
        # Freed storages report from wherever the garbage collector happens to run, this very thread included.
        self._lock = RLock()

    @property
    def counting_here(self) -> bool:
        """Whether this thread is in a `Counting` already."""
        return self.here.scope is not None

    def copy(self, home: Tensor) -> Tensor:
        """A copy that counts until it is freed, however long that is."""
        with self.aside():
            copy = home.clone()
        self.hold(copy, None)
        return copy

    @contextmanager
    def aside(self) -> Generator[None]:
        """What this thread does within neither counts nor is refused."""
        before, self.here.aside = self.here.aside, True
        try:
            yield
        finally:
            self.here.aside = before

    def hold(self, tensor: Tensor, scope: object) -> None:
        """Count a tensor's storage, unless it counts already. Raises OutOfMemoryError beyond the budget."""
        storage = tensor.untyped_storage()
        key, size = id(storage), storage.nbytes()  # torch keeps one object per storage
        with self._lock:
            if key in self._held:
                return
            total = self.bytes + size
            if self.budget is not None and total > self.budget:
                raise torch.OutOfMemoryError(
                    f"out of the device's budget of {self.budget / GIGA:.2f} GB: {self.bytes / GIGA:.2f} GB "
                    f"are held and {size / GIGA:.3f} GB more are needed"
                )
            freed = weakref.ref(storage, lambda _: self._let_go(key))
            self._held[key] = _Held(size, scope, freed)
            self.bytes = total
            self.peak = max(self.peak, total)

    def forbid(self, home: Tensor) -> None:
        """Refuse from now on to compute with a tensor's storage."""
        storage = home.untyped_storage()
        key = id(storage)
        with self._lock:
            if key not in self._forbidden:
                self._forbidden[key] = weakref.ref(storage, lambda _: self._forbidden.pop(key, None))

    def end(self, scope: object) -> None:
        """What was made in a scope and outlives it has left the device."""
        with self._lock:
            for key in [key for key, held in self._held.items() if held.scope is scope]:
                self._let_go(key)

    def _let_go(self, key: int) -> None:
        with self._lock:
            held = self._held.pop(key, None)
            if held is not None:
                self.bytes -= held.size

    def check(self, tensors: Iterator[Tensor]) -> None:
        """Raises RuntimeError if one of them is not to be computed with."""
        for tensor in tensors:
            if id(tensor.untyped_storage()) in self._forbidden:
                raise RuntimeError(
                    f"expected all tensors on the device: weights [{', '.join(map(str, tensor.shape))}] are "
                    "at home on the host"
                )


class Counting(TorchDispatchMode):
    """Counts what the operations of this thread make, until it is left."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self._counter = counter

    def __enter__(self) -> Self:
        self._counter.here.scope = self
        return super().__enter__()

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)  # pyright: ignore[reportUnknownMemberType]
        self._counter.here.scope = None
        self._counter.end(self)

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if self._counter.here.aside:
            return func(*args, **kwargs)
        self._counter.check(_tensors((args, kwargs)))
        result = func(*args, **kwargs)
        for tensor in _tensors(result):
            self._counter.hold(tensor, self)
        return result


def _tensors(values: Any) -> Iterator[Tensor]:
    return (leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor) and leaf.layout is torch.strided)
