"""Exponential SDE integrators in lambda: ER-SDE and SEEDS."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from diffusion.samplers.common import Denoiser, Noise, OnStep, finite_start, steps


def _er_scale(q: Tensor) -> Tensor:
    """The noise scale function the ER-SDE paper settles on."""
    return q * ((q**0.3).exp() + 10)


def reverse_time(eta: float) -> Callable[[Tensor], Tensor]:
    """The noise scale function q^(1 + eta): the reverse-time SDE at eta 1, the probability flow ODE at 0."""
    return lambda q: q ** (1 + eta)


def sample_er_sde(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    points: int = 200,
    scale_of: Callable[[Tensor], Tensor] = _er_scale,
    max_stage: int = 3,
) -> Tensor:
    """Extended reverse-time SDE solver, VP-ER-SDE-3 (arXiv 2309.06169), in q = sigma / alpha.

    `max_stage` is its order, 1 to 3.
    """
    n = len(sigmas) - 1
    sigmas = finite_start(denoise.prediction, sigmas)
    process = denoise.prediction.process
    q = (-process.lam(sigmas)).exp()
    predictions: list[Tensor] = []
    first_before: Tensor | None = None
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        predictions = [denoised, *predictions[:1]]
        if t == 0:
            return denoised
        width, scale = q[i + 1] - q[i], scale_of(q[i + 1])
        r = scale / scale_of(q[i])
        alpha = process.alpha(t)
        x = alpha / process.alpha(s) * r * x + alpha * (1 - r) * denoised
        if len(predictions) > 1 and max_stage > 1:
            cell = -width / points
            grid = q[i + 1] + torch.arange(points) * cell
            inverse = cell / scale_of(grid)
            first = (denoised - predictions[1]) / (q[i] - q[i - 1])
            x = x + alpha * (width + inverse.sum() * scale) * first
            if first_before is not None and max_stage > 2:
                second = (first - first_before) / ((q[i] - q[i - 2]) / 2)
                x = x + alpha * (width**2 / 2 + ((grid - q[i]) * inverse).sum() * scale) * second
            first_before = first
        x = x + alpha * (q[i + 1] ** 2 - q[i] ** 2 * r**2).sqrt().nan_to_num(nan=0.0) * noise(s, t)
    return x


class _SplitNoise:
    """One normal variable of a whole step, drawn piecewise as the step's stages need it."""

    def __init__(self, noise: Noise, s: Tensor, t: Tensor) -> None:
        self.draw = lambda: noise(s, t)
        self.reached = s.new_zeros(())
        self.value: Tensor | None = None

    def up_to(self, width: Tensor) -> Tensor:
        """The noise gathered from the step's start over `width` of lambda (times eta)."""
        segment = width - self.reached
        fresh = (-(-2 * segment).expm1()).sqrt() * self.draw()
        self.value = fresh if self.value is None else (-segment).exp() * self.value + fresh
        self.reached = width
        return self.value


def sample_seeds_2(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    eta: float = 1.0,
    r: float = 1 / 2,
) -> Tensor:
    """SEEDS-2 (arXiv 2305.14267), data prediction: two calls and two draws a step."""
    n = len(sigmas) - 1
    sigmas = finite_start(denoise.prediction, sigmas)
    process = denoise.prediction.process
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        if t == 0:
            return denoised
        lam, lam_t = process.lam(s), process.lam(t)
        h, he = lam_t - lam, (lam_t - lam) * (1 + eta)
        middle = process.inv_lam(lam.lerp(lam_t, r))
        z = _SplitNoise(noise, s, t)
        x2 = middle / s * (-r * h * eta).exp() * x - process.alpha(middle) * (-r * he).expm1() * denoised
        denoised2 = denoise(x2 + middle * z.up_to(r * h * eta), middle)
        blend = denoised.lerp(denoised2, 1 / (2 * r))
        x = t / s * (-h * eta).exp() * x - process.alpha(t) * (-he).expm1() * blend + t * z.up_to(h * eta)
    return x


def sample_seeds_3(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: Noise,
    on_step: OnStep,
    eta: float = 1.0,
    r1: float = 1 / 3,
    r2: float = 2 / 3,
) -> Tensor:
    """SEEDS-3 (arXiv 2305.14267), data prediction: three calls and three draws a step."""
    n = len(sigmas) - 1
    sigmas = finite_start(denoise.prediction, sigmas)
    process = denoise.prediction.process
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        if t == 0:
            return denoised
        lam, lam_t = process.lam(s), process.lam(t)
        h, he = lam_t - lam, (lam_t - lam) * (1 + eta)
        s1, s2 = process.inv_lam(lam.lerp(lam_t, r1)), process.inv_lam(lam.lerp(lam_t, r2))
        z = _SplitNoise(noise, s, t)

        x2 = s1 / s * (-r1 * h * eta).exp() * x - process.alpha(s1) * (-r1 * he).expm1() * denoised
        denoised2 = denoise(x2 + s1 * z.up_to(r1 * h * eta), s1)

        a2 = r2 / r1 * _phi(-r2 * he)
        a1 = (-r2 * he).expm1() - a2
        x3 = s2 / s * (-r2 * h * eta).exp() * x - process.alpha(s2) * (a1 * denoised + a2 * denoised2)
        denoised3 = denoise(x3 + s2 * z.up_to(r2 * h * eta), s2)

        b3 = _phi(-he) / r2
        b1 = (-he).expm1() - b3
        x = t / s * (-h * eta).exp() * x - process.alpha(t) * (b1 * denoised + b3 * denoised3)
        x = x + t * z.up_to(h * eta)
    return x


def _phi(u: Tensor) -> Tensor:
    return (u.expm1() - u) / u
