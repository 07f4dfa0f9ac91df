"""Share a device's memory among networks: who uses it has room, who used it longest ago goes home first."""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import Any, Self, TypeVar

import torch
from torch import Tensor, nn

from diffusion.compiled import Compiler
from diffusion.placement.layers import LAYER_BYTES, first_within
from diffusion.placement.memory import DeviceMemory
from diffusion.placement.residence import Residence
from diffusion.placement.strategy import Strategy, TooLittleMemory
from diffusion.placement.weights import away, home_of, is_away, module_of, size_of, tensors_of

Result = TypeVar("Result")
_log = logging.getLogger(__name__)
_GIGA = 1e9
_CPU = torch.device("cpu")


class Placement:
    """The device that networks compute on, and their way to it.

    Without `memory` networks are loaded onto the device and stay there. With it their home is the host:
    `use` brings them, sends home what was used longest ago when room is short, and lets the layers of what is
    too large pass through one by one. Results are the same bits in every case.

    Args:
        device: where to compute.
        memory: how much there is; None for no limit.
        strategy: how much of it to use.
        layer_bytes: the largest layer that is not cut further.
        compiler: what `fast` compiles networks with; None to call them as they are.
    """

    def __init__(
        self,
        device: torch.device = _CPU,
        memory: DeviceMemory | None = None,
        strategy: Strategy = Strategy.NORMAL,
        *,
        layer_bytes: int = LAYER_BYTES,
        compiler: Compiler | None = None,
    ) -> None:
        self.device = device
        self.compiler = compiler
        self.memory = memory
        self.strategy = strategy
        self._layer_bytes = layer_bytes
        self._residences: weakref.WeakKeyDictionary[nn.Module, Residence] = weakref.WeakKeyDictionary()
        self.estimates = weakref.WeakKeyDictionary[nn.Module, dict[tuple[object, ...], int]]()
        """Working memory found out for networks, by what a call looks like."""
        self._gone: list[Residence] = []
        self._clock = 0
        self._lock = RLock()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # there is one device, however many copies of a model

    @property
    def home(self) -> torch.device:
        """Where to load networks to."""
        return self.device if self.memory is None else _CPU

    def device_for(self, weight: Tensor) -> torch.device:
        """Where a network with this weight is given its inputs."""
        return weight.device if self.memory is None else self.device

    @contextmanager
    def use(self, *networks: Any, needs: Sequence[int] = (0,)) -> Generator[int]:
        """Have networks on the device, ready to compute together, for the length of a `with` block.

        Args:
            networks: modules, or what has one as `module`. Others are left to themselves.
            needs: bytes of working memory for ways to compute, the fastest first.

        Yields:
            Which of `needs` there is room for; the last one if for none.

        Raises:
            TooLittleMemory: there is no room for the least that has to stay.
        """
        with ExitStack() as stack:
            used = self._residences_of(networks)
            for residence in sorted(used, key=id):
                stack.enter_context(residence.lock)
            if self.memory is None or not used:
                yield 0
                return
            with self._counted(used):
                try:
                    chosen = self._settle(used, needs)
                except torch.OutOfMemoryError as error:
                    weights = size_of(tensor for residence in used for tensor in residence.tensors)
                    raise TooLittleMemory(self._refusal(weights)) from error
                with self.memory.computing():
                    yield chosen

    @contextmanager
    def pin(self, *networks: Any) -> Generator[None]:
        """Keep what `use` brings for networks until the end of a `with` block, between uses as well."""
        used = self._residences_of(networks)
        if self.memory is None or not used:
            yield
            return
        with self._counted(used), self.memory.computing():
            yield

    def fast(self, network: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """What to `call` in the place of a network in use: the compiled one, where there is a compiler.

        Layers that pass through, and memory that is counted, are not for compiled code.
        """
        module = module_of(network)
        counted = self.memory is not None and self.device.type == "cpu"
        if self.compiler is None or module is None or counted:
            return network
        residence = self._residences.get(module)
        passing = residence is not None and residence.passing
        return network if passing else self.compiler.compiled(module)

    def call(self, network: Callable[..., Result], *arguments: Any, **keywords: Any) -> Result:
        """Call a network in use. Where memory runs out, everything else goes home, its layers pass through
        one by one, and it is called once more.

        Raises:
            TooLittleMemory: that is not enough either.
        """
        try:
            return network(*arguments, **keywords)
        except torch.OutOfMemoryError:
            if self.memory is None:
                raise
        module = module_of(network)  # outside the handler, so that what it holds on to is freed
        residence = None if module is None else self._residences.get(module)
        _log.warning("out of memory: everything but the layer that computes leaves the device")
        if self.compiler is not None:
            self.compiler.free()
        try:
            with self._lock:
                self._clear()
                if residence is not None:
                    residence.pass_through([], sys.maxsize)
            self.memory.give_back()
            return (network if module is None else module)(*arguments, **keywords)
        except torch.OutOfMemoryError as error:
            weights = 0 if residence is None else size_of(residence.tensors)
            raise TooLittleMemory(self._refusal(weights)) from error

    def clear(self) -> None:
        """Send home everything that is not in use."""
        with self._lock:
            self._clear()
        if self.memory is not None:
            self.memory.give_back()

    def _refusal(self, weights: int) -> str:
        size = 0 if self.memory is None else self.memory.size
        return (
            f"the device has {size / _GIGA:.1f} GB, which is too little to compute this even with the "
            f"network's {weights / _GIGA:.1f} GB passing through layer by layer: choose a smaller picture or "
            "fewer of them at a time, or give it more memory (--device-budget, --reserve-vram)"
        )

    def _residences_of(self, networks: Sequence[Any]) -> list[Residence]:
        if self.memory is None:
            return []
        with self.memory.moving():  # a LoRA may be worked out now, which nobody else is to wait for
            modules = [module for network in networks if (module := module_of(network)) is not None]
        with self._lock, self.memory.moving():
            while self._gone:
                self._gone.pop().leave()
            found = [self._residence(module) for module in dict.fromkeys(modules)]
        return [residence for residence in found if residence is not None]

    @contextmanager
    def _counted(self, used: Sequence[Residence]) -> Generator[None]:
        """They have a user more."""
        with self._lock:
            self._clock += 1
            for residence in used:
                residence.users += 1
                residence.last_used = self._clock
        try:
            yield
        finally:
            with self._lock:
                for residence in used:
                    residence.users -= 1
                    if not residence.users:
                        residence.rest()
                        if self.strategy is not Strategy.NORMAL:
                            residence.leave()

    def _residence(self, module: nn.Module) -> Residence | None:
        """The module's; None for one that was loaded onto the device."""
        found = self._residences.get(module)
        if found is None and self.memory is not None:
            if any(home_of(tensor).device != _CPU for tensor in tensors_of(module)):
                return None
            found = self._residences[module] = Residence(module, self.memory, self._layer_bytes)
            weakref.finalize(module, self._forget, found).atexit = False
        return found

    def _forget(self, residence: Residence) -> None:
        """Its network is gone. What it shared with others is theirs alone.

        This runs wherever garbage is collected, maybe while this thread or another moves weights: waiting
        could last forever, so what cannot be done now is left to whoever uses the placement next.
        """
        if not residence.leave(wait=False):
            self._gone.append(residence)

    def _settle(self, used: Sequence[Residence], needs: Sequence[int]) -> int:
        """Make room and bring what is used there. Returns which of `needs` there is room for."""
        assert self.memory is not None
        first = len(needs) - 1 if self.strategy is Strategy.LOW else 0
        with self._lock, self.memory.moving():
            for chosen, need in enumerate(needs[first:], first):
                if all(need <= residence.granted for residence in used):
                    return chosen  # it is there already, with room enough
            if self.strategy is not Strategy.NONE:
                for residence in used:
                    residence.claim()
                missing = size_of(away({id(t): t for r in used for t in r.tensors}.values()))
                room = self.memory.available() + self._evictable()
                for chosen, need in enumerate(needs[first:], first):
                    if missing + need <= room:
                        self._clear(missing + need)
                        if missing:  # copies and results of computing have caches of their own
                            self.memory.give_back()
                        for residence in used:
                            residence.bring(need)
                        return chosen
                self._clear()
                self._make_way(used, missing + needs[-1])
                if missing + needs[-1] <= self.memory.available():
                    for residence in used:
                        residence.bring(needs[-1])
                    return len(needs) - 1
            return self._pass_through(used, needs)

    def _make_way(self, used: Sequence[Residence], room: int) -> None:
        """Let what is pinned and does not compute now pass through, so far as there is to be room."""
        assert self.memory is not None
        for residence in list(self._residences.values()):
            if residence in used or not residence.users or not residence.lock.acquire(blocking=False):
                continue
            try:
                granted = residence.granted
                residence.leave()
                spare = self.memory.available() - residence.least - max(granted, 0) - room
                residence.pass_through(first_within(residence.layers.layers, spare), granted)
            finally:
                residence.lock.release()

    def _pass_through(self, used: Sequence[Residence], needs: Sequence[int]) -> int:
        """Keep as many layers as there is room for. The others come one by one, each with the next."""
        assert self.memory is not None
        self._clear()
        for residence in used:
            residence.leave()
        room = self.memory.available() - sum(residence.least for residence in used)
        chosen = next((number for number, need in enumerate(needs) if need <= room), len(needs) - 1)
        room = 0 if self.strategy is Strategy.NONE else room - needs[chosen]
        for residence in used:
            staying = first_within(residence.layers.layers, room)
            room -= sum(layer.bytes for layer in staying)
            residence.pass_through(staying, needs[chosen])
        passing = sum(residence.missing for residence in used)
        _log.info("%.2f GB of weights pass through the device layer by layer", passing / _GIGA)
        return chosen

    def _evictable(self) -> int:
        """Bytes that sending home everything idle would free."""
        busy = {id(t) for r in self._residences.values() if r.users for t in r.tensors}
        idle: dict[int, Tensor] = {}
        for residence in self._residences.values():
            if not residence.users and not residence.empty:
                idle |= {id(t): t for t in residence.tensors if id(t) not in busy}
        return sum(tensor.nbytes for tensor in idle.values() if not is_away(tensor))

    def _clear(self, room: int = sys.maxsize) -> None:
        """Send home what is idle, longest ago first, until there is room for so many bytes."""
        if self.memory is None:
            return
        while self._gone:
            self._gone.pop().leave()
        idle = [each for each in self._residences.values() if not each.users and not each.empty]
        for residence in sorted(idle, key=lambda each: each.last_used):
            if self.memory.available() >= room:
                return
            residence.leave()
