"""Guidance that looks at the directions of both predictions: projections, one image at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from diffusion.model import DiffusionModel, Predictions
from diffusion.prediction import Prediction


def dot(a: Tensor, b: Tensor) -> Tensor:
    """The inner product of each image [B, ...], as [B, 1, ...]."""
    return (a * b).sum(dim=tuple(range(1, a.ndim)), keepdim=True)


def parallel(a: Tensor, b: Tensor) -> Tensor:
    """The part of each image of `a` that points along `b`; 0 where `b` is 0."""
    return dot(a, b) / dot(b, b).clamp(min=torch.finfo(b.dtype).tiny) * b


def perpendicular_negative(
    empty: Tensor, cond: Tensor, negative: Tensor, scale: float, negative_scale: float
) -> Tensor:
    """Perp-Neg (arXiv 2304.04968, eq. 9): of the negative only what is perpendicular to the positive.

    All are clean latents; `empty` is the prediction without a prompt, from which both directions start.
    """
    towards, away = cond - empty, negative - empty
    return empty + scale * (towards - negative_scale * (away - parallel(away, towards)))


@dataclass(eq=False)
class ProjectedGuidance:
    """Adaptive projected guidance, APG (arXiv 2410.02416, algorithm 1); holds what one run remembers.

    Of the update, the part along the conditional prediction counts `eta` times (it is what saturates
    colours), its norm is cut to `threshold` (0: never), and `momentum` times the sum of the updates before is
    added (the paper uses negative values). The result is the conditional prediction and `scale` times the
    update, as ComfyUI's users know it; the paper counts the scale from 1, so its w is our scale + 1.
    """

    eta: float = 0.0
    threshold: float = 0.0
    momentum: float = 0.0
    _average: Tensor | None = None

    def begin(self, model: DiffusionModel) -> DiffusionModel:
        """The model of a run that starts without a past."""
        return replace(model, guidance=ProjectedGuidance(self.eta, self.threshold, self.momentum))

    def __call__(
        self, cond: Tensor, uncond: Tensor, x: Tensor, sigma: Tensor, scale: float, prediction: Prediction
    ) -> Tensor:
        update = cond - uncond
        if self._average is not None and self.momentum != 0:
            update = update + self.momentum * self._average
        self._average = update
        if self.threshold > 0:
            update = update * (self.threshold / dot(update, update).sqrt()).clamp(max=1.0)
        along = parallel(update, cond)
        return cond + scale * (update - along + self.eta * along)


def tangential(seen: Predictions) -> Predictions:
    """Tangential damping, TCFG (arXiv 2503.18137, algorithm 1), of the unconditional prediction.

    The unconditional score keeps what lies along the direction both scores share most: the first right
    singular vector of the two.
    """
    if seen.uncond is None:
        return seen
    cond, uncond = seen.x - seen.cond, seen.x - seen.uncond
    # The right singular vector of two rows is their combination by the leading eigenvector of the 2x2 matrix
    # of their inner products, whose angle is known in closed form.
    angle = torch.atan2(2 * dot(cond, uncond), dot(cond, cond) - dot(uncond, uncond)) / 2
    shared = angle.cos() * cond + angle.sin() * uncond
    return replace(seen, uncond=seen.x - parallel(uncond, shared))


def zero_star(
    cond: Tensor, uncond: Tensor, x: Tensor, sigma: Tensor, scale: float, prediction: Prediction
) -> Tensor:
    """CFG-Zero* (arXiv 2503.18886, eq. 10): the unconditional prediction scaled to fit the conditional best.

    D = a D_u + w (D_c - a D_u), a = <v_c, v_u> / <v_u, v_u>, where v = x - D is the velocity times sigma. The
    paper scales velocities rather than clean latents; ComfyUI's users know it this way.
    """
    v_cond, v_uncond = x - cond, x - uncond
    fit = dot(v_cond, v_uncond) / dot(v_uncond, v_uncond).clamp(min=torch.finfo(x.dtype).tiny)
    return fit * uncond + scale * (cond - fit * uncond)


@dataclass(frozen=True)
class LimitedNorm:
    """Guidance that lengthens no prediction: at each place the norm over channels is at most cond's.

    As published with Qwen-Image-Edit (its pipeline in diffusers), on clean latents; `strength` multiplies.
    """

    strength: float = 1.0

    def __call__(self, denoised: Tensor, seen: Predictions) -> Tensor:
        most, norm = (v.square().sum(dim=1, keepdim=True).sqrt() for v in (seen.cond, denoised))
        return denoised * (most / (norm + 1e-8)).clamp(max=1.0) * self.strength


@dataclass(frozen=True)
class RenormedGuidance:
    """Guidance of Lumina-Image 2.0 (arXiv 2503.21758), on clean latents.

    A guided image may be at most `limit` times as long as the conditional one (0: as long as it likes), and
    guidance works below the noise level `truncation` only: above it the conditional prediction counts alone.
    """

    truncation: float = 100.0
    limit: float = 1.0

    def __call__(
        self, cond: Tensor, uncond: Tensor, x: Tensor, sigma: Tensor, scale: float, prediction: Prediction
    ) -> Tensor:
        if float(sigma) >= self.truncation:
            return cond
        guided = uncond + scale * (cond - uncond)
        if self.limit <= 0:
            return guided
        length = dot(guided, guided).sqrt().clamp(min=torch.finfo(guided.dtype).tiny)
        return guided * (self.limit * dot(cond, cond).sqrt() / length).clamp(max=1.0)


@dataclass(frozen=True)
class ScaledEpsilon:
    """Epsilon scaling (arXiv 2308.15321, eq. 8): the predicted noise divided by a factor just above 1.

    It makes up for a network that sees states a little noisier in sampling than it did in training.
    """

    factor: float = 1.005

    def __call__(self, denoised: Tensor, seen: Predictions) -> Tensor:
        return seen.x - (seen.x - denoised) / self.factor
