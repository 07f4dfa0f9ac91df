"""One sampling step with guidance, beside diffusers' U-Net in the same run, with the same weights and type.

    python -m benchmarks.step [--network sd15 sdxl] [--dtype float32 bf16] [--batch 1 8] [--compile]

Networks of full size with random weights, on the GPU if there is one. A step of ours is a share of a whole
run: the noise schedule, reading the prompts, guidance of both in one batch, Euler updates, checks for NaN. Of
diffusers only the U-Net's call on the same batch is timed. Runs take turns, so that all see the same machine;
the median counts. On a CPU the ratio of processor time is printed too: other programs move it less.
Before measuring, both networks are called once with the same inputs: their outputs must agree.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.networks import NETWORKS, Batch, Network, build, our_call, their_call
from diffusion.compiled import Compiler
from diffusion.conditioning import Conditioning
from diffusion.model import DiffusionModel
from diffusion.placement import Placement
from diffusion.prediction import Eps
from diffusion.sampling import sample

DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
GIGA = 1e9
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass
class Times:
    """Seconds of one step in every turn, by the clock and of the processor, and the most memory it took."""

    wall: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])
    memory: int = 0


def our_run(model: DiffusionModel, batch: Batch, steps: int) -> Callable[[], object]:
    """A whole run of so many steps."""
    positive: Conditioning = [(batch.context[-1:], {})]
    negative: Conditioning = [(batch.context[:1], {})]
    latent = {"samples": torch.zeros(batch.latents, *batch.x.shape[1:])}

    def run() -> object:
        return sample(
            model,
            positive,
            negative,
            latent,  # pyright: ignore
            seed=0,
            steps=steps,
            cfg=7.5,
            sampler="euler",
            scheduler="normal",
        )

    return run


def model_of(network: nn.Module, batch: Batch, compiler: Compiler | None) -> DiffusionModel:
    """The network as sampling wants it. `y` is the same vector for both prompts' latents."""
    config: Any = network.config

    def extra(options: Mapping[str, object], latent: Tensor) -> Mapping[str, Tensor]:
        row = slice(-1, None) if options["prompt_type"] == "positive" else slice(0, 1)
        return {} if config.vector_dim is None else {"y": batch.vector[row]}

    device = batch.x.device
    placement = Placement(device, compiler=compiler)
    return DiffusionModel(
        network, Eps(), dtype=batch.x.dtype, device=device, placement=placement, extra=extra
    )


def repeated(call: Callable[[], Tensor], times: int) -> Callable[[], object]:
    """So many calls, each after the other."""

    def run() -> object:
        for _ in range(times):
            call()
        return None

    return run


def alternate(
    calls: Mapping[str, tuple[Callable[[], object], int]], runs: int, device: torch.device
) -> dict[str, Times]:
    """Each call with how many steps it makes, the calls taking turns; the first turn is not counted."""
    found = {name: Times() for name in calls}
    for turn in range(runs + 1):
        for name, (call, steps) in calls.items():
            _settle(device, reset=True)
            before = _memory(device)
            started, worked = time.perf_counter(), time.process_time()
            call()
            _settle(device)
            if turn:
                found[name].wall.append((time.perf_counter() - started) / steps)
                found[name].cpu.append((time.process_time() - worked) / steps)
                found[name].memory = max(found[name].memory, _memory(device, peak=True) - before)
    return found


def _settle(device: torch.device, *, reset: bool = False) -> None:
    """Wait for the device; `reset` forgets what the memory's peak was."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    if reset:
        gc.collect()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        elif _RESET.exists():
            _RESET.write_text("5")


def _memory(device: torch.device, *, peak: bool = False) -> int:
    """Bytes in use now, or at most since the last reset: of the GPU, or resident in main memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) if peak else torch.cuda.memory_allocated(device)
    if not _STATUS.exists():
        return 0
    row = "VmHWM:" if peak else "VmRSS:"
    return next(int(line.split()[1]) * 1024 for line in _STATUS.read_text().splitlines() if row in line)


def matrix_peak(dtype: torch.dtype, device: torch.device) -> float:
    """Operations per second of the largest matrix product worth waiting for: the most a step could reach."""
    side = 8192 if device.type == "cuda" else 2048
    a, b = (torch.randn(side, side).to(device, dtype) for _ in range(2))
    best = float("inf")
    for _ in range(5):
        _settle(device)
        started = time.perf_counter()
        torch.matmul(a, b)
        _settle(device)
        best = min(best, time.perf_counter() - started)
    return 2 * side**3 / best


def operations(network: Network, side: int, latents: int) -> int:
    """Floating-point operations of one call, counted on tensors without values."""
    from diffusion.unet import UNet

    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        our_call(
            UNet(network.config), Batch.of(network.config, side, latents, torch.float32, torch.device("meta"))
        )()
    return counter.get_total_flops()


@torch.no_grad()
def measure(
    network: Network,
    dtype: torch.dtype,
    side: int,
    latents: int,
    device: torch.device,
    options: argparse.Namespace,
) -> None:
    """Build both networks, compare them, time them, print."""
    gc.collect()
    ours, theirs = build(network, dtype, device)
    batch = Batch.of(network.config, side, latents, dtype, device)
    a, b = our_call(ours, batch)().float(), their_call(theirs, batch)().float()
    difference = float((a - b).abs().max() / b.abs().max())
    assert difference < (1e-3 if dtype == torch.float32 else 5e-2), f"outputs differ by {difference:.2g}"

    steps = options.steps
    times = steps if device.type == "cuda" else 1  # a GPU is kept busy by calls that queue up, as in a run
    calls: dict[str, tuple[Callable[[], object], int]] = {
        "diffusers": (repeated(their_call(theirs, batch), times), times),
        "ours": (our_run(model_of(ours, batch, None), batch, steps), steps),
    }
    if options.compile:
        mode = "reduce-overhead" if device.type == "cuda" else None
        compiled: Any = torch.compile(theirs, mode=mode)  # pyright: ignore
        calls["diffusers compiled"] = (repeated(their_call(compiled, batch), times), times)
        calls["ours compiled"] = (our_run(model_of(ours, batch, Compiler()), batch, steps), steps)
    found = alternate(calls, options.runs, device)
    peak, work = matrix_peak(dtype, device), operations(network, side, latents)
    print(f"\n{network.title}, {dtype}, {side} x {side}, batch {latents}: outputs agree to {difference:.1g}")
    print(f"{'':20} {'s/step':>8} {'ratio':>6} {'cpu ratio':>9} {'of peak':>7} {'memory GB':>9}")
    for name, taken in found.items():
        beside = found["diffusers compiled" if "compiled" in name else "diffusers"]
        wall, cpu = statistics.median(taken.wall), statistics.median(taken.cpu)
        ratio, cpu_ratio = wall / statistics.median(beside.wall), cpu / statistics.median(beside.cpu)
        share = work / wall / peak
        print(
            f"{name:20} {wall:8.4f} {ratio:6.2f} {cpu_ratio:9.2f} {share:7.0%} {taken.memory / GIGA:9.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    gpu = torch.cuda.is_available()
    add = parser.add_argument
    add("--network", nargs="+", choices=NETWORKS, default=["sd15", "sdxl"] if gpu else ["sd15"])
    add("--dtype", nargs="+", choices=DTYPES, default=["bf16"] if gpu else ["float32", "bf16"])
    add("--batch", nargs="+", type=int, default=[1, 8] if gpu else [1], help="latents sampled at a time")
    add("--size", type=int, help="side of the picture in pixels")
    add("--compile", action="store_true", default=gpu, help="measure both networks compiled as well")
    add("--runs", type=int, default=5)
    add("--steps", type=int, default=20 if gpu else 4, help="of each run of ours")
    add("--device", default="cuda" if gpu else "cpu")
    options = parser.parse_args()
    device = torch.device(options.device)
    name = torch.cuda.get_device_name(device) if gpu else f"{torch.get_num_threads()} threads"
    print(f"{device} ({name}), torch {torch.__version__}")
    for key, dtype, latents in itertools.product(options.network, options.dtype, options.batch):
        network = NETWORKS[key]
        side = options.size or network.pictures[device.type == "cuda"]
        measure(network, DTYPES[dtype], side, latents, device, options)


if __name__ == "__main__":
    main()
