"""Nodes that change how a model is guided."""

from dataclasses import replace
from typing import Annotated, NamedTuple

from diffusion.guides.directions import (
    LimitedNorm,
    ProjectedGuidance,
    RenormedGuidance,
    ScaledEpsilon,
    tangential,
    zero_star,
)
from diffusion.guides.perturbed import PerturbedAttention
from diffusion.guides.rescaled import RescaledGuidance
from diffusion.guides.self_attention import SelfAttentionGuidance
from diffusion.masks import DifferentialDiffusion
from engine.node import node
from engine.types import OptionalInput, Range
from nodes.types import Model


class Changed(NamedTuple):
    """A model with another guidance."""

    patched_model: Model


@node("RescaleCFG", title="RescaleCFG", category="advanced/model", lane="cpu")
def rescale_cfg(*, model: Model, multiplier: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.7) -> Model:
    """Keep high guidance scales from washing out or overexposing pictures, as v-prediction models need.

    Args:
        model: The model to change.
        multiplier: How far to go: 0 is plain guidance, 1 the contrast of the positive prediction.
    """
    return replace(model, guidance=RescaledGuidance(multiplier))


@node(
    "PerturbedAttentionGuidance",
    title="PerturbedAttentionGuidance",
    category="model_patches/unet",
    lane="cpu",
)
def perturbed_attention_guidance(
    *, model: Model, scale: Annotated[float, Range(0.0, 100.0, step=0.01, round=0.01)] = 3.0
) -> Model:
    """Guide away from a prediction that sees no structure; one network call more a step.

    Args:
        model: A model with a U-Net.
        scale: How strongly; it works beside cfg, and at cfg 1 too.
    """
    return PerturbedAttention(scale).attached(model, "PerturbedAttentionGuidance")


@node("SelfAttentionGuidance", title="Self-Attention Guidance", category="_for_testing", lane="cpu")
def self_attention_guidance(
    *,
    model: Model,
    scale: Annotated[float, Range(-2.0, 5.0, step=0.01)] = 0.5,
    blur_sigma: Annotated[float, Range(0.0, 10.0, step=0.1)] = 2.0,
) -> Model:
    """Guide away from a prediction whose salient parts are blurred; one network call more a step.

    Args:
        model: A model with a U-Net.
        scale: How strongly.
        blur_sigma: How far the blur reaches, in cells of 8 pixels.
    """
    return SelfAttentionGuidance(scale, blur_sigma).attached(model, "SelfAttentionGuidance")


@node("DifferentialDiffusion", title="Differential Diffusion", category="_for_testing", lane="cpu")
def differential_diffusion(
    *, model: Model, strength: Annotated[float, Range(0.0, 1.0, step=0.01), OptionalInput()] = 1.0
) -> Model:
    """Take the grey levels of a noise mask as times: darker places start to change later in the run.

    Args:
        model: The model to change.
        strength: 1 releases each place at once when its time has come; lower values blend with the mask.
    """
    return replace(model, mask_schedule=DifferentialDiffusion(strength))


@node("CFGZeroStar", title="CFGZeroStar", category="advanced/guidance", lane="cpu")
def cfg_zero_star(*, model: Model) -> Changed:
    """Scale the negative prediction to fit the positive one best: better guidance for flow models.

    Args:
        model: The model to change.
    """
    return Changed(replace(model, guidance=zero_star))


@node("CFGNorm", title="CFGNorm", category="advanced/guidance", lane="cpu")
def cfg_norm(*, model: Model, strength: Annotated[float, Range(0.0, 100.0, step=0.01)] = 1.0) -> Changed:
    """Never let guidance make the prediction longer than the positive one.

    Args:
        model: The model to change.
        strength: What the result is multiplied with.
    """
    return Changed(replace(model, after_guidance=(*model.after_guidance, LimitedNorm(strength))))


@node("RenormCFG", title="RenormCFG", category="advanced/model", lane="cpu")
def renorm_cfg(
    *,
    model: Model,
    cfg_trunc: Annotated[float, Range(0.0, 100.0, step=0.01)] = 100.0,
    renorm_cfg: Annotated[float, Range(0.0, 100.0, step=0.01)] = 1.0,
) -> Model:
    """Bound how far guidance may stretch the prediction as a whole, and from which noise level on it works.

    Args:
        model: The model to change.
        cfg_trunc: Noise level below which cfg works; above it the positive prompt counts alone.
        renorm_cfg: The greatest length, as a share of that of the positive prediction; 0 sets no bound.
    """
    return replace(model, guidance=RenormedGuidance(cfg_trunc, renorm_cfg))


@node("TCFG", title="Tangential Damping CFG", category="advanced/guidance", lane="cpu")
def tcfg(*, model: Model) -> Changed:
    """Keep of the negative prediction only what it shares with the positive one.

    Args:
        model: The model to change.
    """
    return Changed(replace(model, before_guidance=(*model.before_guidance, tangential)))


@node("APG", title="Adaptive Projected Guidance", category="sampling/custom_sampling", lane="cpu")
def apg(
    *,
    model: Model,
    eta: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0,
    norm_threshold: Annotated[float, Range(0.0, 50.0, step=0.1)] = 5.0,
    momentum: Annotated[float, Range(-5.0, 1.0, step=0.01)] = 0.0,
) -> Model:
    """High guidance scales without oversaturated colours.

    Args:
        model: The model to change.
        eta: How much the part of guidance that saturates counts: 1 as usual, 0 not at all.
        norm_threshold: How long the change by guidance may be; 0 sets no bound.
        momentum: What earlier steps add; below 0 guidance leans away from what it did before.
    """
    guidance = ProjectedGuidance(eta, norm_threshold, momentum)
    return replace(model, per_run=(*model.per_run, guidance.begin))


@node("Epsilon Scaling", title="Epsilon Scaling", category="model_patches/unet", lane="cpu")
def epsilon_scaling(
    *, model: Model, scaling_factor: Annotated[float, Range(0.5, 1.5, step=0.001)] = 1.005
) -> Model:
    """Divide the predicted noise by a factor, which makes up for the errors of the steps before.

    Args:
        model: The model to change.
        scaling_factor: Just above 1; more makes pictures smoother.
    """
    return replace(model, after_guidance=(*model.after_guidance, ScaledEpsilon(scaling_factor)))
