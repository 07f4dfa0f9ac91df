"""UniPC (arXiv 2302.04867): a unified predictor-corrector of any order, here multistep with data prediction.

It works in the variance preserving state z = x / sqrt(1 + sigma^2), whatever the model's own process.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffusion.samplers.common import Denoiser, Noise, OnStep, numbers

END = 1e-3
"""lambda is infinite at sigma 0, so a run to 0 ends here instead."""

StepFunction = Callable[[float], float]
"""B(h), the paper's free function; h is minus the step in lambda."""


Matrix = NDArray[np.float64]


def _bh1(h: float) -> float:
    return h


def _system(r: list[float], h: float, b_h: float) -> tuple[Matrix, Matrix]:
    """The paper's R_p and phi_p / B at the points r, the last of which is 1."""
    rows: list[list[float]] = []
    right: list[float] = []
    phi, factorial = math.expm1(h) / h - 1, 1
    for k in range(1, len(r) + 1):
        rows.append([point ** (k - 1) for point in r])
        right.append(phi * factorial / b_h)
        factorial *= k + 1
        phi = phi / h - 1 / factorial
    return np.array(rows), np.array(right)


def _solved(system: Matrix, right: Matrix) -> list[float]:
    return [float(weight) for weight in np.linalg.solve(system, right)]


def _predictor_weights(r: list[float], h: float, b_h: float) -> list[float]:
    """Weights of the past differences; at order 2 the paper's 1/2."""
    order = len(r)
    if order <= 2:
        return [0.5] * (order - 1)
    system, right = _system(r, h, b_h)
    return _solved(system[:-1, :-1], right[:-1])


def _corrector_weights(r: list[float], h: float, b_h: float) -> list[float]:
    """Weights of the past differences and of the new one; 1/2 at order 1."""
    if len(r) == 1:
        return [0.5]
    system, right = _system(r, h, b_h)
    return _solved(system, right)


def sample_uni_pc(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    step_function: StepFunction = _bh1,
    max_order: int = 3,
) -> Tensor:
    """UniPC-p (algorithms 1 and 2) with B(h) = h: n calls for n steps; one step alone leaves x as it is."""
    n = len(sigmas) - 1
    if n < 1:
        return x
    sigmas = ending_above_zero(sigmas)
    order = min(max_order, n - 1)
    scales, alphas, stds, lams = _vp(sigmas)
    z = x / scales[0]
    predictions = [denoise(x, sigmas[0])]  # newest first
    for k in range(1, n + 1):
        on_step(k - 1, n, predictions[0], z * scales[k - 1])
        if order == 0:
            break
        used = min(order, k, n + 1 - k)
        h = lams[k - 1] - lams[k]
        b_h = step_function(h)
        r = [(lams[k - 1 - j] - lams[k - 1]) / -h for j in range(1, used)] + [1.0]
        differences = [(predictions[j] - predictions[0]) / r[j - 1] for j in range(1, used)]
        base = stds[k] / stds[k - 1] * z - alphas[k] * math.expm1(h) * predictions[0]

        z = base - alphas[k] * b_h * _sum(_predictor_weights(r, h, b_h), differences, z)
        if k < n:
            denoised = denoise(z * scales[k], sigmas[k])
            differences.append(denoised - predictions[0])
            z = base - alphas[k] * b_h * _sum(_corrector_weights(r, h, b_h), differences, z)
            predictions = [denoised, *predictions[: order - 1]]
    return z * scales[-1]


def sample_uni_pc_bh2(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep
) -> Tensor:
    """UniPC with B(h) = e^h - 1, which its authors advise for guided sampling."""
    return sample_uni_pc(denoise, x, sigmas, noise=noise, on_step=on_step, step_function=math.expm1)


def _vp(sigmas: Tensor) -> tuple[Tensor, Tensor, Tensor, list[float]]:
    """sqrt(1 + sigma^2), alpha, std and lambda of each sigma.

    The published code has them in float32 from ln alpha, where 1 - alpha^2 loses digits near `END`: std is
    off by 2 % there, and its pictures contain that.
    """
    log_alpha = 0.5 * (1 / (sigmas**2 + 1)).log()
    variance = 1 - (2 * log_alpha).exp()
    lam = log_alpha - 0.5 * variance.log()
    return (1 + sigmas**2).sqrt(), log_alpha.exp(), variance.sqrt(), numbers(lam)


def ending_above_zero(sigmas: Tensor) -> Tensor:
    """The sigmas UniPC goes through: a final 0 becomes `END`."""
    if sigmas[-1] > 0:
        return sigmas
    return torch.cat([sigmas[:-1], sigmas.new_tensor([END])])


def _sum(weights: list[float], values: list[Tensor], like: Tensor) -> Tensor:
    total = torch.zeros_like(like)
    for w, value in zip(weights, values, strict=True):
        total = total + w * value
    return total
