"""Nodes that join a model with its conditioning: what a run follows, and how strongly."""

from typing import Annotated

from diffusion.guiders import CfgGuider, DualGuider, PerpendicularGuider
from engine.node import node
from engine.types import Choices, Range
from nodes.types import Cfg, Conditioning, Guider, Model

CATEGORY = "sampling/custom_sampling/guiders"


@node("BasicGuider", title="BasicGuider", category=CATEGORY, lane="cpu")
def basic_guider(*, model: Model, conditioning: Conditioning) -> Guider:
    """Follow one conditioning without guidance, as distilled models and Flux want it.

    Args:
        model: The model to sample from.
        conditioning: What the picture should show.
    """
    return CfgGuider(model, conditioning)


@node("CFGGuider", title="CFGGuider", category=CATEGORY, lane="cpu")
def cfg_guider(*, model: Model, positive: Conditioning, negative: Conditioning, cfg: Cfg = 8.0) -> Guider:
    """Classifier-free guidance: from the negative conditioning through the positive one.

    Args:
        model: The model to sample from.
        positive: What the picture should show.
        negative: What it should not.
        cfg: Guidance scale; 1 leaves the negative conditioning out.
    """
    return CfgGuider(model, positive, negative, cfg)


@node("DualCFGGuider", title="DualCFGGuider", category=CATEGORY, lane="cpu")
def dual_cfg_guider(
    *,
    model: Model,
    cond1: Conditioning,
    cond2: Conditioning,
    negative: Conditioning,
    cfg_conds: Cfg = 8.0,
    cfg_cond2_negative: Cfg = 8.0,
    style: Annotated[str, Choices(("regular", "nested"))] = "regular",
) -> Guider:
    """Guidance by two conditionings, such as a text and a picture to edit.

    Args:
        model: The model to sample from.
        cond1: What the picture should show most of all.
        cond2: What it starts from: guidance goes from here towards the first.
        negative: What it should not show.
        cfg_conds: Guidance scale from the second conditioning to the first.
        cfg_cond2_negative: Guidance scale from the negative conditioning to the second.
        style: regular adds both guidances up; nested guides the result of the first by the second.
    """
    nested = style == "nested"
    return DualGuider(model, cond1, cond2, negative, cfg_conds, cfg_cond2_negative, nested)


@node("PerpNegGuider", title="PerpNegGuider", category=CATEGORY, lane="cpu")
def perp_neg_guider(
    *,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    empty_conditioning: Conditioning,
    cfg: Cfg = 8.0,
    neg_scale: Annotated[float, Range(0.0, 100.0, step=0.01)] = 1.0,
) -> Guider:
    """Perp-Neg: a negative prompt that takes nothing away from what the positive one asks for.

    Args:
        model: The model to sample from.
        positive: What the picture should show.
        negative: What it should not; only what is perpendicular to the positive prompt counts.
        empty_conditioning: An empty prompt.
        cfg: Guidance scale.
        neg_scale: How strongly the negative prompt counts.
    """
    return PerpendicularGuider(model, positive, negative, empty_conditioning, cfg, neg_scale)
