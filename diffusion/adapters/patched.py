"""A network with changes attached from outside: the base is never edited, its tensors are shared.

Changes are worked out when the network first runs, one parameter after the other, so that of three LoRAs in a
row only the sum is ever made. Only changed tensors take memory; the modules around them are light.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from diffusion.adapters.deltas import Delta
from diffusion.adapters.targets import Target
from diffusion.placement import home_of

Wrap = Callable[[nn.Module], nn.Module]
"""What takes the place of a module: it is handed the module, and gives one that is called alike."""


@dataclass(frozen=True)
class Patch:
    """A delta, where it goes, and how strongly."""

    target: Target
    delta: Delta
    strength: float

    def applied(self, whole: Tensor) -> Tensor:
        """The whole float32 parameter with its target changed."""
        return self.target.put(self.delta.applied(self.target.take(whole), self.strength), whole)


@dataclass(frozen=True)
class Changes:
    """What is attached to a network. `wraps` are for modules, by name; patches add in their order."""

    patches: tuple[Patch, ...] = ()
    wraps: tuple[tuple[str, Wrap], ...] = ()

    def __add__(self, later: Changes) -> Changes:
        return Changes(self.patches + later.patches, self.wraps + later.wraps)

    def by_parameter(self) -> dict[str, list[Patch]]:
        """The patches of each parameter."""
        found: dict[str, list[Patch]] = {}
        for patch in self.patches:
            found.setdefault(patch.target.parameter, []).append(patch)
        return found


class Patched:
    """A network that behaves as `base` with changes; call it, or read its attributes, as the base's.

    It is made at the first use, by whichever thread comes first.
    """

    def __init__(self, base: nn.Module, changes: Changes) -> None:
        self.base = base
        self.changes = changes
        self._made: nn.Module | None = None
        self._lock = Lock()

    @property
    def module(self) -> nn.Module:
        """The network itself: its unchanged tensors are the base's."""
        with self._lock:
            if self._made is None:
                self._made = _changed(self.base, self.changes)
            return self._made

    @property
    def bytes_to_come(self) -> int:
        """Bytes that making it will take; 0 once that is done."""
        if self._made is not None:
            return 0
        changed = [self.base.get_parameter(name) for name in self.changes.by_parameter()]
        return sum(weight.numel() * _patched_type(weight).itemsize for weight in changed)

    @property
    def device(self) -> torch.device:
        """Where the parameters are at home."""
        return home_of(next(self.base.parameters())).device

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        # Only asked for what an instance has not: while copying, that may be `_made` and `_lock` themselves.
        if name.startswith("__") or name in ("base", "changes", "module", "_made", "_lock"):
            raise AttributeError(name)
        return getattr(self.module, name)


def attach(network: Any, changes: Changes) -> Any:
    """The network with changes attached, besides those it has; itself if there are none.

    Args:
        network: a module, or one with changes already.

    Raises:
        TypeError: it is a function, or another thing without parameters.
    """
    if not changes.patches and not changes.wraps:
        return network
    if isinstance(network, Patched):
        return Patched(network.base, network.changes + changes)
    return Patched(base_of(network), changes)


def base_of(network: Any) -> nn.Module:
    """The module under whatever is attached. Raises TypeError for what is no module."""
    found: object = network.base if isinstance(network, Patched) else network
    if not isinstance(found, nn.Module):
        raise TypeError(f"adapters attach to networks with weights, not to a {type(found).__name__}")
    return found


@torch.no_grad()
def _changed(base: nn.Module, changes: Changes) -> nn.Module:
    """A copy that shares every tensor but the changed ones: deepcopy takes what its memo holds as copied."""
    memo: dict[int, Any] = {id(tensor): tensor for tensor in _tensors(base)}
    for name, patches in changes.by_parameter().items():
        weight = base.get_parameter(name)
        memo[id(weight)] = nn.Parameter(_patched(home_of(weight), patches), requires_grad=False)
    made = copy.deepcopy(base, memo)
    for name, wrap in changes.wraps:
        made.set_submodule(name, wrap(made.get_submodule(name)))
    return made.eval()


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    return chain(module.parameters(), module.buffers())


def _patched(weight: Tensor, patches: Sequence[Patch]) -> Tensor:
    whole = weight.float()
    for patch in patches:
        whole = patch.applied(whole)
    # The layout in memory is kept as well: a channels-last kernel stays one.
    return torch.empty_like(weight, dtype=_patched_type(weight)).copy_(whole)


def _patched_type(weight: Tensor) -> torch.dtype:
    """The weight's own type, but for 8 bits: most of a LoRA's changes are smaller than their steps."""
    return torch.bfloat16 if weight.itemsize == 1 else weight.dtype


def parameter_shapes(network: Any) -> Mapping[str, tuple[int, ...]]:
    """The shapes of a network's parameters by name; empty for what has none, as a function in a test."""
    base = network.base if isinstance(network, Patched) else network
    if not isinstance(base, nn.Module):
        return {}
    return {name: tuple(value.shape) for name, value in base.named_parameters()}
