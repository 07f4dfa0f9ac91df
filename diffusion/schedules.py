"""Noise schedules: n steps -> the descending sigmas a run goes through, and how a node's inputs cut them.

A schedule is float32 on the CPU, n + 1 long (exceptions are stated) and ends in 0.
The arithmetic (float32 or double, order of operations) is part of the contract: a Brownian path is rough, so
that a sigma off by one unit in the last place can change a draw of the SDE samplers in the third digit.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from types import MappingProxyType

import numpy as np
import torch
from scipy.special import betaincinv
from torch import Tensor

from diffusion.prediction import Prediction
from diffusion.samplers import find_sampler

Scheduler = Callable[[Prediction, int], Tensor]

# Sigmas below this count as zero when a schedule decides whether it still has to append one.
_ZERO = 1e-5


def _sigmas(values: Iterable[float]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.float32)


def _then_zero(sigmas: Tensor) -> Tensor:
    return torch.cat([sigmas, sigmas.new_zeros(1)])


def normal(prediction: Prediction, n: int) -> Tensor:
    """Uniform in the network's time, both ends included."""
    start, end = prediction.timestep(prediction.sigma_max), prediction.timestep(prediction.sigma_min)
    reaches_zero = float(prediction.sigma(end)) < _ZERO
    times = torch.linspace(float(start), float(end), n + 1 if reaches_zero else n)
    sigmas = _sigmas(float(prediction.sigma(t)) for t in times)
    return sigmas if reaches_zero else _then_zero(sigmas)


def sgm_uniform(prediction: Prediction, n: int) -> Tensor:
    """Uniform in the network's time without the last point, as Stability's generative-models samples."""
    start, end = prediction.timestep(prediction.sigma_max), prediction.timestep(prediction.sigma_min)
    times = torch.linspace(float(start), float(end), n + 1)[:-1]
    return _then_zero(_sigmas(float(prediction.sigma(t)) for t in times))


def simple(prediction: Prediction, n: int) -> Tensor:
    """Every (T/n)-th entry of the table from its noisy end."""
    table = prediction.sigmas
    return _then_zero(torch.stack([table[-(1 + int(k * len(table) / n))] for k in range(n)]))


def ddim_uniform(prediction: Prediction, n: int) -> Tensor:
    """DDIM's uniform time steps (arXiv 2010.02502): begins below sigma_max; may be a step longer."""
    table = prediction.sigmas
    if float(table[1]) < _ZERO:
        return table[1 :: max(len(table) // (n + 1), 1)].flip(0)
    return _then_zero(table[1 :: max(len(table) // n, 1)].flip(0))


def karras(prediction: Prediction, n: int, rho: float = 7.0) -> Tensor:
    """Uniform in sigma^(1/rho) (arXiv 2206.00364, eq. 5)."""
    low, high = float(prediction.sigma_min) ** (1 / rho), float(prediction.sigma_max) ** (1 / rho)
    return _then_zero((high + torch.linspace(0, 1, n) * (low - high)) ** rho)


def exponential(prediction: Prediction, n: int) -> Tensor:
    """Uniform in ln sigma."""
    low, high = math.log(prediction.sigma_min), math.log(prediction.sigma_max)
    return _then_zero(torch.linspace(high, low, n).exp())


def beta(prediction: Prediction, n: int, a: float = 0.6, b: float = 0.6) -> Tensor:
    """Quantiles of a beta distribution, dense at both ends (arXiv 2407.12173). Equal neighbours are merged,
    so the list may be shorter than n + 1."""
    table = prediction.sigmas
    quantiles = betaincinv(a, b, 1 - np.linspace(0, 1, n, endpoint=False))
    places = [int(place) for place in np.rint(quantiles * (len(table) - 1))]
    return _then_zero(torch.stack([table[place] for place, _ in groupby(places)]))


def linear_quadratic(prediction: Prediction, n: int, threshold: float = 0.025) -> Tensor:
    """Half the steps linear over the first `threshold` of the way, the others quadratic (Genmo's Mochi)."""
    if n == 1:
        done = [0.0, 1.0]
    else:
        linear = n // 2
        quadratic = n - linear
        excess = linear - threshold * n
        square = excess / (linear * quadratic**2)
        slope = threshold / linear - 2 * excess / quadratic**2
        constant = square * linear**2
        done = [i * threshold / linear for i in range(linear)]
        done += [square * i**2 + slope * i + constant for i in range(linear, n)] + [1.0]
    return _sigmas(1.0 - x for x in done) * prediction.sigma_max


def kl_optimal(prediction: Prediction, n: int) -> Tensor:
    """Uniform in atan(sigma): the closed form in arXiv 2404.14507 (Align Your Steps). Needs n >= 2."""
    if n == 1:
        raise ValueError(
            "the kl_optimal schedule is not defined for 1 step: use at least 2, or another scheduler"
        )
    r = torch.arange(n, dtype=torch.float32) / (n - 1)
    return _then_zero((r * prediction.sigma_min.atan() + (1 - r) * prediction.sigma_max.atan()).tan())


SCHEDULERS: Mapping[str, Scheduler] = MappingProxyType(
    {
        "simple": simple,
        "sgm_uniform": sgm_uniform,
        "karras": karras,
        "exponential": exponential,
        "ddim_uniform": ddim_uniform,
        "beta": beta,
        "normal": normal,
        "linear_quadratic": linear_quadratic,
        "kl_optimal": kl_optimal,
    }
)


def schedule(name: str, steps: int, prediction: Prediction) -> Tensor:
    """The sigmas of `steps` steps of the named schedule: float32 on the CPU, descending, ending in 0.

    Raises:
        ValueError: no schedule of that name, `steps` below 1, or a number of steps it is not defined for.
    """
    if name not in SCHEDULERS:
        near = difflib.get_close_matches(name, SCHEDULERS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(SCHEDULERS)}"
        raise ValueError(f"no scheduler named {name!r}: {hint}")
    if steps < 1:
        raise ValueError(f"a schedule needs at least 1 step, not {steps}")
    return SCHEDULERS[name](prediction, steps)


def sigmas_for(
    prediction: Prediction,
    sampler: str,
    scheduler: str,
    steps: int,
    denoise: float = 1.0,
    start: int | None = None,
    end: int | None = None,
    force_full_denoise: bool = True,
) -> Tensor:
    """The sigmas a node's inputs ask for; an empty tensor means that there is nothing to do.

    Args:
        sampler: Its row says whether the schedule's penultimate sigma is left out.
        steps: How many steps to run (before `start` and `end` cut the list).
        denoise: Share of the schedule to run, 0..1: the last `steps` of int(steps / denoise) steps.
        start: First step to run; at or past the end nothing is left.
        end: Step to stop before; None or past the end runs all.
        force_full_denoise: Make a run cut by `end` finish at 0, without leftover noise.
    """
    if denoise <= 0:
        return torch.empty(0)
    total = steps if denoise > 0.9999 else int(steps / denoise)
    if find_sampler(sampler).discard_penultimate:
        whole = schedule(scheduler, total + 1, prediction)
        whole = torch.cat([whole[:-2], whole[-1:]])
    else:
        whole = schedule(scheduler, total, prediction)
    if denoise <= 0.9999:
        whole = whole[-(steps + 1) :]
    return _cut(whole, start, end, force_full_denoise)


def _cut(sigmas: Tensor, start: int | None, end: int | None, force_full_denoise: bool) -> Tensor:
    if end is not None and end < len(sigmas) - 1:
        sigmas = sigmas[: end + 1].clone()
        if force_full_denoise:
            sigmas[-1] = 0.0
    if start is not None:
        sigmas = sigmas[start:] if start < len(sigmas) - 1 else torch.empty(0)
    return sigmas
