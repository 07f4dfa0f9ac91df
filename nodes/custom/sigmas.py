"""Nodes that cut and change lists of noise levels."""

from typing import Annotated, NamedTuple

from diffusion import sigmas as lists
from engine.node import node
from engine.types import Choices, Range
from nodes.types import Model, Sigmas

CATEGORY = "sampling/custom_sampling/sigmas"


class Halves(NamedTuple):
    """A list of noise levels cut in two."""

    high_sigmas: Sigmas
    low_sigmas: Sigmas


@node("SplitSigmas", title="SplitSigmas", category=CATEGORY, lane="cpu")
def split_sigmas(*, sigmas: Sigmas, step: Annotated[int, Range(0, 10_000)] = 0) -> Halves:
    """Cut noise levels in two: for two runs, one after the other.

    Args:
        sigmas: The noise levels.
        step: How many steps the first part has.

    Returns:
        high_sigmas: The steps before.
        low_sigmas: The steps after, from the noise level where the first part ends.
    """
    return Halves(*lists.split(sigmas, step))


@node("SplitSigmasDenoise", title="SplitSigmasDenoise", category=CATEGORY, lane="cpu")
def split_sigmas_denoise(
    *, sigmas: Sigmas, denoise: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0
) -> Halves:
    """Cut noise levels in two by the share of steps in the second part.

    Args:
        sigmas: The noise levels.
        denoise: Share of the steps that the second part has.

    Returns:
        high_sigmas: The steps before.
        low_sigmas: The steps after, from the noise level where the first part ends.
    """
    return Halves(*lists.split_share(sigmas, denoise))


@node("FlipSigmas", title="FlipSigmas", category=CATEGORY, lane="cpu")
def flip_sigmas(*, sigmas: Sigmas) -> Sigmas:
    """Turn noise levels round: a run through them adds noise instead of removing it.

    Args:
        sigmas: The noise levels.
    """
    return lists.flip(sigmas)


@node("SetFirstSigma", title="SetFirstSigma", category=CATEGORY, lane="cpu")
def set_first_sigma(
    *, sigmas: Sigmas, sigma: Annotated[float, Range(0.0, 20000.0, step=0.001, round=0)] = 136.0
) -> Sigmas:
    """Begin at another noise level.

    Args:
        sigmas: The noise levels.
        sigma: What the first becomes.
    """
    return lists.with_first(sigmas, sigma)


@node("ExtendIntermediateSigmas", title="ExtendIntermediateSigmas", category=CATEGORY, lane="cpu")
def extend_intermediate_sigmas(
    *,
    sigmas: Sigmas,
    steps: Annotated[int, Range(1, 100)] = 2,
    start_at_sigma: Annotated[float, Range(-1.0, 20000.0, step=0.01, round=0)] = -1.0,
    end_at_sigma: Annotated[float, Range(0.0, 20000.0, step=0.01, round=0)] = 12.0,
    spacing: Annotated[str, Choices(tuple(lists.SPACINGS))],
) -> Sigmas:
    """Make each step of a range in several smaller ones.

    Args:
        sigmas: The noise levels.
        steps: How many smaller ones.
        start_at_sigma: Only steps that begin at or below this noise level; -1 sets no bound.
        end_at_sigma: Only steps that begin at or above it.
        spacing: How the smaller steps are spread.
    """
    return lists.extended(sigmas, steps, start_at_sigma, end_at_sigma, spacing)


class SigmaValue(NamedTuple):
    """One noise level."""

    sigma_value: float


@node("SamplingPercentToSigma", title="SamplingPercentToSigma", category=CATEGORY, lane="cpu")
def sampling_percent_to_sigma(
    *,
    model: Model,
    sampling_percent: Annotated[float, Range(0.0, 1.0, step=0.0001)] = 0.0,
    return_actual_sigma: bool = False,
) -> SigmaValue:
    """The noise level at a share of a run.

    Args:
        model: The model whose noise level it is.
        sampling_percent: The share that is done.
        return_actual_sigma: At 0 and 1 give the model's highest and lowest noise level, in place of bounds
            that hold every level.

    Returns:
        sigma_value: The noise level.
    """
    if return_actual_sigma and sampling_percent in (0.0, 1.0):
        prediction = model.prediction
        return SigmaValue(float(prediction.sigma_min if sampling_percent else prediction.sigma_max))
    return SigmaValue(model.prediction.percent_to_sigma(sampling_percent))
