"""The toy network the golden sampler cases were made with (golden/samplers.*), and how to run a case."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from diffusion.conditioning import Conditioning
from diffusion.model import DiffusionModel, Latent, LatentFormat
from diffusion.prediction import Eps, Flow, Prediction, V
from diffusion.samplers import SAMPLERS
from diffusion.sampling import sample
from tests.tensors import load_file

GOLDEN = Path(__file__).parents[1] / "golden"
KINDS: dict[str, Prediction] = {"eps": Eps(), "v": V(), "flow": Flow()}


@dataclass
class ToyNetwork:
    """F(x, t, c) = 0.9 x + 0.3 tanh(x cos(0.003 t) + c) + 0.1 c, with the t of every call written down."""

    times: list[float] = field(default_factory=list[float])
    shapes: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])

    def __call__(self, x: Tensor, t: Tensor, context: Tensor, **extra: Any) -> Tensor:
        self.times.append(float(t[0]))
        self.shapes.append(tuple(x.shape))
        c = context.mean(dim=(1, 2)).view(-1, 1, 1, 1)
        return 0.9 * x + 0.3 * torch.tanh(x * torch.cos(0.003 * t).view(-1, 1, 1, 1) + c) + 0.1 * c


def context(value: float, tokens: int = 1) -> Tensor:
    return torch.full((1, tokens, 1), value)


POSITIVE: Conditioning = [(context(0.2), {})]
NEGATIVE: Conditioning = [(context(-0.1), {})]


def toy_model(kind: str = "eps", network: ToyNetwork | None = None) -> DiffusionModel:
    """The toy in a family with 4 channels and unscaled latents."""
    return DiffusionModel(network or ToyNetwork(), KINDS[kind], LatentFormat(channels=4))


@cache
def golden() -> dict[str, Any]:
    with gzip.open(GOLDEN / "samplers.json.gz", "rt") as file:
        return json.load(file)


@cache
def tensors() -> dict[str, Tensor]:
    return load_file(GOLDEN / "samplers.safetensors")


def run(case: dict[str, Any], network: ToyNetwork | None = None, **changes: Any) -> Tensor:
    """Sample a golden case; `changes` replace arguments of `sample`."""
    arguments: dict[str, Any] = {
        "positive": POSITIVE,
        "negative": NEGATIVE,
        "latent": Latent(samples=torch.zeros(case["shape"])),
        **{name: case[name] for name in ("seed", "steps", "cfg", "sampler", "scheduler")},
        **changes,
    }
    model = replace(toy_model(case["kind"], network), **arguments.pop("model", {}))
    return sample(model, **arguments)


def tolerance(case: dict[str, Any], times: list[float], want: list[float]) -> float:
    """How far a run may be from its stored result, given the times the network was called at.

    2e-5, as a separate coding of the same formulas reaches 5e-6. Processors round the last bit of exp and log
    differently, though: that can carry a sigma across the border of two whole timesteps (t = 499.5), and a
    Brownian path is rough. The stored bits are those of a processor with AVX-512.
    """
    if times != pytest.approx(want, rel=1e-4):
        return 2e-2
    if SAMPLERS[case["sampler"]].brownian and torch.backends.cpu.get_cpu_capability() != "AVX512":
        return 2e-3
    return 2e-5


def relative_error(got: Tensor, want: Tensor) -> float:
    """The README's measure: the largest difference over max(1, the largest value)."""
    return float((got - want).abs().max() / want.abs().max().clamp(min=1))
