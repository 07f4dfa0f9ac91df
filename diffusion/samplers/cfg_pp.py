"""CFG++ (arXiv 2406.08070): step towards the guided prediction D, noise again along the unconditional one U.

Guidance scales are small here (about 1): U is evaluated even at 1.
"""

from __future__ import annotations

from torch import Tensor

from diffusion.process import ancestral_step
from diffusion.samplers.common import Denoiser, Noise, OnStep, slope, steps
from diffusion.samplers.multistep import res_weights


def sample_euler_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep
) -> Tensor:
    """Euler (DDIM) with CFG++."""
    n = len(sigmas) - 1
    process = denoise.prediction.process
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised, uncond = denoise.guided(x, s)
        on_step(i, n, denoised, x)
        x = process.alpha(t) * denoised + t * slope(x, process.alpha(s) * uncond, s)
    return x


def sample_euler_ancestral_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, eta: float = 1.0
) -> Tensor:
    """Ancestral Euler with CFG++, its noise split made in sigma / alpha."""
    n = len(sigmas) - 1
    process = denoise.prediction.process
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised, uncond = denoise.guided(x, s)
        on_step(i, n, denoised, x)
        alpha, alpha_t = process.alpha(s), process.alpha(t)
        down, up = ancestral_step(s / alpha, t / alpha_t, eta)
        x = alpha_t * (denoised + down * slope(x, alpha * uncond, s))
        if t > 0:
            x = x + alpha_t * up * noise(s, t)
    return x


def sample_dpmpp_2s_ancestral_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, eta: float = 1.0
) -> Tensor:
    """DPM-Solver++(2S) ancestral (arXiv 2211.01095) with CFG++."""
    n = len(sigmas) - 1
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised, uncond = denoise.guided(x, s)
        on_step(i, n, denoised, x)
        down, up = ancestral_step(s, t, eta)
        if down == 0:
            x = denoised
            continue
        h = (s / down).log()
        middle = (-(-s.log() + h / 2)).exp()
        x2 = middle / s * (x + denoised - uncond) - (-h / 2).expm1() * denoised
        denoised2, uncond2 = denoise.guided(x2, middle)
        x = down / s * (x + denoised - uncond2) - (-h).expm1() * denoised2
        if t > 0:
            x = x + up * noise(s, t)
    return x


def sample_dpmpp_2m_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep
) -> Tensor:
    """DPM-Solver++(2M) (arXiv 2211.01095) with CFG++: the correction uses the previous U."""
    n = len(sigmas) - 1
    last: Tensor | None = None
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised, uncond = denoise.guided(x, s)
        on_step(i, n, denoised, x)
        h = (s / t).log()
        x = denoised + (-h).exp() * (x - uncond)
        if last is not None and t > 0:
            r = (sigmas[i - 1] / s).log() / h
            x = x - (-h).expm1() / (2 * r) * (denoised - last)
        last = uncond
    return x


def sample_res_multistep_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, eta: float = 0.0
) -> Tensor:
    """RES multistep (arXiv 2308.02157) with CFG++: the integral is taken over U."""
    n = len(sigmas) - 1
    last: Tensor | None = None
    down_before = sigmas[0]
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised, uncond = denoise.guided(x, s)
        on_step(i, n, denoised, x)
        down, up = ancestral_step(s, t, eta)
        if last is None or down == 0:
            x = denoised + slope(x, uncond, s) * down
        else:
            h, b1, b2 = res_weights(sigmas[i - 1], down_before, s, down)
            x = (-h).exp() * (x + denoised - uncond) + h * (b1 * uncond + b2 * last)
        if t > 0 and eta > 0:
            x = x + up * noise(s, t)
        last, down_before = uncond, down
    return x


def sample_res_multistep_ancestral_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep
) -> Tensor:
    """`sample_res_multistep_cfg_pp` with ancestral noise (eta 1)."""
    return sample_res_multistep_cfg_pp(denoise, x, sigmas, noise=noise, on_step=on_step, eta=1.0)


def sample_gradient_estimation_cfg_pp(
    denoise: Denoiser, x: Tensor, sigmas: Tensor, *, noise: Noise, on_step: OnStep, gamma: float = 2.0
) -> Tensor:
    """Gradient estimation (arXiv 2306.04848) with CFG++."""
    n = len(sigmas) - 1
    last: Tensor | None = None
    for i, (s, t) in enumerate(steps(sigmas)):
        denoised, uncond = denoise.guided(x, s)
        on_step(i, n, denoised, x)
        d = slope(x, uncond, s)
        x = denoised + d * t
        if last is not None and t > 0:
            x = x + (gamma - 1) * (d - last) * (t - s)
        last = d
    return x
