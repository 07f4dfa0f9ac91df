"""How much of one network is on the device: all of it, some with the rest passing through, or nothing."""

from __future__ import annotations

from threading import RLock

from torch import Tensor, nn

from diffusion.placement.layers import Layer, Layers, cut
from diffusion.placement.memory import DeviceMemory
from diffusion.placement.streaming import Stream
from diffusion.placement.weights import Holding, away, is_away, keep_home, size_of, tensors_of


class Residence:
    """The weights of a network. It does not keep the network alive."""

    def __init__(self, module: nn.Module, memory: DeviceMemory, layer_bytes: int) -> None:
        self._memory = memory
        self._layer_bytes = layer_bytes
        self._held: list[Holding] = []
        self._stream: Stream | None = None
        self.tensors = tensors_of(module)
        self.layers: Layers = cut(module, layer_bytes)
        self.lock = RLock()
        """Held by the thread that uses the network: streaming serves one at a time."""
        self.users = 0
        self.granted = -1
        """Bytes of working memory it was brought for; as long as it is used, less needs no thought."""
        self.last_used = 0
        keep_home(self.tensors, memory)

    @property
    def missing(self) -> int:
        """Bytes that are not on the device."""
        return size_of(away(self.tensors))

    @property
    def passing(self) -> bool:
        """Whether layers come and go while it computes."""
        return self._stream is not None

    @property
    def least(self) -> int:
        """Bytes it takes to pass through: what is between its layers, and two of them."""
        return size_of(self.layers.core) + 2 * max((layer.bytes for layer in self.layers.layers), default=0)

    @property
    def empty(self) -> bool:
        """Whether it holds nothing there. Others may, of the same weights."""
        return not self._held

    def claim(self) -> None:
        """What others have there already is not to go when they let go of it."""
        self._hold([tensor for tensor in self.tensors if not is_away(tensor)], -1)

    def bring(self, granted: int) -> None:
        """All of it, to stay. Raises OutOfMemoryError."""
        self._hold(self.tensors, granted)

    def pass_through(self, staying: list[Layer], granted: int) -> None:
        """Some layers to stay, and the others one after the other. Raises OutOfMemoryError."""
        stay = {id(layer) for layer in staying}
        self._hold([*self.layers.core, *(t for layer in staying for t in layer.tensors)], granted)
        rest = [layer for layer in self.layers.layers if id(layer) not in stay]
        self._stream = Stream(rest, self._memory)

    def rest(self) -> None:
        """It is not used any more: what came to stay stays, until somebody else needs the room."""
        self.granted = -1
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def leave(self, *, wait: bool = True) -> bool:
        """Nothing of it stays. `wait` as for `Holding.release`, and so is what is returned."""
        self.rest()
        if not all(held.release(wait=wait) for held in self._held):
            return False
        self._held = []
        return True

    def _hold(self, tensors: list[Tensor], granted: int) -> None:
        """These, and nothing else."""
        held = Holding(tensors, self._memory)
        held.install()
        self.leave()
        self._held = [held]
        self.granted = granted
