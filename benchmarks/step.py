"""One sampling step with guidance, beside diffusers' U-Net in the same run.

    python -m benchmarks.step [--size 256] [--runs 7] [--small]

Stable Diffusion 1.5 at full size with random weights. A step of ours is everything between two latents: the
noise schedule, guidance of two prompts in one batch, and the Euler update. Of diffusers only the U-Net's call
on the same batch is timed. Calls take turns, so that all see the same machine; the median counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from diffusion.conditioning import Conditioning
from diffusion.model import DiffusionModel
from diffusion.precision import Precision
from diffusion.prediction import Eps
from diffusion.sampling import sample
from diffusion.unet import UNet, UNetConfig

CPU = torch.device("cpu")
TOKENS = 77
SD15 = UNetConfig(
    widths=(320, 640, 1280, 1280),
    down_depths=((1, 1), (1, 1), (1, 1), (0, 0)),
    up_depths=((0, 0, 0), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
    middle_depth=1,
    context_dim=768,
)
SMALL = UNetConfig(
    widths=(32, 64, 64, 64),
    down_depths=SD15.down_depths,
    up_depths=SD15.up_depths,
    middle_depth=1,
    context_dim=64,
)


def randomised(build: Callable[[], nn.Module], dtype: torch.dtype) -> nn.Module:
    """A network with weights of ordinary size: neither denormal numbers nor NaN change the time of a step."""
    with torch.device("meta"):
        module = build()
    module = module.to(dtype).to_empty(device=CPU).requires_grad_(False).eval()
    for value in module.parameters():
        value.normal_(std=0.02)
    return module


def theirs(config: UNetConfig) -> UNet2DConditionModel:
    """diffusers' network of the same sizes."""
    return UNet2DConditionModel(
        block_out_channels=config.widths, cross_attention_dim=config.context_dim, attention_head_dim=8
    )


def our_step(config: UNetConfig, dtype: torch.dtype, contexts: Tensor, size: int) -> Callable[[], object]:
    model = DiffusionModel(randomised(lambda: UNet(config), dtype), Eps(), dtype=dtype, device=CPU)
    positive: Conditioning = [(contexts[:1], {})]
    negative: Conditioning = [(contexts[1:], {})]
    latent = torch.zeros(1, 4, size // 8, size // 8)

    def step() -> object:
        return sample(
            model,
            positive,
            negative,
            {"samples": latent},
            seed=0,
            steps=1,
            cfg=7.5,
            sampler="euler",
            scheduler="normal",
        )

    return step


def their_call(config: UNetConfig, contexts: Tensor, size: int) -> Callable[[], object]:
    network = randomised(lambda: theirs(config), torch.float32)
    x, t = torch.randn(2, 4, size // 8, size // 8), torch.tensor([999, 999])
    return lambda: network(x, t, encoder_hidden_states=contexts, return_dict=False)


@torch.no_grad()
def alternate(calls: Mapping[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median seconds of each call, the calls taking turns; the first turn is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(runs + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=256, help="side of the picture in pixels")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--small", action="store_true", help="try the benchmark with a small network")
    options = parser.parse_args()
    config = SMALL if options.small else SD15
    contexts = torch.randn(2, TOKENS, config.context_dim)
    fast = Precision.AUTO.dtypes(CPU).network
    reference, exact, default = "diffusers float32", "ours float32", f"ours auto ({fast})"
    calls = {
        reference: their_call(config, contexts, options.size),
        exact: our_step(config, torch.float32, contexts, options.size),
        default: our_step(config, fast, contexts, options.size),
    }
    print("networks built, measuring", flush=True)
    medians = alternate(calls, options.runs)
    size, threads = options.size, torch.get_num_threads()
    print(f"{size} x {size} pixels, {threads} threads, torch {torch.__version__}")
    for name, seconds in medians.items():
        print(f"{name:28} {seconds:8.3f} s   {medians[reference] / seconds:5.2f} x diffusers' speed")
    print(f"time ratio ours float32 / diffusers float32: {medians[exact] / medians[reference]:.3f}")


if __name__ == "__main__":
    main()
