"""Noise masks: parts of a latent that a run leaves as they are.

Before every network call the kept part of the state is replaced by the original under noise of that level,
after it the kept part of the prediction by the original. The solver's own state is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.model import MaskSchedule
from diffusion.prediction import Prediction
from diffusion.regions import to_batch
from diffusion.samplers.common import Denoiser, Guided


def noise_mask(mask: Tensor, like: Tensor) -> Tensor:
    """A mask [.., H, W] of any resolution as [B, 1, h, w] for the latents `like`: bilinear, not rounded."""
    mask = mask.to(like.device, torch.float32).reshape(-1, 1, *mask.shape[-2:])
    if mask.shape[-2:] != like.shape[-2:]:
        mask = F.interpolate(mask, size=like.shape[-2:], mode="bilinear", align_corners=False)
    return to_batch(mask, like.shape[0])


@dataclass(frozen=True, eq=False)
class MaskedDenoiser:
    """A denoiser that only changes `latent` (model space) where `mask` is 1; between 0 and 1 it blends."""

    inner: Denoiser
    mask: Tensor
    latent: Tensor
    noise: Tensor
    sigmas: Tensor
    schedule: MaskSchedule | None = None

    @property
    def prediction(self) -> Prediction:
        return self.inner.prediction

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        mask = self._mask(sigma)
        return self._keep(self.inner(self._renoised(x, sigma, mask), sigma), mask)

    def guided(self, x: Tensor, sigma: Tensor) -> Guided:
        mask = self._mask(sigma)
        denoised, unconditional = self.inner.guided(self._renoised(x, sigma, mask), sigma)
        return Guided(self._keep(denoised, mask), unconditional)

    def _mask(self, sigma: Tensor) -> Tensor:
        if self.schedule is None:
            return self.mask
        return self.schedule(self.mask, sigma, self.sigmas, self.prediction)

    def _renoised(self, x: Tensor, sigma: Tensor, mask: Tensor) -> Tensor:
        kept = self.prediction.process.noised(self.noise, self.latent, sigma)
        return x * mask + kept * (1 - mask)

    def _keep(self, denoised: Tensor, mask: Tensor) -> Tensor:
        return denoised * mask + self.latent * (1 - mask)


@dataclass(frozen=True)
class DifferentialDiffusion:
    """A mask's grey levels as times: darker places are released later in the run (arXiv 2306.00950).

    `strength` blends between the soft mask itself (near 0) and the hard, time-dependent one (1). Exactly 0
    means 1, as it does in ComfyUI.
    """

    strength: float = 1.0

    def __call__(self, mask: Tensor, sigma: Tensor, sigmas: Tensor, prediction: Prediction) -> Tensor:
        first = prediction.timestep(sigmas[0])
        last = prediction.timestep(torch.maximum(sigmas[-1], prediction.sigma_min))
        threshold = (prediction.timestep(sigma) - last) / (first - last)
        released = (mask >= threshold.to(mask.device, non_blocking=True)).to(mask.dtype)
        return mask.lerp(released, self.strength or 1.0)
