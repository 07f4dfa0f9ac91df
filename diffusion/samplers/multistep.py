"""Linear multistep solvers: one network call a step, earlier slopes (or predictions) reused."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from diffusion.process import ancestral_step
from diffusion.samplers.common import Denoiser, Noise, OnStep, numbers, quadrature, slope, steps

# Adams-Bashforth weights of equal steps, newest slope first, by order.
_ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


def weighted(weights: list[float] | tuple[float, ...], newest_first: list[Tensor]) -> Tensor:
    """sum_j weights_j values_j over as many values as there are weights."""
    total = weights[0] * newest_first[0]
    for w, value in zip(weights[1:], newest_first[1:], strict=False):
        total = total + w * value
    return total


def sample_lms(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, order: int = 4
) -> Tensor:
    """Linear multistep (Adams-Bashforth) in sigma: the polynomial through the last slopes, integrated."""
    n = len(sigmas) - 1
    levels = numbers(sigmas)
    slopes: list[Tensor] = []
    for i, (s, _) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        slopes = [slope(x, denoised, s), *slopes[: order - 1]]
        if levels[i + 1] == 0:
            x = denoised
            continue
        nodes = [levels[i - j] - levels[i + 1] for j in range(len(slopes))]  # measured from the step's end
        moments = [-(nodes[0] ** (p + 1)) / (p + 1) for p in range(len(slopes))]
        x = x + weighted(quadrature(nodes, moments), slopes)
    return x


def sample_ipndm(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, order: int = 4
) -> Tensor:
    """Improved PNDM (arXiv 2204.13902, after PNDM, 2202.09778): Adams-Bashforth as if steps were equal."""
    n = len(sigmas) - 1
    slopes: list[Tensor] = []
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        slopes = [slope(x, denoised, s), *slopes[: order - 1]]
        x = x + (t - s) * weighted(_ADAMS_BASHFORTH[len(slopes) - 1], slopes) if t > 0 else denoised
    return x


def sample_ipndm_v(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, order: int = 4
) -> Tensor:
    """Improved PNDM with weights for the actual steps, as in diff-sampler (the code of arXiv 2312.00094)."""
    n = len(sigmas) - 1
    levels = numbers(sigmas)
    slopes: list[Tensor] = []
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        slopes = [slope(x, denoised, s), *slopes[: order - 1]]
        widths = [levels[i + 1 - j] - levels[i - j] for j in range(len(slopes))]
        x = x + (t - s) * weighted(_variable_step_weights(widths), slopes) if t > 0 else denoised
    return x


def _variable_step_weights(h: list[float]) -> list[float]:
    """Weights of the last slopes, newest first; h are the widths of the coming step and those before it."""
    if len(h) == 1:
        return [1.0]
    h0, h1, *older = h
    ratio = h0 / (2 * h1)
    if not older:
        return [1 + ratio, -ratio]
    h2 = older[0]
    # The product stands inside the bracket in the published code; its results are what users know.
    third = (1 - h0 / (3 * (h0 + h1)) * (h0 * (h0 + h1)) / (h1 * (h1 + h2))) / 2
    p = h1 / h2
    weights = [1 + ratio + third, -ratio - (1 + p) * third, p * third]
    if len(h) == 3:
        return weights
    h3 = older[1]
    sum2, sum3 = h0 + h1, h0 + h1 + h2
    fourth = (1 - h0 / (3 * sum2)) / 2 + (1 - h0 / (2 * sum2)) * h0 / (6 * sum3)
    fourth *= h0 * sum2 * sum3 / (h1 * (h1 + h2) * (h1 + h2 + h3))
    g = h1 * (h1 + h2) / (h2 * (h2 + h3))
    extra = [1.0, -(1 + p + g), p + g * (1 + h2 / h3), -g * p]
    return [w + fourth * e for w, e in zip([*weights, 0.0], extra, strict=True)]


def sample_deis(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, order: int = 3
) -> Tensor:
    """DEIS-tAB (arXiv 2204.13902): exponential Adams-Bashforth in the time of a linear VP schedule."""
    n = len(sigmas) - 1
    times = numbers(_vp_time(sigmas.double()))
    slopes: list[Tensor] = []
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        slopes = [slope(x, denoised, s), *slopes[: order - 1]]
        if len(slopes) == 1 or t <= 0:
            x = x + slopes[0] * (t - s)
        else:
            nodes = [times[i - j] for j in range(len(slopes))]
            x = x + weighted(_deis_weights(times[i + 1], nodes), slopes)
    return x


# The linear VP schedule that spans sigma 0.002..80 from time 1e-3 to 1 (arXiv 2206.00364, table 1).
_VP_START = 1e-3
_LOG_LOW, _LOG_HIGH = math.log(0.002**2 + 1), math.log(80.0**2 + 1)
_BETA_D = 2 * (_LOG_LOW / _VP_START - _LOG_HIGH) / (_VP_START - 1)
_BETA_MIN = _LOG_HIGH - _BETA_D / 2


def _vp_time(sigma: Tensor) -> Tensor:
    return ((_BETA_MIN**2 + 2 * _BETA_D * (sigma**2 + 1).log()).sqrt() - _BETA_MIN) / _BETA_D


def _deis_weights(target: float, nodes: list[float], points: int = 10000) -> list[float]:
    """Integrals from nodes[0] to `target` of the Lagrange polynomials under DEIS's weight."""
    tau = torch.linspace(nodes[0], target, points, dtype=torch.float64)
    alpha = (-(tau**2) * _BETA_D / 2 - tau * _BETA_MIN).exp()
    weight = (tau * _BETA_D + _BETA_MIN) / (2 * (alpha * (1 - alpha)).sqrt())
    step = (target - nodes[0]) / points
    moments = [((weight * (tau - target) ** p).sum() * step).item() for p in range(len(nodes))]
    return quadrature([u - target for u in nodes], moments)


def sample_gradient_estimation(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, gamma: float = 2.0
) -> Tensor:
    """Gradient estimation (arXiv 2306.04848): the slope extrapolated from the one before."""
    n = len(sigmas) - 1
    last: Tensor | None = None
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        d = slope(x, denoised, s)
        better = d if last is None else gamma * d + (1 - gamma) * last
        x = x + better * (t - s) if t > 0 else denoised
        last = d
    return x


def sample_res_multistep(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, eta: float = 0.0
) -> Tensor:
    """RES, refined exponential solver, second order multistep form (arXiv 2308.02157)."""
    n = len(sigmas) - 1
    last: Tensor | None = None
    down_before = sigmas[0]
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        down, up = ancestral_step(s, t, eta)
        if last is None or down == 0:
            x = x + slope(x, denoised, s) * (down - s)
        else:
            h, b1, b2 = res_weights(sigmas[i - 1], down_before, s, down)
            x = (-h).exp() * x + h * (b1 * denoised + b2 * last)
        if t > 0 and eta > 0:
            x = x + up * noise(s, t)
        last, down_before = denoised, down
    return x


def sample_res_multistep_ancestral(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep
) -> Tensor:
    """`sample_res_multistep` with ancestral noise (eta 1)."""
    return sample_res_multistep(denoise, x, sigmas, noise=noise, on_step=on_step, eta=1.0)


def res_weights(
    before: Tensor, down_before: Tensor, s: Tensor, down: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """(h, b1, b2): the step in -ln sigma and the weights of this and the previous prediction."""
    h = (s / down).log()
    c2 = (down_before / before).log() / h
    phi1 = torch.expm1(-h) / -h
    phi2 = (phi1 - 1) / -h
    return h, (phi1 - phi2 / c2).nan_to_num(nan=0.0), (phi2 / c2).nan_to_num(nan=0.0)
