"""Nodes that make lists of noise levels."""

import re
from typing import Annotated

import torch

from diffusion import sigmas as lists
from diffusion.schedules import beta as beta_schedule
from diffusion.schedules import schedule
from engine.node import node
from engine.types import Choices, Multiline, Range
from nodes.types import Model, SchedulerName, Sigmas, Steps

CATEGORY = "sampling/custom_sampling/schedulers"
SigmaMax = Annotated[float, Range(0.0, 5000.0, step=0.01, round=0)]
SigmaMin = Annotated[float, Range(0.0, 5000.0, step=0.01, round=0)]
Denoise = Annotated[float, Range(0.0, 1.0, step=0.01)]
Exponent = Annotated[float, Range(0.0, 100.0, step=0.01, round=0)]
HIGH, LOW = 14.614642, 0.0291675
"""The noise levels SD 1.x was trained between."""


@node("BasicScheduler", title="BasicScheduler", category=CATEGORY, lane="cpu")
def basic_scheduler(
    *, model: Model, scheduler: SchedulerName, steps: Steps = 20, denoise: Denoise = 1.0
) -> Sigmas:
    """The noise levels of a scheduler, as KSampler offers them.

    Args:
        model: The model whose noise levels they are.
        scheduler: How the noise is removed.
        steps: How many steps to run.
        denoise: Share of the schedule to run: its last steps.
    """
    if denoise <= 0:
        return torch.empty(0)
    total = steps if denoise >= 1 else int(steps / denoise)
    return schedule(scheduler, total, model.prediction)[-(steps + 1) :]


@node("KarrasScheduler", title="KarrasScheduler", category=CATEGORY, lane="cpu")
def karras_scheduler(
    *, steps: Steps = 20, sigma_max: SigmaMax = HIGH, sigma_min: SigmaMin = LOW, rho: Exponent = 7.0
) -> Sigmas:
    """Noise levels even in their rho-th root, as Karras et al. propose.

    Args:
        steps: How many steps.
        sigma_max: The first noise level.
        sigma_min: The last above 0.
        rho: Higher values put more steps at low noise.
    """
    return lists.karras(steps, sigma_min, sigma_max, rho)


@node("ExponentialScheduler", title="ExponentialScheduler", category=CATEGORY, lane="cpu")
def exponential_scheduler(
    *, steps: Steps = 20, sigma_max: SigmaMax = HIGH, sigma_min: SigmaMin = LOW
) -> Sigmas:
    """Noise levels even in their logarithm.

    Args:
        steps: How many steps.
        sigma_max: The first noise level.
        sigma_min: The last above 0.
    """
    return lists.exponential(steps, sigma_min, sigma_max)


@node("PolyexponentialScheduler", title="PolyexponentialScheduler", category=CATEGORY, lane="cpu")
def polyexponential_scheduler(
    *, steps: Steps = 20, sigma_max: SigmaMax = HIGH, sigma_min: SigmaMin = LOW, rho: Exponent = 1.0
) -> Sigmas:
    """Noise levels polynomial in their logarithm.

    Args:
        steps: How many steps.
        sigma_max: The first noise level.
        sigma_min: The last above 0.
        rho: 1 is even in the logarithm; higher values put more steps at low noise.
    """
    return lists.polyexponential(steps, sigma_min, sigma_max, rho)


@node("LaplaceScheduler", title="LaplaceScheduler", category=CATEGORY, lane="cpu")
def laplace_scheduler(
    *,
    steps: Steps = 20,
    sigma_max: SigmaMax = HIGH,
    sigma_min: SigmaMin = LOW,
    mu: Annotated[float, Range(-10.0, 10.0, step=0.1, round=0)] = 0.0,
    beta: Annotated[float, Range(0.0, 10.0, step=0.1, round=0)] = 0.5,
) -> Sigmas:
    """Noise levels by a Laplace distribution: most steps around one level.

    Args:
        steps: How many steps.
        sigma_max: The highest noise level.
        sigma_min: The lowest above 0.
        mu: Logarithm of the level most steps are around.
        beta: How far they spread.
    """
    return lists.laplace(steps, sigma_min, sigma_max, mu, beta)


@node("VPScheduler", title="VPScheduler", category=CATEGORY, lane="cpu")
def vp_scheduler(
    *,
    steps: Steps = 20,
    beta_d: Annotated[float, Range(0.0, 5000.0, step=0.01, round=0)] = 19.9,
    beta_min: Annotated[float, Range(0.0, 5000.0, step=0.01, round=0)] = 0.1,
    eps_s: Annotated[float, Range(0.0, 1.0, step=0.0001, round=0)] = 0.001,
) -> Sigmas:
    """Noise levels of a continuous variance-preserving diffusion.

    Args:
        steps: How many steps.
        beta_d: How fast its noise rate grows.
        beta_min: The noise rate it begins with.
        eps_s: The time of the last noise level above 0.
    """
    return lists.variance_preserving(steps, beta_d, beta_min, eps_s)


@node("BetaSamplingScheduler", title="BetaSamplingScheduler", category=CATEGORY, lane="cpu")
def beta_sampling_scheduler(
    *,
    model: Model,
    steps: Steps = 20,
    alpha: Annotated[float, Range(0.0, 50.0, step=0.01, round=0)] = 0.6,
    beta: Annotated[float, Range(0.0, 50.0, step=0.01, round=0)] = 0.6,
) -> Sigmas:
    """Noise levels by a beta distribution over the model's times; equal neighbours are merged.

    Args:
        model: The model whose noise levels they are.
        steps: How many steps.
        alpha: Below 1 puts more steps at high noise; above 0.
        beta: Below 1 puts more steps at low noise; above 0.
    """
    if min(alpha, beta) <= 0:
        raise ValueError(f"a beta distribution needs alpha ({alpha:g}) and beta ({beta:g}) above 0")
    return beta_schedule(model.prediction, steps, alpha, beta)


@node("SDTurboScheduler", title="SDTurboScheduler", category=CATEGORY, lane="cpu")
def sd_turbo_scheduler(
    *, model: Model, steps: Annotated[int, Range(1, 10)] = 1, denoise: Denoise = 1.0
) -> Sigmas:
    """Noise levels that SD Turbo and SDXL Turbo were distilled for.

    Args:
        model: The model whose noise levels they are.
        steps: How many of its ten steps.
        denoise: Share of them to begin with: lower values begin later.
    """
    return lists.turbo(model.prediction, steps, denoise)


@node("AlignYourStepsScheduler", title="AlignYourStepsScheduler", category=CATEGORY, lane="cpu")
def align_your_steps_scheduler(
    *,
    model_type: Annotated[str, Choices(lists.ALIGNED)],
    steps: Steps = 10,
    denoise: Denoise = 1.0,
) -> Sigmas:
    """Noise levels optimised for few steps, as published with Align Your Steps.

    Args:
        model_type: Which models they were optimised for.
        steps: How many steps; other numbers than 10 are interpolated.
        denoise: Share of the schedule to run: its last steps.
    """
    return lists.align_your_steps(model_type, steps, denoise)


@node("ManualSigmas", title="ManualSigmas", category="_for_testing/custom_sampling", lane="cpu")
def manual_sigmas(*, sigmas: Annotated[str, Multiline()] = "1, 0.5") -> Sigmas:
    """Noise levels written down.

    Args:
        sigmas: Numbers, with anything between them.
    """
    numbers = re.findall(r"[-+]?(?:\d*\.*\d+)(?:[eE][-+]?\d+)?", sigmas)
    return torch.tensor([float(number) for number in numbers], dtype=torch.float32)
