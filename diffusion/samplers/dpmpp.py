"""DPM-Solver++ (arXiv 2211.01095): DPM-Solver on the clean latent, with k-diffusion's stochastic forms."""

from __future__ import annotations

import torch
from torch import Tensor

from diffusion.process import ancestral_step
from diffusion.samplers.common import Denoiser, Noise, OnStep, finite_start, slope, steps


def sample_dpmpp_2s_ancestral(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, eta: float = 1.0
) -> Tensor:
    """DPM-Solver++(2S) (its algorithm 1) down, then ancestral noise.

    A first order DPM-Solver++ update is an Euler step in sigma, so both halves are written as such.
    """
    n = len(sigmas) - 1
    process = denoise.prediction.process
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        down, rescale, up = process.ancestral(s, t, eta)
        if down > 0:
            middle = process.midpoint(s, down)
            denoised = denoise(x + slope(x, denoised, s) * (middle - s), middle)
        x = x + slope(x, denoised, s) * (down - s)
        if t > 0:
            x = rescale * x + up * noise(s, t)
    return x


def sample_dpmpp_2m(denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
    """DPM-Solver++(2M) (its algorithm 2), lambda = -ln sigma."""
    n = len(sigmas) - 1
    last: Tensor | None = None
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        h = (s / t).log()
        extrapolated = denoised
        if last is not None and t > 0:
            r = (sigmas[i - 1] / s).log() / h
            extrapolated = (1 + 1 / (2 * r)) * denoised - 1 / (2 * r) * last
        x = t / s * x - (-h).expm1() * extrapolated
        last = denoised
    return x


def sample_dpmpp_sde(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    eta: float = 1.0,
    r: float = 1 / 2,
) -> Tensor:
    """Stochastic single-step DPM-Solver++ of order 2, as in k-diffusion: two calls and two draws a step."""
    n = len(sigmas) - 1
    sigmas = finite_start(denoise.prediction, sigmas)
    process = denoise.prediction.process

    def leap(x: Tensor, denoised: Tensor, s: Tensor, to: Tensor, lam: Tensor, lam_to: Tensor) -> Tensor:
        down, up = ancestral_step(1 / lam.exp(), 1 / lam_to.exp(), eta)
        h = -down.log() - lam
        alpha, alpha_to = process.alpha(s), process.alpha(to)
        x = alpha_to / alpha * (-h).exp() * x - alpha_to * (-h).expm1() * denoised
        return x + alpha_to * up * noise(s, to)

    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        if t == 0:
            return denoised
        lam, lam_t = process.lam(s), process.lam(t)
        lam_middle = lam + r * (lam_t - lam)
        middle = process.inv_lam(lam_middle)
        denoised2 = denoise(leap(x, denoised, s, middle, lam, lam_middle), middle)
        x = leap(x, denoised.lerp(denoised2, 1 / (2 * r)), s, t, lam, lam_t)
    return x


def sample_dpmpp_2m_sde(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    eta: float = 1.0,
    heun: bool = False,
) -> Tensor:
    """SDE-DPM-Solver++(2M) (same paper) with the midpoint or Heun's weight for the second order."""
    n = len(sigmas) - 1
    sigmas = finite_start(denoise.prediction, sigmas)
    process = denoise.prediction.process
    last: Tensor | None = None
    h_last = sigmas.new_ones(())
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        if t == 0:
            return denoised
        h = process.lam(t) - process.lam(s)
        he = h * (1 + eta)
        alpha = process.alpha(t)
        x = t / s * (-h * eta).exp() * x - alpha * (-he).expm1() * denoised
        if last is not None:
            weight = (-he).expm1() / he + 1 if heun else -0.5 * (-he).expm1()
            x = x + alpha * weight * h / h_last * (denoised - last)
        if eta > 0:
            x = x + t * (-(-2 * h * eta).expm1()).sqrt() * noise(s, t)
        last, h_last = denoised, h
    return x


def sample_dpmpp_2m_sde_heun(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep
) -> Tensor:
    """`sample_dpmpp_2m_sde` with Heun's weight."""
    return sample_dpmpp_2m_sde(denoise, x, sigmas, noise=noise, on_step=on_step, heun=True)


def sample_dpmpp_3m_sde(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, eta: float = 1.0
) -> Tensor:
    """Third order SDE-DPM-Solver++ multistep, as in k-diffusion."""
    n = len(sigmas) - 1
    sigmas = finite_start(denoise.prediction, sigmas)
    process = denoise.prediction.process
    predictions: list[Tensor] = []
    widths: list[Tensor] = []
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        if t == 0:
            return denoised
        predictions, widths = [denoised, *predictions[:2]], [process.lam(t) - process.lam(s), *widths[:2]]
        h = widths[0]
        he = h * (1 + eta)
        alpha = process.alpha(t)
        x = t / s * (-h * eta).exp() * x - alpha * (-he).expm1() * denoised
        x = x + alpha * _higher_orders(predictions, widths, he)
        if eta > 0:
            x = x + t * (-(-2 * h * eta).expm1()).sqrt() * noise(s, t)
    return x


def _higher_orders(predictions: list[Tensor], widths: list[Tensor], he: Tensor) -> Tensor:
    """The terms of the first and second derivative in lambda, as far as there are predictions for them."""
    if len(predictions) == 1:
        return torch.zeros_like(predictions[0])
    phi2 = (-he).expm1() / he + 1
    first = (predictions[0] - predictions[1]) * (widths[0] / widths[1])
    if len(predictions) == 2:
        return phi2 * first
    r0, r1 = widths[1] / widths[0], widths[2] / widths[0]
    second = (predictions[1] - predictions[2]) / r1
    d1 = first + (first - second) * r0 / (r0 + r1)
    d2 = (first - second) / (r0 + r1)
    return phi2 * d1 - (phi2 / he - 0.5) * d2
