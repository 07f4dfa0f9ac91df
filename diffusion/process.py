"""The two noising processes in use, and the quantities solvers derive from them.

Both are written in one variable, the noise level sigma, as x = a(sigma) x0 + sigma n with n ~ N(0, 1):

* variance exploding, a = 1, in which eps-, v-, x0- and EDM-networks are sampled (arXiv 2206.00364);
* rectified flow, a = 1 - sigma (arXiv 2209.03003, 2403.03206).

A solver never asks which one it has: it reads off `alpha`, the half log-SNR `lam` and the ancestral step.
Every sigma is a float32 tensor; solvers keep theirs on the CPU, so that no method here waits for a device.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor


class Ancestral(NamedTuple):
    """Go down to `down`, multiply the state by `rescale`, add `up` times fresh unit noise."""

    down: Tensor
    rescale: Tensor
    up: Tensor


class Process(ABC):
    """A noising process in terms of its noise level sigma. All methods work elementwise."""

    @abstractmethod
    def alpha(self, sigma: Tensor) -> Tensor:
        """The share of clean signal in the state."""

    @abstractmethod
    def lam(self, sigma: Tensor) -> Tensor:
        """Half the log signal-to-noise ratio, ln(alpha / sigma)."""

    @abstractmethod
    def inv_lam(self, lam: Tensor) -> Tensor:
        """The sigma at which `lam` holds."""

    @abstractmethod
    def midpoint(self, sigma: Tensor, target: Tensor) -> Tensor:
        """The sigma halfway between two others in `lam`."""

    @abstractmethod
    def noised(self, noise: Tensor, latent: Tensor, sigma: Tensor) -> Tensor:
        """A clean latent put under noise of level sigma."""

    @abstractmethod
    def initial(self, noise: Tensor, latent: Tensor, sigma: Tensor, *, max_denoise: bool) -> Tensor:
        """The state a run starts from; `max_denoise` says that sigma is the process's largest."""

    @abstractmethod
    def finish(self, x: Tensor, sigma: Tensor) -> Tensor:
        """The latent in the state x left at level sigma; may still hold noise if sigma > 0."""

    @abstractmethod
    def ancestral(self, sigma: Tensor, target: Tensor, eta: float) -> Ancestral:
        """Split the step sigma -> target into a deterministic and a random part."""


class VarianceExploding(Process):
    """x = x0 + sigma n."""

    def alpha(self, sigma: Tensor) -> Tensor:
        return torch.ones_like(sigma)

    def lam(self, sigma: Tensor) -> Tensor:
        return -sigma.log()

    def inv_lam(self, lam: Tensor) -> Tensor:
        return (-lam).exp()

    def midpoint(self, sigma: Tensor, target: Tensor) -> Tensor:
        return geometric_mean(sigma, target)

    def noised(self, noise: Tensor, latent: Tensor, sigma: Tensor) -> Tensor:
        return latent + noise * sigma

    def initial(self, noise: Tensor, latent: Tensor, sigma: Tensor, *, max_denoise: bool) -> Tensor:
        # At its largest sigma a network was trained on states of variance 1 + sigma^2, not sigma^2.
        return latent + noise * ((1 + sigma**2).sqrt() if max_denoise else sigma)

    def finish(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x

    def ancestral(self, sigma: Tensor, target: Tensor, eta: float) -> Ancestral:
        down, up = ancestral_step(sigma, target, eta)
        return Ancestral(down, torch.ones_like(sigma), up)


class RectifiedFlow(Process):
    """x = (1 - sigma) x0 + sigma n, sigma in 0..1."""

    def alpha(self, sigma: Tensor) -> Tensor:
        return 1 - sigma

    def lam(self, sigma: Tensor) -> Tensor:
        return -sigma.logit()

    def inv_lam(self, lam: Tensor) -> Tensor:
        return (-lam).sigmoid()

    def midpoint(self, sigma: Tensor, target: Tensor) -> Tensor:
        if sigma >= 1:  # lam is -inf there: stay just inside
            return torch.full_like(sigma, 0.9999)
        return self.inv_lam((self.lam(sigma) + self.lam(target)) / 2)

    def noised(self, noise: Tensor, latent: Tensor, sigma: Tensor) -> Tensor:
        return sigma * noise + (1 - sigma) * latent

    def initial(self, noise: Tensor, latent: Tensor, sigma: Tensor, *, max_denoise: bool) -> Tensor:
        return self.noised(noise, latent, sigma)

    def finish(self, x: Tensor, sigma: Tensor) -> Tensor:
        return x / (1 - sigma)

    def ancestral(self, sigma: Tensor, target: Tensor, eta: float) -> Ancestral:
        """Overshoot to `down`, scale the signal to its share at `target`, fill the noise up to `target`."""
        down = target * (1 + (target / sigma - 1) * eta)
        rescale = (1 - target) / (1 - down)
        return Ancestral(down, rescale, (target**2 - (down * rescale) ** 2).clamp(min=0).sqrt())


def geometric_mean(a: Tensor, b: Tensor) -> Tensor:
    """The noise level halfway in ln sigma."""
    return a.log().lerp(b.log(), 0.5).exp()


def ancestral_step(sigma: Tensor, target: Tensor, eta: float) -> tuple[Tensor, Tensor]:
    """(down, up): down^2 + up^2 = target^2, up is eta times the posterior's deviation (arXiv 2006.11239)."""
    up = eta * (target**2 * (sigma**2 - target**2) / sigma**2).sqrt()
    up = torch.fmin(target, up)  # which also settles inf / inf, from an infinite sigma
    return (target**2 - up**2).sqrt(), up
