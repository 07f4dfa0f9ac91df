"""DPM-Solver as CompVis' `txt2img --dpm_solver` runs it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from diffusion.reference.samplers import Draw, Predict, clean_latent
from diffusion.samplers.common import OnStep

_FEW = 15
"""Runs shorter than this end with a first order step."""


def sample_dpm_solver(
    predict: Predict, x: Tensor, points: Sequence[tuple[float, float]], *, noise: Draw, on_step: OnStep
) -> Tensor:
    """DPM-Solver++(2M) (arXiv 2211.01095, algorithm 2), evenly from t = T - 1 to t = 0; it draws nothing."""
    n = len(points) - 1
    lam = [0.5 * math.log(alpha / (1 - alpha)) for _, alpha in points]
    last: Tensor | None = None
    for i in range(n):
        (t, alpha), (_, target) = points[i : i + 2]
        clean = clean_latent(x, predict(x, t), alpha)
        on_step(i, n, clean, x)
        h = lam[i + 1] - lam[i]
        extrapolated = clean
        if last is not None and (i < n - 1 or n >= _FEW):
            extrapolated = clean + (clean - last) * h / (2 * (lam[i] - lam[i - 1]))
        rescale = math.sqrt((1 - target) / (1 - alpha))
        x = rescale * x - math.sqrt(target) * math.expm1(-h) * extrapolated
        last = clean
    return x
