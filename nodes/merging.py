"""Nodes that make one model of two, weight by weight."""

import logging
from typing import Annotated, NamedTuple

from diffusion.merging import Mix, Shares, by_prefix, merge_encoders, merge_models
from engine.node import node
from engine.types import Range
from nodes.types import Clip, Model

_log = logging.getLogger(__name__)
_SHOWN = 3

Ratio = Annotated[float, Range(0.0, 1.0, step=0.01)]
Multiplier = Annotated[float, Range(-10.0, 10.0, step=0.01)]


class MergedModel(NamedTuple):
    MODEL: Model


@node("ModelMergeSimple", title="ModelMergeSimple", category="advanced/model_merging", lane="io")
def model_merge_simple(*, model1: Model, model2: Model, ratio: Ratio = 1.0) -> MergedModel:
    """Merge two models: the weighted sum of each pair of weights.

    Args:
        model1: The first model. Everything but the weights is taken from it.
        model2: The second model, of the same family.
        ratio: The share of the first model: 1 is all of it, 0 all of the second.
    """
    return merged(model1, model2, lambda name: Mix(ratio, 1.0 - ratio))


@node("ModelMergeAdd", title="ModelMergeAdd", category="advanced/model_merging", lane="io")
def model_merge_add(*, model1: Model, model2: Model) -> MergedModel:
    """Add the weights of the second model, such as a difference from ModelMergeSubtract, to the first's.

    Args:
        model1: The first model. Everything but the weights is taken from it.
        model2: What is added to it.
    """
    return merged(model1, model2, lambda name: Mix(1.0, 1.0))


@node("ModelMergeSubtract", title="ModelMergeSubtract", category="advanced/model_merging", lane="io")
def model_merge_subtract(*, model1: Model, model2: Model, multiplier: Multiplier = 1.0) -> MergedModel:
    """The difference of two models' weights, to be added to a third one with ModelMergeAdd.

    Args:
        model1: What is subtracted from, such as a fine-tuned model.
        model2: What is subtracted, such as the model it was made from.
        multiplier: How much of the difference.
    """
    return merged(model1, model2, lambda name: Mix(multiplier, -multiplier))


@node("ModelMergeBlocks", title="ModelMergeBlocks", category="advanced/model_merging", lane="io")
def model_merge_blocks(
    *, model1: Model, model2: Model, input: Ratio = 1.0, middle: Ratio = 1.0, out: Ratio = 1.0
) -> MergedModel:
    """Merge two models with a ratio for each third of a U-Net.

    Args:
        model1: The first model. Everything but the weights is taken from it.
        model2: The second model, of the same family.
        input: The share of the first model on the way down, and in the embeddings.
        middle: Its share in the middle block.
        out: Its share on the way up.
    """
    return merged(model1, model2, by_prefix({"input": input, "middle": middle, "out": out}, input))


@node("CLIPMergeSimple", title="CLIPMergeSimple", category="advanced/model_merging", lane="io")
def clip_merge_simple(*, clip1: Clip, clip2: Clip, ratio: Ratio = 1.0) -> Clip:
    """Merge two text encoders: the weighted sum of each pair of weights.

    Args:
        clip1: The first text encoder.
        clip2: The second one, of the same family.
        ratio: The share of the first: 1 is all of it, 0 all of the second.
    """
    return merge_encoders(clip1, clip2, Mix(ratio, 1.0 - ratio))


@node("CLIPMergeAdd", title="CLIPMergeAdd", category="advanced/model_merging", lane="io")
def clip_merge_add(*, clip1: Clip, clip2: Clip) -> Clip:
    """Add the weights of the second text encoder to those of the first.

    Args:
        clip1: The first text encoder.
        clip2: What is added to it, such as a difference from CLIPMergeSubtract.
    """
    return merge_encoders(clip1, clip2, Mix(1.0, 1.0))


@node("CLIPMergeSubtract", title="CLIPMergeSubtract", category="advanced/model_merging", lane="io")
def clip_merge_subtract(*, clip1: Clip, clip2: Clip, multiplier: Multiplier = 1.0) -> Clip:
    """The difference of two text encoders' weights, to be added to a third one with CLIPMergeAdd.

    Args:
        clip1: What is subtracted from.
        clip2: What is subtracted.
        multiplier: How much of the difference.
    """
    return merge_encoders(clip1, clip2, Mix(multiplier, -multiplier))


def merged(model1: Model, model2: Model, shares: Shares) -> MergedModel:
    """The result of a merging node, which warns of what could not be merged."""
    model, left_out = merge_models(model1, model2, shares)
    if not left_out:
        return MergedModel(model)
    more = f" and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
    _log.warning(
        "%d weights are not the same size in both models and stay those of model1 (%s%s)",
        len(left_out),
        ", ".join(left_out[:_SHOWN]),
        more,
    )
    return MergedModel(model)
