"""The options that say how much of a device's memory to use, and the placement that keeps to them."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from diffusion.placement import Placement

_RESERVE = 0.4
"""Gigabytes; what a desktop takes at times."""
_WAYS = {
    "--gpu-only": ("high", "the same as --highvram"),
    "--highvram": ("high", "load models onto the device and leave them there"),
    "--normalvram": ("normal", "keep on the device what there is room for (the default)"),
    "--lowvram": ("low", "keep only the model in use on the device, and compute one prompt at a time"),
    "--novram": ("none", "keep no model on the device: layers come one by one as they compute"),
}


def add_memory(command: argparse.ArgumentParser) -> None:
    """How much of the device's memory to use."""
    group = command.add_argument_group("device memory", "models that do not fit pass through it in parts")
    group.add_argument(
        "--device-budget",
        type=_budget,
        metavar="GB",
        help="use at most so much of the device's memory; on a CPU a device of that size is simulated",
    )
    group.add_argument(
        "--reserve-vram",
        type=_gigabytes,
        default=_RESERVE,
        metavar="GB",
        help="leave so much of a GPU's memory to other programs (%(default)s)",
    )
    ways = group.add_mutually_exclusive_group()
    for flag, (word, text) in _WAYS.items():
        ways.add_argument(flag, action="store_const", const=word, dest="vram", default="normal", help=text)


def _gigabytes(word: str) -> float:
    try:
        size = float(word)
    except ValueError:
        size = -1.0
    if not 0 <= size < math.inf:
        raise argparse.ArgumentTypeError(f"{word} is no number of GB, such as 7.5")
    return size


def _budget(word: str) -> float:
    if not (size := _gigabytes(word)):
        raise argparse.ArgumentTypeError("no model computes in 0 GB; leave it out to use what there is")
    return size


def memory_words(options: argparse.Namespace) -> list[str]:
    """The same options for a worker."""
    words = [f"--reserve-vram={options.reserve_vram}"]
    words += [] if options.device_budget is None else [f"--device-budget={options.device_budget}"]
    return [*words, next(flag for flag, (word, _) in reversed(_WAYS.items()) if word == options.vram)]


def placement_of(
    options: argparse.Namespace, device: torch.device, compiled_code: Path | None = None
) -> Placement:
    """Where models live, by the options, and whether they are compiled. `compiled_code` is kept there.

    Raises:
        ValueError: for a budget that cannot be kept, or a reserve that leaves nothing.
    """
    from diffusion.compiled import Compiler
    from diffusion.placement import CountedMemory, CudaMemory, Placement, Strategy

    budget = None if options.device_budget is None else int(options.device_budget * 1e9)
    if budget is not None and options.vram == "high":
        raise ValueError("--device-budget does not go with --highvram, which leaves all models on the device")
    compiler = Compiler(compiled_code) if options.compile == "on" else None
    if options.vram == "high":
        return Placement(device, compiler=compiler)
    strategy = Strategy(options.vram)
    if device.type == "cuda":
        memory = CudaMemory(device, reserve=int(options.reserve_vram * 1e9), budget=budget)
        if memory.size <= 0:
            raise ValueError(
                f"--reserve-vram {options.reserve_vram:g} is all the memory {device} has: choose less"
            )
        return Placement(device, memory, strategy, compiler=compiler)
    if device.type == "cpu" and budget is not None:
        return Placement(device, CountedMemory(budget), strategy)
    if budget is not None:
        raise ValueError(f"--device-budget can be kept on CUDA devices and CPUs, not on {device}")
    return Placement(device, compiler=compiler)
