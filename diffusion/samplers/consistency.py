"""Samplers that jump to the clean latent or walk the discrete posterior: LCM and DDPM."""

from __future__ import annotations

from torch import Tensor

from diffusion.samplers.common import Denoiser, Noise, OnStep, slope, steps


def sample_lcm(denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
    """Multistep consistency sampling (arXiv 2303.01469, algorithm 1): denoise fully, noise again."""
    n = len(sigmas) - 1
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        x = denoised
        if t > 0:
            x = denoise.prediction.process.noised(noise(s, t), denoised, t)
    return x


def sample_ddpm(denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep) -> Tensor:
    """Ancestral sampling (arXiv 2006.11239, algorithm 2) in variance preserving states x / sqrt(1 + s^2)."""
    n = len(sigmas) - 1
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised = denoise(x, s)
        on_step(i, n, denoised, x)
        a_bar, a_bar_next = 1 / (s**2 + 1), 1 / (t**2 + 1)
        a = a_bar / a_bar_next
        z = x * a_bar.sqrt()
        z = (z - (1 - a) / (1 - a_bar).sqrt() * slope(x, denoised, s)) / a.sqrt()
        if t > 0:
            z = z + ((1 - a) * (1 - a_bar_next) / (1 - a_bar)).sqrt() * noise(s, t)
        x = z * (1 + t**2).sqrt()
    return x
