"""One-step solvers in sigma: Euler and Heun, and their ancestral relatives."""

from __future__ import annotations

from torch import Tensor

from diffusion.process import geometric_mean
from diffusion.samplers.common import Denoiser, Noise, OnStep, slope, steps


def sample_euler(denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
    """Euler's method (arXiv 2206.00364, algorithm 2 without churn). On eps-networks this is DDIM at eta 0."""
    n = len(sigmas) - 1
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        x = x + slope(x, denoised, s) * (t - s)
    return x


def sample_euler_ancestral(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, eta: float = 1.0
) -> Tensor:
    """Euler steps below the target, then fresh noise up to it (at eta 1 DDPM's, arXiv 2006.11239)."""
    n = len(sigmas) - 1
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        down, rescale, up = denoise.prediction.process.ancestral(s, t, eta)
        x = x + slope(x, denoised, s) * (down - s)
        if t > 0:
            x = rescale * x + up * noise(s, t)
    return x


def sample_heun(denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
    """Heun's second order method (arXiv 2206.00364, algorithm 1); two calls a step, one on a step to zero."""
    n = len(sigmas) - 1
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        d = slope(x, denoised, s)
        if t > 0:
            x2 = x + d * (t - s)
            d = (d + slope(x2, denoise(x2, t), t)) / 2
        x = x + d * (t - s)
    return x


def sample_heunpp2(denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
    """Heun++ (Carzit, sd-webui-samplers-scheduler): a third slope one step ahead, weighted by sigma."""
    n = len(sigmas) - 1
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        slopes, levels = [slope(x, denoised, s)], [s]
        x2 = x + slopes[0] * (t - s)
        if i + 1 < n:
            slopes.append(slope(x2, denoise(x2, t), t))
            levels.append(t)
        if i + 2 < n:
            t2 = sigmas[i + 2]
            x3 = x2 + slopes[1] * (t2 - t)
            slopes.append(slope(x3, denoise(x3, t2), t2))
            levels.append(t2)
        weights = [level / (len(levels) * sigmas[0]) for level in levels[1:]]
        weights.insert(0, 1 - sum(weights, sigmas.new_zeros(())))
        for w, d in zip(weights, slopes, strict=True):
            x = x + w * d * (t - s)
    return x


def sample_dpm_2(denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
    """The midpoint method in ln sigma, as in k-diffusion (compare DPM-Solver-2, arXiv 2206.00927)."""
    n = len(sigmas) - 1
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        d = slope(x, denoised, s)
        if t > 0:
            middle = geometric_mean(s, t)
            x2 = x + d * (middle - s)
            d = slope(x2, denoise(x2, middle), middle)
        x = x + d * (t - s)
    return x


def sample_dpm_2_ancestral(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, eta: float = 1.0
) -> Tensor:
    """The midpoint method of `sample_dpm_2` on the way down, then ancestral noise."""
    n = len(sigmas) - 1
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        d = slope(x, denoised, s)
        down, rescale, up = denoise.prediction.process.ancestral(s, t, eta)
        if down > 0:
            middle = geometric_mean(s, down)
            x2 = x + d * (middle - s)
            d = slope(x2, denoise(x2, middle), middle)
        x = x + d * (down - s)
        if t > 0:
            x = rescale * x + up * noise(s, t)
    return x
