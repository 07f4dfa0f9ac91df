"""What a network predicts, as a value: one object turns `network(x_in, t)` into `denoised(x, sigma)`.

A prediction joins three things: the noising process, the network's clock (`timesteps`) and the formula that
reads the clean latent off the network's output F. Everything else asks this object and never its kind.

| object | network input | denoised |
|---|---|---|
| Eps | x / sqrt(s^2 + 1) | x - s F |
| V   | x / sqrt(s^2 + 1) | x / (s^2 + 1) - F s / sqrt(s^2 + 1) |
| X0  | x / sqrt(s^2 + 1) | F |
| ImageToImage | x | F |
| Edm | x / sqrt(s^2 + d^2) | x d^2 / (s^2 + d^2) + F s d / sqrt(s^2 + d^2) |
| Lcm | x / sqrt(s^2 + 1) | c_out (x - s F) + c_skip x |
| Flow, Flux | x | x - s F |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from diffusion.process import Process, RectifiedFlow, VarianceExploding
from diffusion.timesteps import Discrete, ExponentiallyShifted, LogContinuous, Shifted, Timesteps

# Relative distance at which a run counts as starting from the largest noise level of the network.
_SAME_SIGMA = 1e-5


class Prediction(ABC):
    """A network's kind of output with the process and the clock it was trained on.

    States x are float32 [B, C, ...]; sigma is a float32 scalar tensor.
    """

    process: ClassVar[Process] = VarianceExploding()
    timesteps: Timesteps

    def __init__(self, timesteps: Timesteps) -> None:
        self.timesteps = timesteps

    @abstractmethod
    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        """The network's input for state x."""

    @abstractmethod
    def denoised(self, x: Tensor, out: Tensor, sigma: Tensor) -> Tensor:
        """The clean latent that the network's output `out` stands for."""

    @property
    def sigmas(self) -> Tensor:
        """The ascending table of noise levels, float32 on the CPU."""
        return self.timesteps.sigmas

    @property
    def sigma_min(self) -> Tensor:
        return self.timesteps.sigma_min

    @property
    def sigma_max(self) -> Tensor:
        return self.timesteps.sigma_max

    def timestep(self, sigma: Tensor) -> Tensor:
        return self.timesteps.timestep(sigma)

    def sigma(self, t: Tensor) -> Tensor:
        return self.timesteps.sigma(t)

    def percent_to_sigma(self, percent: float) -> float:
        return self.timesteps.percent_to_sigma(percent)

    def is_max(self, sigma: Tensor) -> bool:
        """Whether a run from sigma starts at (or above) the largest noise level the network knows."""
        top = self.sigma_max
        return bool(sigma > top) or bool(torch.isclose(sigma, top, rtol=_SAME_SIGMA, atol=0.0))

    def initial(
        self, noise: Tensor, latent: Tensor, sigma: Tensor, max_denoise: bool | None = None
    ) -> Tensor:
        """The state a run from sigma starts with; `max_denoise` None asks `is_max`."""
        top = self.is_max(sigma) if max_denoise is None else max_denoise
        return self.process.initial(noise, latent, sigma, max_denoise=top)

    def finish(self, x: Tensor, sigma: Tensor) -> Tensor:
        """The latent in a state left at `sigma`, the last of the run."""
        return self.process.finish(x, sigma)


class _UnitVariance(Prediction):
    """Networks trained on data of unit variance, fed with states scaled back to it."""

    def __init__(self, timesteps: Timesteps | None = None) -> None:
        super().__init__(Discrete() if timesteps is None else timesteps)

    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x / (sigma**2 + 1).sqrt()


class Eps(_UnitVariance):
    """The network predicts the noise (arXiv 2006.11239): SD 1.x, SDXL."""

    def denoised(self, x: Tensor, out: Tensor, sigma: Tensor) -> Tensor:
        return x - out * sigma


class V(_UnitVariance):
    """The network predicts the velocity v = a n - s x0 (arXiv 2202.00512): SD 2.x, zero-terminal-SNR models.

    With `LogContinuous(0.002, 120)` timesteps this is CosXL's continuous v-prediction.
    """

    def denoised(self, x: Tensor, out: Tensor, sigma: Tensor) -> Tensor:
        return x / (sigma**2 + 1) - out * sigma / (sigma**2 + 1).sqrt()


class X0(_UnitVariance):
    """The network predicts the clean latent itself."""

    def denoised(self, x: Tensor, out: Tensor, sigma: Tensor) -> Tensor:
        return out


class ImageToImage(X0):
    """The network turns one clean latent into another in one step, without noise on its input (Lotus)."""

    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x


class Lcm(_UnitVariance):
    """A latent consistency model (arXiv 2310.04378): 50 of the 1000 steps, boundary-condition weights."""

    def __init__(self, timesteps: Timesteps | None = None) -> None:
        super().__init__(Discrete(stride=20) if timesteps is None else timesteps)

    def denoised(self, x: Tensor, out: Tensor, sigma: Tensor) -> Tensor:
        u, data = self.timestep(sigma) * 10, 0.5
        skip, scale = data**2 / (u**2 + data**2), u / (u**2 + data**2).sqrt()
        return scale * (x - out * sigma) + skip * x


class Edm(Prediction):
    """EDM preconditioning (arXiv 2206.00364, table 1) for data of deviation `sigma_data` (Playground 2.5)."""

    def __init__(self, timesteps: Timesteps | None = None, sigma_data: float = 0.5) -> None:
        super().__init__(LogContinuous() if timesteps is None else timesteps)
        self.sigma_data = sigma_data

    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x / (sigma**2 + self.sigma_data**2).sqrt()

    def denoised(self, x: Tensor, out: Tensor, sigma: Tensor) -> Tensor:
        variance = sigma**2 + self.sigma_data**2
        return x * self.sigma_data**2 / variance + out * sigma * self.sigma_data / variance.sqrt()


class _Velocity(Prediction):
    """The network predicts the flow's velocity n - x0 (arXiv 2209.03003)."""

    process = RectifiedFlow()

    def scale_input(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x

    def denoised(self, x: Tensor, out: Tensor, sigma: Tensor) -> Tensor:
        return x - out * sigma


class Flow(_Velocity):
    """Rectified flow with shifted time; the network is told multiplier * sigma (SD3: 3 and 1000)."""

    def __init__(self, shift: float = 3.0, multiplier: float = 1000.0) -> None:
        super().__init__(Shifted(shift, multiplier))


class Flux(_Velocity):
    """Rectified flow with exponentially shifted time; the network is told sigma in 0..1."""

    def __init__(self, shift: float = 1.15) -> None:
        super().__init__(ExponentiallyShifted(shift))
