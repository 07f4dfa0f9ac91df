"""How a network is told the noise level: the map between sigma and its time t, and the table of sigmas.

`percent` is the share of a run that is done, 0 at the noisiest end; node ranges (start_percent, end_percent)
are given in it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

UNBOUNDED = 999999999.9
"""What percent 0 means where sigma has no natural upper end: a value above every sigma."""

# A signal share of exactly 0 would make the last sigma infinite; released checkpoints use this one.
_TERMINAL_ALPHA = 4.8973451890853435e-08


def scaled_linear(start: float = 0.00085, end: float = 0.012, steps: int = 1000) -> Tensor:
    """Signal shares alpha-bar [steps], float64, of latent diffusion (arXiv 2112.10752): sqrt(beta) linear."""
    betas = torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)


def zero_terminal_snr(alphas: Tensor) -> Tensor:
    """sqrt(alpha-bar) shifted and stretched to end in pure noise (arXiv 2305.08891, algorithm 1)."""
    root = alphas.sqrt()
    root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    alphas = root**2
    alphas[-1] = _TERMINAL_ALPHA
    return alphas


class Timesteps(ABC):
    """The map sigma <-> t of one family of networks, and its ascending table of sigmas (float32, CPU)."""

    sigmas: Tensor

    @property
    def sigma_min(self) -> Tensor:
        return self.sigmas[0]

    @property
    def sigma_max(self) -> Tensor:
        return self.sigmas[-1]

    @abstractmethod
    def timestep(self, sigma: Tensor) -> Tensor:
        """The time t (float) the network is given at sigma."""

    @abstractmethod
    def sigma(self, t: Tensor) -> Tensor:
        """The noise level at time t."""

    @abstractmethod
    def percent_to_sigma(self, percent: float) -> float:
        """The noise level when `percent` (0..1) of a run is done."""


class Discrete(Timesteps):
    """A network trained on whole numbers t; `stride` > 1 keeps every stride-th of them (distilled models)."""

    alphas: Tensor
    """Signal shares alpha-bar of all of them, float64."""

    def __init__(self, alphas: Tensor | None = None, *, stride: int = 1) -> None:
        alphas = scaled_linear() if alphas is None else alphas.double()
        self.alphas = alphas
        sigmas = ((1 - alphas) / alphas).sqrt()[stride - 1 :: stride]
        self.stride = stride
        self.sigmas = sigmas.float()
        self.log_sigmas = sigmas.log().float()

    def timestep(self, sigma: Tensor) -> Tensor:
        """The nearest table entry in log sigma: always a whole number, never interpolated."""
        distance = (sigma.log().unsqueeze(-1) - self.log_sigmas.to(sigma.device)).abs()
        return (distance.argmin(dim=-1) * self.stride + self.stride - 1).to(sigma.dtype)

    def sigma(self, t: Tensor) -> Tensor:
        """Log-linear between the table's entries."""
        t = ((t.float().cpu() - (self.stride - 1)) / self.stride).clamp(0, len(self.sigmas) - 1)
        low, high, w = t.floor().long(), t.ceil().long(), t.frac()
        return ((1 - w) * self.log_sigmas[low] + w * self.log_sigmas[high]).exp()

    def percent_to_sigma(self, percent: float) -> float:
        if percent <= 0:
            return UNBOUNDED
        if percent >= 1:
            return 0.0
        last = len(self.sigmas) * self.stride - 1
        return self.sigma(torch.tensor((1 - percent) * last)).item()


class LogContinuous(Timesteps):
    """Any sigma of a range, log-uniform; t = ln(sigma) / 4 (EDM preconditioning, arXiv 2206.00364)."""

    def __init__(self, sigma_min: float = 0.002, sigma_max: float = 80.0, steps: int = 1000) -> None:
        self.sigmas = torch.linspace(math.log(sigma_min), math.log(sigma_max), steps).exp()

    def timestep(self, sigma: Tensor) -> Tensor:
        return 0.25 * sigma.log()

    def sigma(self, t: Tensor) -> Tensor:
        return (t * 4).exp()

    def percent_to_sigma(self, percent: float) -> float:
        if percent <= 0:
            return UNBOUNDED
        if percent >= 1:
            return 0.0
        low, high = math.log(self.sigma_min), math.log(self.sigma_max)
        return math.exp((high - low) * (1 - percent) + low)


class ArcTangent(LogContinuous):
    """As `LogContinuous`, but t = 2 atan(sigma) / pi: the angle of v-prediction (arXiv 2202.00512)."""

    def timestep(self, sigma: Tensor) -> Tensor:
        return sigma.atan() / math.pi * 2

    def sigma(self, t: Tensor) -> Tensor:
        return (t * math.pi / 2).tan()


class Shifted(Timesteps):
    """Flow time u = t / multiplier moved towards noise: sigma = a u / (1 + (a - 1) u) (arXiv 2403.03206).

    `timestep` is multiplier * sigma, not the inverse of `sigma`: the network is told the shifted time.
    """

    def __init__(self, shift: float = 3.0, multiplier: float = 1000.0, steps: int = 1000) -> None:
        self.shift = shift
        self.multiplier = multiplier
        self.sigmas = self.sigma(torch.arange(1, steps + 1) / steps * multiplier)

    def timestep(self, sigma: Tensor) -> Tensor:
        return sigma * self.multiplier

    def sigma(self, t: Tensor) -> Tensor:
        u = t / self.multiplier
        return u if self.shift == 1 else self.shift * u / (1 + (self.shift - 1) * u)

    def percent_to_sigma(self, percent: float) -> float:
        if percent <= 0:
            return 1.0
        if percent >= 1:
            return 0.0
        u = 1 - percent
        return self.shift * u / (1 + (self.shift - 1) * u)


class ExponentiallyShifted(Timesteps):
    """Flow time shifted by e^mu: sigma = e^mu / (e^mu + 1/u - 1), and t = sigma (Flux)."""

    def __init__(self, mu: float = 1.15, steps: int = 10000) -> None:
        self.mu = mu
        self.sigmas = self.sigma(torch.arange(1, steps + 1) / steps)

    def timestep(self, sigma: Tensor) -> Tensor:
        return sigma

    def sigma(self, t: Tensor) -> Tensor:
        return math.exp(self.mu) / (math.exp(self.mu) + (1 / t - 1))

    def percent_to_sigma(self, percent: float) -> float:
        if percent <= 0:
            return 1.0
        if percent >= 1:
            return 0.0
        return math.exp(self.mu) / (math.exp(self.mu) + (1 / (1 - percent) - 1))
