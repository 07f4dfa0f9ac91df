"""SA-Solver (arXiv 2309.05019): stochastic Adams predictor and corrector in lambda."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from diffusion.prediction import Prediction
from diffusion.process import Process
from diffusion.samplers.common import Denoiser, Noise, OnStep, finite_start, numbers, quadrature, steps
from diffusion.samplers.multistep import weighted

Tau = Callable[[float], float]
"""How stochastic the sampler's SDE is at a sigma: 0 is the ODE, 1 the reverse diffusion."""


def sample_sa_solver(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    tau: Tau | None = None,
    pece: bool = False,
    predictor_order: int = 3,
    corrector_order: int = 4,
) -> Tensor:
    """SA-Solver (algorithm 1); tau defaults to 1 over the middle of a run. `pece` evaluates twice a step.

    A corrector of order 0 leaves correcting out.
    """
    n = len(sigmas) - 1
    sigmas = finite_start(denoise.prediction, sigmas)
    process = denoise.prediction.process
    adams = _Adams(process, sigmas, numbers(process.lam(sigmas)))
    tau = tau or between(denoise.prediction, 0.2, 0.8, 1.0)
    left = [n - i if sigmas[-1] == 0 else n for i in range(n)]  # orders taper off towards sigma 0
    predictions: list[Tensor] = []
    predicted, grain, amount = x, torch.zeros_like(x), 0.0
    for i, (s, t) in enumerate(steps(sigmas)):
        predictions = [denoise(predicted, s), *predictions[: max(predictor_order, corrector_order) - 1]]
        on_step(i, n, predictions[0], predicted)
        if i > 0 and corrector_order > 0 and (t > 0 or pece):
            order = min(corrector_order, i + 1, left[i])
            predicted = adams.leap(x, i - 1, i, predictions[:order], amount) + grain
            if pece:
                predictions[0] = denoise(predicted, s)
        if t == 0:
            return predictions[0]
        x, amount = predicted, tau(float(t))
        grain = adams.deviation(i, amount) * noise(s, t) if amount > 0 else torch.zeros_like(x)
        order = min(predictor_order, i + 1, left[i] - 1)
        predicted = adams.leap(x, i, i, predictions[:order], amount) + grain
    return predicted


def sample_sa_solver_pece(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep
) -> Tensor:
    """SA-Solver that predicts, evaluates, corrects and evaluates again."""
    return sample_sa_solver(denoise, x, sigmas, noise=noise, on_step=on_step, pece=True)


@dataclass(frozen=True, eq=False)
class _Adams:
    """Steps between neighbouring sigmas along the polynomial through earlier predictions."""

    process: Process
    sigmas: Tensor
    lams: list[float]

    def leap(self, x: Tensor, start: int, newest: int, predictions: list[Tensor], tau: float) -> Tensor:
        """From sigma number `start` to the next, without noise. `predictions` go back from `newest`."""
        s, t = self.sigmas[start], self.sigmas[start + 1]
        nodes = [self.lams[newest - j] for j in range(len(predictions))]
        weights = _weights(nodes, self.lams[start], self.lams[start + 1], tau)
        decay = t / s * math.exp(-(tau**2) * self._width(start))
        return decay * x + self.process.alpha(t) * weighted(weights, predictions)

    def deviation(self, start: int, tau: float) -> Tensor:
        """The standard deviation of the noise a step from `start` adds."""
        return self.sigmas[start + 1] * math.sqrt(-math.expm1(-2 * tau**2 * self._width(start)))

    def _width(self, start: int) -> float:
        return self.lams[start + 1] - self.lams[start]


def _weights(nodes: list[float], start: float, end: float, tau: float) -> list[float]:
    """Integrals over start..end of the Lagrange polynomials of `nodes` under k e^{k (u - end)}, k = 1 + tau^2
    (its eqs. 15 and 18). Measured from `end`, which keeps the linear system well conditioned."""
    k, h = 1 + tau**2, end - start
    decay = math.exp(-k * h)
    moments = [-math.expm1(-k * h)]
    for p in range(1, len(nodes)):  # by parts
        moments.append(-((-h) ** p) * decay - p / k * moments[-1])
    return quadrature([u - end for u in nodes], moments)


def between(prediction: Prediction, start: float, end: float, tau: float) -> Tau:
    """`tau` over the shares `start` to `end` of a run, 0 before and after."""
    high, low = prediction.percent_to_sigma(start), prediction.percent_to_sigma(end)
    return lambda sigma: tau if low <= sigma <= high else 0.0
