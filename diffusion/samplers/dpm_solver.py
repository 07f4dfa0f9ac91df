"""DPM-Solver (arXiv 2206.00927), noise prediction, time t = -ln sigma, with fixed and adaptive steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from diffusion.process import ancestral_step
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


@dataclass(eq=False)
class _StepSize:
    """A proportional-integral-derivative controller of the step in t, as in k-diffusion."""

    h: float
    exponents: tuple[float, float, float]
    least: float
    _before: tuple[float, float] | None = None

    def accepts(self, error: float) -> bool:
        """Set the next step by the error of this one, and say whether this one will do."""
        inverse = 1 / (error + 1e-8)
        last, second = self._before or (inverse, inverse)
        b1, b2, b3 = self.exponents
        factor = 1 + math.atan(inverse**b1 * last**b2 * second**b3 - 1)
        self.h *= factor
        if factor >= self.least:
            self._before = inverse, last
        elif self._before is None:
            self._before = inverse, inverse
        return factor >= self.least


def sample_dpm_adaptive(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    order: int = 3,
    rtol: float = 0.05,
    atol: float = 0.0078,
    h_init: float = 0.05,
    pcoeff: float = 0.0,
    icoeff: float = 1.0,
    dcoeff: float = 0.0,
    accept_safety: float = 0.81,
    eta: float = 0.0,
) -> Tensor:
    """DPM-Solver-12 or -23 with adaptive steps (appendix C): one order checks the next, a controller sets h.

    The schedule only sets both ends. The error is judged over the whole batch, at the cost of a device sync.
    """
    n = len(sigmas) - 1
    if n < 1:
        return x
    t, end = _ends(sigmas)
    before, attempt = x, 0
    scale = 1.5 if eta else order
    exponents = (pcoeff + icoeff + dcoeff) / scale, -(pcoeff + 2 * dcoeff) / scale, dcoeff / scale
    size = _StepSize(h_init, exponents, accept_safety)
    while t < end - 1e-5:
        to = torch.minimum(end, t + size.h)
        down = to
        if eta:
            down = torch.minimum(end, -ancestral_step((-t).exp(), (-to).exp(), eta)[0].log())
        eps = _eps(denoise, x, t)
        on_step(attempt, max(n, attempt + 1), x - eps * (-t).exp(), x)
        if order == 2:
            low = _order1(x, t, down, eps)
            high, _ = _order2(denoise, x, t, down, eps)
        else:
            low, eps1 = _order2(denoise, x, t, down, eps, 1 / 3)
            high = _order3(denoise, x, t, down, eps, eps1, 1 / 3, 2 / 3)
        allowed = torch.clamp(rtol * torch.maximum(low.abs(), before.abs()), min=atol)
        error = float(((low - high) / allowed).square().mean().sqrt())
        if math.isnan(error):  # no smaller step would be better; the caller finds the NaN in the state
            return high
        if size.accepts(error):
            x, before = high, low
            if eta:
                up = ((-2 * to).exp() - (-2 * down).exp()).clamp(min=0).sqrt()
                x = x + up * noise((-t).exp(), (-to).exp())
            t = to
        attempt += 1
    return x
