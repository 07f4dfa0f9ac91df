"""The compiler: results stay what they were, and where it cannot compile, networks run all the same."""

import copy
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cli.arguments import parse
from cli.memory import placement_of
from diffusion.compiled import Compiled, Compiler
from diffusion.hooks import Hooks, Site
from diffusion.layers.text import Text
from diffusion.placement import CountedMemory, Placement
from diffusion.unet import UNet
from diffusion.unet_config import UNetConfig

CPU = torch.device("cpu")
TINY = UNetConfig(widths=(32,), down_depths=((),), up_depths=((0,),), middle_depth=1, context_dim=16, heads=2)


@pytest.fixture(scope="module")
def network() -> UNet:
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    network = UNet(TINY).requires_grad_(False).eval()
    for value in network.parameters():
        nn.init.normal_(value, std=0.05)
    return network


def inputs(height: int = 8, width: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    return torch.randn(2, 4, height, width), torch.tensor([10.0, 900.0]), torch.randn(2, 7, 16)


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(16, 16), nn.SiLU(), nn.Linear(16, 4)).requires_grad_(False)


class Traced:
    """A backend that keeps count and runs what was traced: all of compiling but machine code."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, graph: Any, examples: Any) -> Any:
        self.made += 1
        return graph.forward


@torch.no_grad()
def test_code_serves_any_size_and_other_weights_with_the_same_results(network: UNet) -> None:
    backend = Traced()
    compiler = Compiler(backend=backend)
    other = copy.deepcopy(network)
    other.get_parameter("out.2.weight").mul_(2)
    made: list[int] = []
    for which, *size in ((network, 8, 8), (network, 8, 12), (other, 24, 20)):
        x, t, context = inputs(*size)
        result = compiler.compiled(which)(x, t, Text(context))
        torch.testing.assert_close(result, which(x, t, context), rtol=1e-4, atol=1e-4)
        made.append(backend.made)
    assert compiler.failure is None
    assert made == [1, 2, 2], "once for the first size, once for all others"


@torch.no_grad()
def test_machine_code_gives_the_same_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))  # nothing of other runs, on any machine
    # Finding out what vector units there are compiles five programs, which take longer than the test.
    monkeypatch.setattr("torch._inductor.cpu_vec_isa.valid_vec_isa_list", list, raising=False)
    if shutil.which(os.environ.get("CXX", "g++")) is None:
        pytest.skip("torch.compile needs a C++ compiler")
    compiler, layer, x = Compiler(), perceptron(), torch.randn(3, 16)
    torch.testing.assert_close(compiler.compiled(layer)(x), layer(x), rtol=1e-5, atol=1e-5)
    assert compiler.failure is None


@torch.no_grad()
def test_a_call_with_hooks_is_not_compiled(network: UNet) -> None:
    backend = Traced()
    x, t, context = inputs()
    seen: list[Tensor] = []

    def watch(x: Tensor, site: Site) -> Tensor:
        seen.append(x)
        return x

    Compiler(backend=backend).compiled(network)(x, t, context, hooks=Hooks(after_middle=(watch,)))
    assert seen and not backend.made


@torch.no_grad()
def test_without_a_c_compiler_networks_run_as_they_are_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def backend(graph: Any, examples: Any) -> Any:
        raise RuntimeError("No working C++ compiler found in torch._inductor.config.cpp.cxx: (None, 'g++')")

    compiler, layer, x = Compiler(backend=backend), perceptron(), torch.randn(3, 16)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert torch.equal(compiler.compiled(layer)(x), layer(x))
    [message] = [record.getMessage() for record in caplog.records if "uncompiled" in record.message]
    assert "install g++ or clang" in message


class Failing(Traced):
    """A backend whose code fails when it runs, as the recording or replay of a graph may."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def __call__(self, graph: Any, examples: Any) -> Any:
        def code(*arguments: Any) -> Any:
            raise self.error

        return code


@torch.no_grad()
def test_where_compiled_code_fails_networks_run_as_they_are() -> None:
    compiler, layer, x = (
        Compiler(backend=Failing(AssertionError("no graph"))),
        perceptron(),
        torch.randn(3, 16),
    )
    assert torch.equal(compiler.compiled(layer)(x), layer(x))
    assert compiler.failure == "no graph"


@torch.no_grad()
def test_running_out_of_memory_is_not_for_the_compiler_to_mend() -> None:
    compiler = Compiler(backend=Failing(torch.OutOfMemoryError("too much")))
    with pytest.raises(torch.OutOfMemoryError):
        compiler.compiled(perceptron())(torch.randn(3, 16))
    assert compiler.failure is None


@torch.no_grad()
def test_the_log_says_what_the_backend_said() -> None:
    def backend(graph: Any, examples: Any) -> Any:
        raise RuntimeError("this code is too large\nfor the machine")

    compiler = Compiler(backend=backend)
    compiler.compiled(perceptron())(torch.randn(3, 16))
    assert compiler.failure == "RuntimeError: this code is too large"


@torch.no_grad()
def test_an_error_of_the_network_itself_comes_through() -> None:
    compiler = Compiler(backend=Traced())
    with pytest.raises(RuntimeError, match=r"shape|size"):
        compiler.compiled(perceptron())(torch.randn(3, 5))
    assert compiler.failure is None


def test_the_switch_reaches_placement(tmp_path: Path, network: UNet) -> None:
    off, on = (placement_of(parse(["--compile", word]), CPU, tmp_path) for word in ("off", "on"))
    assert off.fast(network) is network
    fast = on.fast(network)
    assert isinstance(fast, Compiled) and fast.module is network
    assert on.fast(torch.add) is torch.add, "a function is called as it is"


def test_where_memory_is_counted_nothing_is_compiled(network: UNet) -> None:
    placement = Placement(CPU, CountedMemory(10**9), compiler=Compiler())
    assert placement.fast(network) is network


def test_where_memory_runs_out_recorded_graphs_are_given_up() -> None:
    done: list[str] = []

    class Watched(Compiler):
        def free(self) -> None:
            done.append("freed")

    def network() -> Tensor:
        done.append("called")
        if len(done) == 1:
            raise torch.OutOfMemoryError
        return torch.ones(1)

    assert Placement(CPU, CountedMemory(10**9), compiler=Watched()).call(network)
    assert done == ["called", "freed", "called"]
