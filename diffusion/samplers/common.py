"""What every sampler is given, and the few quantities they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from diffusion.prediction import Prediction

Noise = Callable[[Tensor, Tensor], Tensor]
"""noise(sigma, sigma_next): a unit normal draw of the state's shape for that step (Gaussian or Brownian)."""

OnStep = Callable[[int, int, Tensor, Tensor], None]
"""on_step(step, total, denoised, x): called once a step, after its first network call; raising cancels."""


class Guided(NamedTuple):
    """The guided prediction and the unconditional one it was made from, both clean latents."""

    denoised: Tensor
    unconditional: Tensor


class Denoiser(Protocol):
    """A model with its conditioning: the clean latent it sees in state x [B, C, ...] at a scalar sigma."""

    @property
    def prediction(self) -> Prediction: ...

    def __call__(self, x: Tensor, sigma: Tensor, /) -> Tensor: ...

    def guided(self, x: Tensor, sigma: Tensor, /) -> Guided:
        """As a call, with the unconditional prediction beside it (evaluated even at guidance scale 1)."""
        ...


class SampleFunction(Protocol):
    """A sampler: from the state x at sigmas[0] to the state at sigmas[-1]."""

    def __call__(
        self, denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep
    ) -> Tensor: ...


def steps(sigmas: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The (sigma, sigma_next) of every step."""
    return list(pairwise(sigmas.unbind()))


def numbers(values: Tensor) -> list[float]:
    """A one-dimensional CPU tensor as Python floats."""
    return [float(value) for value in values]


def slope(x: Tensor, denoised: Tensor, sigma: Tensor) -> Tensor:
    """dx/dsigma of the probability flow ODE (arXiv 2206.00364): the predicted noise."""
    return (x - denoised) / sigma


def finite_start(prediction: Prediction, sigmas: Tensor) -> Tensor:
    """Move a first sigma of no signal at all (lam = -inf) just inside, for solvers that step in lam."""
    if len(sigmas) < 2 or prediction.process.lam(sigmas[0]).isfinite():
        return sigmas
    inside = sigmas.new_tensor([prediction.percent_to_sigma(1e-4)])
    return torch.cat([inside, sigmas[1:]])


def quadrature(nodes: Sequence[float], moments: Sequence[float]) -> list[float]:
    """Weights b with sum_j b_j nodes_j^p = moments_p: they integrate the polynomial through the nodes.

    `moments` are the integrals of 1, u, u^2, ... under the integral's weight function, one per node.
    """
    powers = np.vander(np.array(nodes), increasing=True).T
    return [float(b) for b in np.linalg.solve(powers, np.array(moments))]
