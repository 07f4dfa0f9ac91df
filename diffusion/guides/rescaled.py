"""Guidance that keeps the contrast of the conditional prediction."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from diffusion.prediction import Prediction


@dataclass(frozen=True)
class RescaledGuidance:
    """Guidance pulled back to the conditional prediction's contrast (arXiv 2305.08891, section 3.4).

    `amount` blends between plain guidance (0) and full rescaling (1).
    """

    amount: float = 0.7

    def __call__(
        self, cond: Tensor, uncond: Tensor, x: Tensor, sigma: Tensor, scale: float, prediction: Prediction
    ) -> Tensor:
        # Standard deviations are compared on velocities v = (x / (s^2 + 1) - D) sqrt(s^2 + 1) / s.
        centre, gain = x / (sigma**2 + 1), (sigma**2 + 1).sqrt() / sigma
        v_cond, v_uncond = (centre - cond) * gain, (centre - uncond) * gain
        v = v_uncond + scale * (v_cond - v_uncond)
        axes = tuple(range(1, x.ndim))
        ratio = v_cond.std(dim=axes, keepdim=True) / v.std(dim=axes, keepdim=True)
        return centre - v * (self.amount * ratio + 1 - self.amount) / gain
