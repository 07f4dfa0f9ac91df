"""DDPM, DDIM and PLMS on states of unit variance, as CompVis' `latent-diffusion` computes them.

`sample_x(predict, x, steps, *, noise, on_step)` is pure: all randomness comes through `noise`, one draw of
the state's shape at a time. Every update draws, even where its share is 0: a second batch sampled from the
same stream then gets what it gets in the original.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from diffusion.reference.schedule import Step
from diffusion.samplers.common import OnStep

Predict = Callable[[Tensor, float], Tensor]
"""predict(x, t): the noise, guidance included, that the model sees in state x [B, C, ...] at timestep t."""

Draw = Callable[[], Tensor]
"""A unit normal draw of the state's shape."""


class Update(NamedTuple):
    state: Tensor
    clean: Tensor
    """The clean latent the update was made with."""


def clean_latent(x: Tensor, noise: Tensor, alpha: float) -> Tensor:
    """x_0 in a state x whose noise is known (arXiv 2006.11239, eq. 4 solved for x_0)."""
    return (x - math.sqrt(1 - alpha) * noise) / math.sqrt(alpha)


def noised(clean: Tensor, noise: Tensor, alpha: float) -> Tensor:
    """A clean latent brought to the noise level of alpha-bar (arXiv 2006.11239, eq. 4)."""
    return math.sqrt(alpha) * clean + math.sqrt(1 - alpha) * noise


def sample_ddpm(
    predict: Predict, x: Tensor, steps: Sequence[Step], *, noise: Draw, on_step: OnStep
) -> Tensor:
    """Ancestral sampling (arXiv 2006.11239, algorithm 2), by the posterior mean of eq. 7."""
    for i, step in enumerate(steps):
        clean = clean_latent(x, predict(x, step.t), step.alpha)
        on_step(i, len(steps), clean, x)
        kept = step.alpha / step.alpha_prev
        of_clean = math.sqrt(step.alpha_prev) * (1 - kept) / (1 - step.alpha)
        of_state = math.sqrt(kept) * (1 - step.alpha_prev) / (1 - step.alpha)
        x = of_clean * clean + of_state * x + step.sigma * noise()
    return x


def sample_ddim(
    predict: Predict, x: Tensor, steps: Sequence[Step], *, noise: Draw, on_step: OnStep
) -> Tensor:
    """DDIM (arXiv 2010.02502, eq. 12)."""
    for i, step in enumerate(steps):
        update = ddim_update(x, predict(x, step.t), step, noise)
        on_step(i, len(steps), update.clean, x)
        x = update.state
    return x


def ddim_update(x: Tensor, predicted: Tensor, step: Step, noise: Draw) -> Update:
    """Predicted x_0, direction pointing to x_t and random noise: the three terms of eq. 12."""
    clean = clean_latent(x, predicted, step.alpha)
    direction = math.sqrt(1 - step.alpha_prev - step.sigma**2) * predicted
    return Update(math.sqrt(step.alpha_prev) * clean + direction + step.sigma * noise(), clean)


_ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)
"""Weights of the newest and older predictions, by how many there are."""


def sample_plms(
    predict: Predict, x: Tensor, steps: Sequence[Step], *, noise: Draw, on_step: OnStep
) -> Tensor:
    """PLMS (arXiv 2202.09778, algorithm 2): linear multistep over predicted noises, DDIM's transfer.

    The first step, which has no predictions to look back at, is an improved Euler step (two network calls).
    The steps' sigma must be 0.
    """
    found: list[Tensor] = []
    for i, step in enumerate(steps):
        found = [predict(x, step.t), *found[:3]]
        if i == 0:
            ahead = ddim_update(x, found[0], step, noise).state
            mean = (found[0] + predict(ahead, steps[min(1, len(steps) - 1)].t)) / 2
        else:
            weights = _ADAMS_BASHFORTH[len(found) - 1]
            mean = sum((w * e for w, e in zip(weights[1:], found[1:], strict=True)), weights[0] * found[0])
        update = ddim_update(x, mean, step, noise)
        on_step(i, len(steps), update.clean, x)
        x = update.state
    return x
