"""A model with its conditioning, as the `denoise(x, sigma)` a sampler calls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from diffusion.entries import Entry
from diffusion.evaluation import Evaluation, predict
from diffusion.model import DiffusionModel, Predictions
from diffusion.prediction import Prediction
from diffusion.samplers.common import Guided


@dataclass(frozen=True, eq=False)
class GuidedDenoiser:
    """Guided predictions of a model: clean latents [B, C, H, W], float32, in model space.

    At guidance scale 1 a call leaves the negative side out; `guided` never does.
    """

    model: DiffusionModel
    positive: Sequence[Entry]
    negative: Sequence[Entry]
    scale: float = 1.0

    @property
    def prediction(self) -> Prediction:
        return self.model.prediction

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        if self.model.always_negative or not math.isclose(self.scale, 1.0):
            return self.guided(x, sigma).denoised
        [cond] = predict(self.model, x, sigma, [self.positive])
        return unguided(self.model, self._seen(cond, None, x, sigma))

    def guided(self, x: Tensor, sigma: Tensor) -> Guided:
        uncond, cond = predict(self.model, x, sigma, [self.negative, self.positive])
        return guide(self.model, self._seen(cond, uncond, x, sigma))

    def _seen(self, cond: Tensor, uncond: Tensor | None, x: Tensor, sigma: Tensor) -> Predictions:
        again = Evaluation(self.model, sigma, self.positive, self.negative)
        return Predictions(cond, uncond, x, sigma, self.scale, self.prediction, again)


def guide(model: DiffusionModel, seen: Predictions) -> Guided:
    """Both predictions joined as the model says; the negative one is there."""
    seen = _changed(model, seen)
    assert seen.uncond is not None
    joined = model.guidance(seen.cond, seen.uncond, seen.x, seen.sigma, seen.scale, seen.prediction)
    return Guided(finished(model, joined, seen), seen.uncond)


def unguided(model: DiffusionModel, seen: Predictions) -> Tensor:
    """The conditional prediction alone, with the changes of guidance that go without the negative one."""
    seen = _changed(model, seen)
    return finished(model, seen.cond, seen)


def _changed(model: DiffusionModel, seen: Predictions) -> Predictions:
    for change in model.before_guidance:
        seen = change(seen)
    return seen


def finished(model: DiffusionModel, denoised: Tensor, seen: Predictions) -> Tensor:
    """A guided prediction after the changes that the model carries."""
    for change in model.after_guidance:
        denoised = change(denoised, seen)
    return denoised
