"""DPM-Solver (arXiv 2206.00927), noise prediction, time t = -ln sigma, with fixed and adaptive steps."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from diffusion.samplers.common import Denoiser, Noise, OnStep, slope


def _eps(denoise: Denoiser, x: Tensor, t: Tensor) -> Tensor:
    sigma = (-t).exp()
    return slope(x, denoise(x, sigma), sigma)


def _order1(x: Tensor, t: Tensor, to: Tensor, eps: Tensor) -> Tensor:
    """DPM-Solver-1: exact for a constant eps."""
    return x - (-to).exp() * (to - t).expm1() * eps


def _order2(
    denoise: Denoiser, x: Tensor, t: Tensor, to: Tensor, eps: Tensor, r1: float = 1 / 2
) -> tuple[Tensor, Tensor]:
    """DPM-Solver-2 (its algorithm 1), and the eps found at the inner point t + r1 h."""
    inner = t + r1 * (to - t)
    eps1 = _eps(denoise, _order1(x, t, inner, eps), inner)
    return _order1(x, t, to, eps) - (-to).exp() / (2 * r1) * (to - t).expm1() * (eps1 - eps), eps1


def _order3(
    denoise: Denoiser, x: Tensor, t: Tensor, to: Tensor, eps: Tensor, eps1: Tensor, r1: float, r2: float
) -> Tensor:
    """DPM-Solver-3 (its algorithm 2); `eps1` is eps at t + r1 h."""
    h = to - t
    inner = t + r2 * h
    bend = (-inner).exp() * (r2 / r1) * ((r2 * h).expm1() / (r2 * h) - 1)
    eps2 = _eps(denoise, _order1(x, t, inner, eps) - bend * (eps1 - eps), inner)
    return _order1(x, t, to, eps) - (-to).exp() / r2 * (h.expm1() / h - 1) * (eps2 - eps)


def _ends(sigmas: Tensor) -> tuple[Tensor, Tensor]:
    """First and last time of a run: ln 0 being out of reach, it stops at the last sigma above zero."""
    last = sigmas[-1] if sigmas[-1] > 0 else sigmas[-2]
    return -sigmas[0].log(), -last.log()


def sample_dpm_fast(denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
    """DPM-Solver-fast: as many third order steps as fit into n calls, uniform in ln sigma."""
    n = len(sigmas) - 1
    if n < 1:
        return x
    blocks = n // 3 + 1
    orders = [*[3] * (blocks - 2), 2, 1] if n % 3 == 0 else [*[3] * (blocks - 1), n % 3]
    start, end = _ends(sigmas)
    times = torch.linspace(float(start), float(end), blocks + 1)
    for i, order in enumerate(orders):
        t, to = times[i], times[i + 1]
        eps = _eps(denoise, x, t)
        on_step(i, blocks, x - eps * (-t).exp(), x)
        if order == 1:
            x = _order1(x, t, to, eps)
        elif order == 2:
            x, _ = _order2(denoise, x, t, to, eps)
        else:
            _, eps1 = _order2(denoise, x, t, to, eps, 1 / 3)
            x = _order3(denoise, x, t, to, eps, eps1, 1 / 3, 2 / 3)
    return x


def sample_dpm_adaptive(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    rtol: float = 0.05,
    atol: float = 0.0078,
    h_init: float = 0.05,
    accept_safety: float = 0.81,
) -> Tensor:
    """DPM-Solver-23 with adaptive steps (appendix C): order 2 checks order 3, an integral controller sets h.

    The schedule only sets both ends. The error is judged over the whole batch, at the cost of a device sync.
    """
    n = len(sigmas) - 1
    if n < 1:
        return x
    t, end = _ends(sigmas)
    h, before, attempt = h_init, x, 0
    while t < end - 1e-5:
        to = torch.minimum(end, t + h)
        eps = _eps(denoise, x, t)
        on_step(attempt, max(n, attempt + 1), x - eps * (-t).exp(), x)
        low, eps1 = _order2(denoise, x, t, to, eps, 1 / 3)
        high = _order3(denoise, x, t, to, eps, eps1, 1 / 3, 2 / 3)
        allowed = torch.clamp(rtol * torch.maximum(low.abs(), before.abs()), min=atol)
        error = float(((low - high) / allowed).square().mean().sqrt())
        if math.isnan(error):  # no smaller step would be better; the caller finds the NaN in the state
            return high
        factor = 1 + math.atan((1 / (error + 1e-8)) ** (1 / 3) - 1)
        if factor >= accept_safety:
            x, before, t = high, low, to
        h, attempt = h * factor, attempt + 1
    return x
