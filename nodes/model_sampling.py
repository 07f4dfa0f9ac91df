"""Nodes that say what a network predicts and which noise levels it knows, where its file does not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated

from torch import Tensor

from diffusion.model import PLAYGROUND_LATENT, DiffusionModel
from diffusion.prediction import X0, Edm, Eps, Flow, Flux, ImageToImage, Lcm, Prediction, V
from diffusion.timesteps import (
    ArcTangent,
    Discrete,
    LogContinuous,
    Timesteps,
    scaled_linear,
    zero_terminal_snr,
)
from engine.node import node
from engine.types import Choices, Range
from nodes.flow import Shift, flow_of
from nodes.types import Model

CATEGORY = "advanced/model"
Sigma = Annotated[float, Range(0.0, 1000.0, step=0.001, round=0)]
_DISCRETE: Mapping[str, Callable[[Timesteps], Prediction]] = {
    "eps": Eps,
    "v_prediction": V,
    "lcm": Lcm,
    "x0": X0,
    "img_to_img": ImageToImage,
}
_CONTINUOUS: Mapping[str, Callable[[Timesteps], Prediction]] = {
    "v_prediction": V,
    "edm": Edm,
    "edm_playground_v2.5": Edm,
    "eps": Eps,
}
_PURE_NOISE = 1e-6
"""A signal share that no schedule goes below, but for those that end without any signal."""
_DISTILLED = 20
"""Of a thousand steps, latent consistency models were distilled for every so manieth."""


@node("ModelSamplingDiscrete", title="ModelSamplingDiscrete", category=CATEGORY, lane="cpu")
def model_sampling_discrete(
    *, model: Model, sampling: Annotated[str, Choices(tuple(_DISCRETE))], zsnr: bool = False
) -> Model:
    """Say what a network trained on a thousand noise levels predicts.

    Args:
        model: The model: SD 1.x, SD 2.x, SDXL or one made from them.
        sampling: eps: noise. v_prediction: velocity. lcm: noise, by a latent consistency model. x0: the clean
            latent. img_to_img: another latent, in one step.
        zsnr: Whether the last noise level is pure noise (zero terminal signal-to-noise ratio).
    """
    _no_flow(model, "ModelSamplingDiscrete")
    alphas = trained_on(model)
    clock = Discrete(
        zero_terminal_snr(alphas) if zsnr else alphas, stride=_DISTILLED if sampling == "lcm" else 1
    )
    return replace(model, prediction=_DISCRETE[sampling](clock))


@node("ModelSamplingContinuousEDM", title="ModelSamplingContinuousEDM", category=CATEGORY, lane="cpu")
def model_sampling_continuous_edm(
    *,
    model: Model,
    sampling: Annotated[str, Choices(tuple(_CONTINUOUS))],
    sigma_max: Sigma = 120.0,
    sigma_min: Sigma = 0.002,
) -> Model:
    """Say what a network trained on continuous noise levels predicts, told their logarithm.

    Args:
        model: The model, such as CosXL or Playground 2.5.
        sampling: v_prediction: velocity, as CosXL. edm: after Karras et al. edm_playground_v2.5: the same on
            latents scaled as Playground 2.5 has them. eps: noise.
        sigma_max: The highest noise level.
        sigma_min: The lowest, above 0.
    """
    _no_flow(model, "ModelSamplingContinuousEDM")
    prediction = _CONTINUOUS[sampling](LogContinuous(*_ends(sigma_min, sigma_max)))
    if sampling == "edm_playground_v2.5":
        return replace(model, prediction=prediction, latent_format=PLAYGROUND_LATENT)
    return replace(model, prediction=prediction)


@node("ModelSamplingContinuousV", title="ModelSamplingContinuousV", category=CATEGORY, lane="cpu")
def model_sampling_continuous_v(
    *,
    model: Model,
    sampling: Annotated[str, Choices(("v_prediction",))],
    sigma_max: Sigma = 500.0,
    sigma_min: Sigma = 0.03,
) -> Model:
    """Say that a network predicts the velocity of continuous noise levels, told their angle.

    Args:
        model: The model.
        sampling: v_prediction: velocity.
        sigma_max: The highest noise level.
        sigma_min: The lowest, above 0.
    """
    _no_flow(model, "ModelSamplingContinuousV")
    return replace(model, prediction=V(ArcTangent(*_ends(sigma_min, sigma_max))))


@node("ModelSamplingAuraFlow", title="ModelSamplingAuraFlow", category=CATEGORY, lane="cpu")
def model_sampling_aura_flow(*, model: Model, shift: Shift = 1.73) -> Model:
    """Change how far the noise levels of a run are moved towards noise, for networks told 0 to 1.

    Args:
        model: A model that predicts a flow, as AuraFlow does.
        shift: 1 moves nothing; larger pictures need more.
    """
    flow_of(model, "ModelSamplingAuraFlow")
    return replace(model, prediction=Flow(shift, 1.0))


def trained_on(model: DiffusionModel) -> Tensor:
    """The signal shares of a model's thousand steps; Stable Diffusion's, where it ends in pure noise or has
    no such steps: nothing tells what they were before.
    """
    clock = model.prediction.timesteps
    if isinstance(clock, Discrete) and clock.alphas[-1] > _PURE_NOISE:
        return clock.alphas
    return scaled_linear()


def _no_flow(model: DiffusionModel, who: str) -> None:
    if isinstance(model.prediction, Flow | Flux):
        raise ValueError(
            f"{who} is for models of noise levels, and {model.family or 'the model'} predicts a flow: "
            "use ModelSamplingSD3 or ModelSamplingFlux"
        )


def _ends(low: float, high: float) -> tuple[float, float]:
    if not 0 < low < high:
        raise ValueError(f"noise levels go from sigma_min {low:g} up to sigma_max {high:g}: both above 0")
    return low, high
