"""How conditionings steer a run: a model with its prompts, ready to become what a sampler calls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from diffusion.conditioning import Conditioning
from diffusion.entries import Entry, prepare
from diffusion.evaluation import Evaluation, predict
from diffusion.guidance import GuidedDenoiser, finished, guide, unguided
from diffusion.guides.directions import perpendicular_negative
from diffusion.model import DiffusionModel, Predictions
from diffusion.prediction import Prediction
from diffusion.samplers.common import Denoiser, Guided


class Guider(Protocol):
    """The GUIDER socket."""

    @property
    def model(self) -> DiffusionModel: ...

    def denoiser(self, latent: Tensor, noise_mask: Tensor | None = None, seed: int = 0) -> Denoiser:
        """What one run over `latent` [B, C, H, W] (model space) calls.

        Raises:
            ValueError: a conditioning does not fit the model or the picture.
        """
        ...


@dataclass(frozen=True, eq=False)
class CfgGuider:
    """Classifier-free guidance between two conditionings; at scale 1 the positive one alone."""

    model: DiffusionModel
    positive: Conditioning
    negative: Conditioning = ()
    scale: float = 1.0

    def denoiser(self, latent: Tensor, noise_mask: Tensor | None = None, seed: int = 0) -> Denoiser:
        model = self.model.for_run()
        positive, negative = prepare(model, self.positive, [self.negative], latent, noise_mask, seed)
        return GuidedDenoiser(model, positive, negative, self.scale)


@dataclass(frozen=True, eq=False)
class DualGuider:
    """Guidance by two positive conditionings (as instruct-pix2pix needs, arXiv 2211.09800, eq. 3).

    Regular: from the negative to the second by `second_scale`, and from there towards the first by
    `first_scale`. Nested: guidance from the second to the first, its result guided from the negative.
    """

    model: DiffusionModel
    first: Conditioning
    second: Conditioning
    negative: Conditioning
    first_scale: float
    second_scale: float
    nested: bool = False

    def denoiser(self, latent: Tensor, noise_mask: Tensor | None = None, seed: int = 0) -> Denoiser:
        model = self.model.for_run()
        sides = prepare(model, self.first, [self.second, self.negative], latent, noise_mask, seed)
        return _DualDenoiser(model, self, *sides)


@dataclass(frozen=True, eq=False)
class _DualDenoiser:
    model: DiffusionModel
    guider: DualGuider
    first: Sequence[Entry]
    second: Sequence[Entry]
    negative: Sequence[Entry]

    @property
    def prediction(self) -> Prediction:
        return self.model.prediction

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        guider = self.guider
        plain = not (guider.nested or self.model.always_negative)
        if plain and math.isclose(guider.second_scale, 1.0):  # nothing of the negative is left then
            if math.isclose(guider.first_scale, 1.0):
                [first] = predict(self.model, x, sigma, [self.first])
                return unguided(self.model, self._seen(first, None, x, sigma, self.first))
            second, first = predict(self.model, x, sigma, [self.second, self.first])
            start = unguided(self.model, self._seen(second, None, x, sigma, self.second))
            return start + guider.first_scale * (first - second)
        return self.guided(x, sigma).denoised

    def guided(self, x: Tensor, sigma: Tensor) -> Guided:
        guider = self.guider
        negative, second, first = predict(self.model, x, sigma, [self.negative, self.second, self.first])

        if guider.nested:
            seen = self._seen(first, second, x, sigma, self.first, guider.first_scale)
            towards = guide(self.model, seen).denoised
            return Guided(negative + guider.second_scale * (towards - negative), negative)
        seen = self._seen(second, negative, x, sigma, self.second, guider.second_scale)
        denoised, negative = guide(self.model, seen)
        return Guided(denoised + guider.first_scale * (first - second), negative)

    def _seen(
        self,
        cond: Tensor,
        uncond: Tensor | None,
        x: Tensor,
        sigma: Tensor,
        positive: Sequence[Entry],
        scale: float = 1.0,
    ) -> Predictions:
        again = Evaluation(self.model, sigma, positive, self.negative)
        return Predictions(cond, uncond, x, sigma, scale, self.prediction, again)


@dataclass(frozen=True, eq=False)
class PerpendicularGuider:
    """Perp-Neg (arXiv 2304.04968): a negative prompt that takes nothing from what the positive one asks."""

    model: DiffusionModel
    positive: Conditioning
    negative: Conditioning
    empty: Conditioning
    scale: float
    negative_scale: float

    def denoiser(self, latent: Tensor, noise_mask: Tensor | None = None, seed: int = 0) -> Denoiser:
        model = self.model.for_run()
        sides = prepare(model, self.positive, [self.negative, self.empty], latent, noise_mask, seed)
        return _PerpendicularDenoiser(model, self, *sides)


@dataclass(frozen=True, eq=False)
class _PerpendicularDenoiser:
    model: DiffusionModel
    guider: PerpendicularGuider
    positive: Sequence[Entry]
    negative: Sequence[Entry]
    empty: Sequence[Entry]

    @property
    def prediction(self) -> Prediction:
        return self.model.prediction

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self.guided(x, sigma).denoised

    def guided(self, x: Tensor, sigma: Tensor) -> Guided:
        empty, negative, cond = predict(self.model, x, sigma, [self.empty, self.negative, self.positive])
        scale, negative_scale = self.guider.scale, self.guider.negative_scale
        again = Evaluation(self.model, sigma, self.positive, self.negative)
        seen = Predictions(cond, empty, x, sigma, scale, self.prediction, again)
        denoised = perpendicular_negative(empty, cond, negative, scale, negative_scale)
        return Guided(finished(self.model, denoised, seen), empty)
