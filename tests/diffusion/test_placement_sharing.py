"""Weights that several networks or threads share, and the order in which layers come and go."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest
import torch
from torch import Tensor, nn

from diffusion.adapters.deltas import Added, Difference
from diffusion.adapters.patched import Changes, Patch, attach
from diffusion.adapters.targets import Target
from diffusion.placement import CountedMemory, Placement, Strategy, home_of
from diffusion.placement.weights import size_of, tensors_of

CPU = torch.device("cpu")
WIDTH, LAYERS = 64, 8
LAYER = 4 * (WIDTH * WIDTH + WIDTH)
"""Bytes."""
WORK = 16 * WIDTH * 4


@pytest.fixture
def network() -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    made = nn.Sequential(*(nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS))).requires_grad_(False)
    for weight in made.parameters():
        weight.normal_(std=0.1, generator=generator)
    return made


@pytest.fixture
def x() -> Tensor:
    return torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def with_lora(network: nn.Module, *names: str) -> nn.Module:
    delta = Added(Difference(torch.ones(WIDTH, WIDTH)))
    return attach(network, Changes(tuple(Patch(Target(name), delta, 0.1) for name in names)))


def placed(
    budget: int, strategy: Strategy = Strategy.NORMAL, kind: Callable[[int], CountedMemory] = CountedMemory
) -> tuple[Placement, CountedMemory]:
    memory = kind(budget)
    return Placement(CPU, memory, strategy, layer_bytes=LAYER), memory


def in_threads(*works: Callable[[], None]) -> None:
    """Do all at a time; what one raises comes out of here."""
    started = Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        with torch.inference_mode():
            started.wait(timeout=20)
            work()

    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(run, work) for work in works]:
            future.result(timeout=60)


def test_a_lora_shares_the_room_of_its_base_and_moves_with_it(network: nn.Module, x: Tensor) -> None:
    names = ("1.weight", "5.weight")
    expected, changed = network(x), with_lora(network, *names)(x)
    assert not torch.equal(changed, expected)
    for share in (LAYERS, LAYERS // 2):
        place, memory = placed((share + len(names)) * LAYER + WORK)
        attached = with_lora(network, *names)
        for _ in range(2):
            for each, wanted in ((network, expected), (attached, changed)):
                with place.use(each, needs=(WORK,)):
                    assert torch.equal(each(x), wanted)
        if share == LAYERS:  # both at a time: the LoRA's own tensors are all that is added
            own = len(names) * WIDTH * WIDTH * 4
            assert memory.size - memory.available() == size_of(tensors_of(network)) + own
        assert memory.peak <= memory.size
        place.clear()
        assert memory.available() == memory.size


def test_a_lora_made_while_its_base_is_on_the_device_is_at_home(network: nn.Module, x: Tensor) -> None:
    wanted = with_lora(network, "0.weight")(x)
    place, memory = placed(3 * LAYERS * LAYER)
    with place.use(network):
        network(x)
    attached = with_lora(network, "0.weight")
    with place.use(attached):
        assert torch.equal(attached(x), wanted)
    place.clear()
    assert memory.available() == memory.size


@pytest.mark.parametrize("strategy", [Strategy.NONE, Strategy.LOW])
def test_threads_that_use_the_same_weights_do_not_take_them_from_each_other(
    strategy: Strategy, network: nn.Module, x: Tensor
) -> None:
    changed = with_lora(network, "0.weight")
    wanted = network(x), changed(x)
    place, memory = placed((2 * LAYERS if strategy is Strategy.LOW else 5) * LAYER + 4 * WORK, strategy)

    def work(used: nn.Module, expected: Tensor) -> Callable[[], None]:
        def run() -> None:
            for _ in range(60):
                with place.use(used):
                    assert torch.equal(used(x), expected)

        return run

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        in_threads(work(network, wanted[0]), work(changed, wanted[1]))
    finally:
        sys.setswitchinterval(before)
    place.clear()
    assert memory.available() == memory.size
    assert all(home_of(each).data_ptr() == each.data_ptr() for each in network.parameters())


def test_a_network_that_is_collected_while_others_move_waits_for_nobody(
    network: nn.Module, x: Tensor
) -> None:
    moving, collected = Event(), Event()

    class Slow(CountedMemory):
        def leave(self, home: Tensor) -> None:
            super().leave(home)
            if len(home.shape) == 1 and not moving.is_set():
                moving.set()
                assert collected.wait(timeout=20)

    place, memory = placed(10 * LAYERS * LAYER, kind=Slow)
    gone = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU()).requires_grad_(False)
    shared = gone.get_parameter("0.weight")
    moving.set()
    with place.use(gone):
        gone(x)
    moving.clear()

    def use() -> None:
        with place.use(network):
            network(x)

    def collect() -> None:
        nonlocal gone
        assert moving.wait(timeout=20)
        del gone
        gc.collect()
        collected.set()

    in_threads(use, collect)
    place.clear()
    assert memory.available() == memory.size
    assert home_of(shared).data_ptr() == shared.data_ptr()


def test_nobody_waits_for_another_ones_lora_to_be_worked_out(network: nn.Module, x: Tensor) -> None:
    place, _ = placed(4 * LAYERS * LAYER)

    class Making:
        """A network with changes, which others do not wait for."""

        @property
        def module(self) -> nn.Module:
            other = Thread(target=self._use, daemon=True)
            other.start()
            other.join(timeout=20)
            assert not other.is_alive()
            return network

        def _use(self) -> None:
            with place.use(nn.Linear(1, 1).requires_grad_(False)):
                pass

    with place.use(Making()):
        network(x)
    place.clear()


def test_values_a_parameter_is_given_at_home_are_those_computed_with(network: nn.Module, x: Tensor) -> None:
    place, _ = placed(2 * LAYERS * LAYER)
    with place.use(network):
        before = network(x)
    place.clear()
    weight = network.get_parameter("2.weight")
    weight.data = torch.zeros_like(weight)
    wanted = network(x)
    with place.use(network):
        assert torch.equal(network(x), wanted) and not torch.equal(wanted, before)
        assert not home_of(weight).any()
    place.clear()


class Recorded(CountedMemory):
    """Tells what happens to layers, by their weights at home."""

    def __init__(self, budget: int) -> None:
        super().__init__(budget)
        self.events: list[tuple[str, int]] = []

    def fetch(self, homes: Sequence[Tensor]) -> Callable[[], list[Tensor]]:
        self.events += [("fetch", home.data_ptr()) for home in homes if home.ndim == 2]
        return super().fetch(homes)

    def retire(self) -> None:
        self.events.append(("retire", 0))

    def ready(self, home: Tensor) -> Tensor:
        self.events += [("ready", home.data_ptr())] if home.ndim == 2 else []
        return home


def test_a_layer_comes_while_the_one_before_computes_and_after_the_last_but_one_is_done(
    network: nn.Sequential, x: Tensor
) -> None:
    memory = Recorded(4 * LAYER)
    place = Placement(CPU, memory, Strategy.NONE, layer_bytes=LAYER)
    number = {layer.get_parameter("weight").data_ptr(): n for n, layer in enumerate(network)}

    def computed(layer: nn.Module, arguments: object, result: object) -> None:
        memory.events.append(("computed", number[home_of(layer.get_parameter("weight")).data_ptr()]))

    for layer in network:
        layer.register_forward_hook(computed)
    with place.pin(network), place.use(network):
        memory.events.clear()
        network(x)
        once = [(what, number.get(which, which)) for what, which in memory.events]
        memory.events.clear()
        network(x)
        again = [(what, number.get(which, which)) for what, which in memory.events]
    middle = once.index(("computed", 3))
    assert once[middle : middle + 5] == [
        ("computed", 3),
        ("fetch", 4),
        ("retire", 0),  # layer 3 goes: what comes next waits for it to have computed
        ("computed", 4),
        ("fetch", 5),
    ]
    # Memory that is copied faster takes time to make: for what came once already, and once only.
    assert not [which for what, which in once if what == "ready"][1:]
    assert sorted(which for what, which in once + again if what == "ready") == list(range(LAYERS))
