"""Lists of sigmas that graphs make and cut themselves: schedules between two ends, and what joins them.

All are float32 on the CPU, descending, and end in 0 unless said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from diffusion.prediction import Prediction
from diffusion.timesteps import Discrete

_FLIPPED_ZERO = 0.0001
"""What a list that begins with 0 begins with instead: no sampler can leave sigma 0."""


def _then_zero(sigmas: Tensor) -> Tensor:
    return torch.cat([sigmas, sigmas.new_zeros(1)])


def karras(steps: int, low: float, high: float, rho: float = 7.0) -> Tensor:
    """Uniform in sigma^(1/rho) (arXiv 2206.00364, eq. 5). Raises ValueError for a rho of 0."""
    if rho == 0:
        raise ValueError("the Karras schedule takes the rho-th root of the noise levels: rho cannot be 0")
    start, end = high ** (1 / rho), low ** (1 / rho)
    return _then_zero((start + torch.linspace(0, 1, steps) * (end - start)) ** rho)


def exponential(steps: int, low: float, high: float) -> Tensor:
    """Uniform in ln sigma."""
    check_positive(low, high)
    return _then_zero(torch.linspace(math.log(high), math.log(low), steps).exp())


def polyexponential(steps: int, low: float, high: float, rho: float = 1.0) -> Tensor:
    """Polynomial in ln sigma (k-diffusion): at rho 1 uniform, above it denser at the low end."""
    check_positive(low, high)
    ramp = torch.linspace(1, 0, steps) ** rho
    return _then_zero((ramp * (math.log(high) - math.log(low)) + math.log(low)).exp())


def laplace(steps: int, low: float, high: float, mu: float = 0.0, beta: float = 0.5) -> Tensor:
    """Quantiles of a Laplace distribution over ln sigma (arXiv 2407.03297), kept between both ends."""
    u = torch.linspace(0, 1, steps)
    tail = (1 - 2 * (0.5 - u).abs() + 1e-5).log()
    return _then_zero((mu - beta * (0.5 - u).sign() * tail).exp().clamp(low, high))


def variance_preserving(
    steps: int, beta_d: float = 19.9, beta_min: float = 0.1, least: float = 0.001
) -> Tensor:
    """Uniform in the time 1..`least` of a continuous VP diffusion (arXiv 2011.13456, eq. 33)."""
    t = torch.linspace(1, least, steps)
    return _then_zero((beta_d * t**2 / 2 + beta_min * t).expm1().sqrt())


def turbo(prediction: Prediction, steps: int, denoise: float = 1.0) -> Tensor:
    """The ten timesteps 999, 899, ... 99 that adversarial distillation trained (arXiv 2311.17042)."""
    skipped = 10 - int(10 * denoise)
    times = torch.arange(10, 0, -1)[skipped : skipped + steps] * 100 - 1
    return _then_zero(torch.stack([prediction.sigma(t) for t in times])) if len(times) else torch.empty(0)


# Optimised for 10 steps (arXiv 2404.14507, table 1): timesteps of SD 1.x and SDXL, noise levels of SVD.
_ALIGNED: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "SD1": (999, 850, 736, 645, 545, 455, 343, 233, 124, 24, 0),
        "SDXL": (999, 845, 730, 587, 443, 310, 193, 116, 53, 13, 0),
        "SVD": (700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002),
    }
)
ALIGNED = tuple(_ALIGNED)


def align_your_steps(kind: str, steps: int, denoise: float = 1.0) -> Tensor:
    """Align Your Steps; other numbers of steps than 10 are interpolated in ln sigma, as its authors do."""
    total = round(steps * denoise) if denoise < 1 else steps
    if total <= 0:
        return torch.empty(0)
    table = torch.tensor(_ALIGNED[kind])
    sigmas = (table if kind == "SVD" else Discrete().sigma(table)).double().numpy()
    if steps + 1 != len(sigmas):
        places = np.linspace(0, 1, steps + 1)
        sigmas = np.exp(np.interp(places, np.linspace(0, 1, len(sigmas)), np.log(sigmas)))
    return _then_zero(torch.tensor(sigmas[-(total + 1) : -1], dtype=torch.float32))


def split(sigmas: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """The first `step` steps and the rest; both hold the sigma they meet at."""
    return sigmas[: step + 1], sigmas[step:]


def split_share(sigmas: Tensor, denoise: float) -> tuple[Tensor, Tensor]:
    """Cut so that the second part holds a share `denoise` of the steps."""
    steps = max(len(sigmas) - 1, 0)
    return split(sigmas, steps - round(steps * denoise))


def flip(sigmas: Tensor) -> Tensor:
    """From the clean end to the noisy one; a 0 in front becomes a small noise level."""
    if len(sigmas) == 0:
        return sigmas
    flipped = sigmas.flip(0)
    if flipped[0] == 0:
        flipped[0] = _FLIPPED_ZERO
    return flipped


def with_first(sigmas: Tensor, sigma: float) -> Tensor:
    """Starting at another noise level."""
    changed = sigmas.clone()
    changed[:1] = sigma
    return changed


SPACINGS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "linear": lambda x: x,
        "cosine": lambda x: (x * math.pi / 2).sin(),
        "sine": lambda x: 1 - (x * math.pi / 2).cos(),
    }
)
"""How the steps put between two others are spread."""


def extended(sigmas: Tensor, steps: int, start: float, end: float, spacing: str) -> Tensor:
    """Each step from a sigma within `end`..`start` made in `steps` smaller ones.

    A negative `start` is no bound; `spacing` names a row of `SPACINGS`.
    """
    if len(sigmas) == 0:
        return sigmas
    high = math.inf if start < 0 else start
    shares = SPACINGS[spacing](torch.linspace(0, 1, steps + 1)[1:-1])
    parts: list[Tensor] = []
    for s, t in pairwise(sigmas.unbind()):
        parts.append(s[None])
        if end <= s <= high:
            parts.append(shares * (t - s) + s)
    return torch.cat([*parts, sigmas[-1:]])


def check_positive(low: float, high: float) -> None:
    """Raise ValueError for noise levels whose logarithm is needed and that have none."""
    if min(low, high) <= 0:
        raise ValueError(
            f"this schedule is even in the logarithm of the noise level: sigma_min {low:g} and sigma_max "
            f"{high:g} must be above 0"
        )
