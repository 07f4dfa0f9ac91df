"""SA-Solver (arXiv 2309.05019): stochastic Adams predictor and corrector in lambda."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from diffusion.prediction import Prediction
from diffusion.samplers.common import Denoiser, Noise, OnStep, finite_start, quadrature, steps
from diffusion.samplers.multistep import weighted


def _weights(nodes: list[float], start: float, end: float, tau: float) -> list[float]:
    """Integrals over start..end of the Lagrange polynomials of `nodes` under (1 + tau^2) e^{(1 + tau^2)(u - end)}
    (its eqs. 15 and 18). Measured from `end`, which keeps the linear system well conditioned."""
    k, h = 1 + tau**2, end - start
    decay = math.exp(-k * h)
    moments = [-math.expm1(-k * h)]
    for p in range(1, len(nodes)):  # by parts
        moments.append(-((-h) ** p) * decay - p / k * moments[-1])
    return quadrature([u - end for u in nodes], moments)


def sample_sa_solver(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    tau: Callable[[float], float] | None = None,
    pece: bool = False,
    predictor_order: int = 3,
    corrector_order: int = 4,
) -> Tensor:
    """SA-Solver (its algorithm 1); `pece` evaluates once more after each correction.

    Args:
        tau: How stochastic the SDE is at a sigma; by default 1 over the middle of a run (20..80 %), else 0.
    """
    n = len(sigmas) - 1
    sigmas = finite_start(denoise.prediction, sigmas)
    process = denoise.prediction.process
    tau = tau or _middle(denoise.prediction)
    lams: list[float] = process.lam(sigmas).double().tolist()
    to_zero = n > 0 and bool(sigmas[-1] == 0)  # then the orders taper off towards the end
    predictions: list[Tensor] = []
    predicted, grain, amount = x, torch.zeros_like(x), 0.0

    def leap(x: Tensor, start: int, order: int) -> Tensor:
        """From sigma `start` to the next one through the newest `order` predictions, without noise."""
        a, b = lams[start], lams[start + 1]
        weights = _weights(lams[i - order + 1 : i + 1][::-1], a, b, amount)
        decay = sigmas[start + 1] / sigmas[start] * math.exp(-(amount**2) * (b - a))
        return decay * x + process.alpha(sigmas[start + 1]) * weighted(weights, predictions)

    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(predicted, s)
        on_step(i, n, denoised, predicted)
        predictions = [denoised, *predictions[: corrector_order - 1]]
        if i > 0 and (t > 0 or pece):
            predicted = leap(x, i - 1, min(corrector_order, i + 1, n - i if to_zero else n)) + grain
            if pece:
                predictions[0] = denoise(predicted, s)
        x = predicted
        if t == 0:
            return predictions[0]
        amount = tau(float(t))
        grain = _grain(lams[i + 1] - lams[i], amount, t, noise(s, t)) if amount > 0 else torch.zeros_like(x)
        predicted = leap(x, i, min(predictor_order, i + 1, n - 1 - i if to_zero else n)) + grain
    return predicted


def sample_sa_solver_pece(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep
) -> Tensor:
    """SA-Solver that predicts, evaluates, corrects and evaluates again."""
    return sample_sa_solver(denoise, x, sigmas, noise=noise, on_step=on_step, pece=True)


def _grain(h: float, tau: float, sigma: Tensor, unit: Tensor) -> Tensor:
    """The noise a step of width h leaves in the state at sigma."""
    return sigma * math.sqrt(-math.expm1(-2 * tau**2 * h)) * unit


def _middle(prediction: Prediction) -> Callable[[float], float]:
    high, low = prediction.percent_to_sigma(0.2), prediction.percent_to_sigma(0.8)
    return lambda sigma: 1.0 if low <= sigma <= high else 0.0
