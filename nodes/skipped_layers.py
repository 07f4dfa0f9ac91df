"""Nodes that guide away from predictions without some blocks of a transformer."""

import re
from typing import Annotated

from diffusion.guides.skipped_layers import SkipLayerGuidance, SkippedNegative, Span
from diffusion.hooks import BlockPlace
from engine.node import node
from engine.types import Range
from nodes.types import Model

CATEGORY = "advanced/guidance"

Scale = Annotated[float, Range(0.0, 10.0, step=0.1)]
Percent = Annotated[float, Range(0.0, 1.0, step=0.001)]
Rescaling = Annotated[float, Range(0.0, 10.0, step=0.01)]


@node("SkipLayerGuidanceSD3", title="SkipLayerGuidanceSD3", category=CATEGORY, lane="cpu")
def skip_layer_guidance_sd3(
    *,
    model: Model,
    layers: str = "7, 8, 9",
    scale: Scale = 3.0,
    start_percent: Percent = 0.01,
    end_percent: Percent = 0.15,
) -> Model:
    """Guide away from a prediction without some layers, for better anatomy and structure with SD 3.5 medium.

    While it lasts the network is called once more a step.

    Args:
        model: SD3, or another transformer.
        layers: The numbers of the joint blocks to leave out, from 0.
        scale: How strongly; it works beside cfg, and at cfg 1 too.
        start_percent: When to begin, as a share of the run.
        end_percent: When to stop.
    """
    skipped = SkipLayerGuidance(_blocks(layers), scale, Span(start_percent, end_percent))
    return skipped.attached(model, "SkipLayerGuidanceSD3")


@node("SkipLayerGuidanceDiT", title="SkipLayerGuidanceDiT", category=CATEGORY, lane="cpu")
def skip_layer_guidance_dit(
    *,
    model: Model,
    double_layers: str = "7, 8, 9",
    single_layers: str = "7, 8, 9",
    scale: Scale = 3.0,
    start_percent: Percent = 0.01,
    end_percent: Percent = 0.15,
    rescaling_scale: Rescaling = 0.0,
) -> Model:
    """Guide away from a prediction without some layers, with any transformer: SD3 and Flux.

    While it lasts the network is called once more a step.

    Args:
        model: A transformer.
        double_layers: The numbers of the blocks with two streams to leave out, from 0.
        single_layers: The same of blocks with one stream, which SD3 has none of.
        scale: How strongly; it works beside cfg, and at cfg 1 too.
        start_percent: When to begin, as a share of the run.
        end_percent: When to stop.
        rescaling_scale: How far to bring the contrast back to that of the positive prediction: 1 all the way.
    """
    blocks, span = _blocks(double_layers, single_layers), Span(start_percent, end_percent)
    return SkipLayerGuidance(blocks, scale, span, rescaling_scale).attached(model, "SkipLayerGuidanceDiT")


@node("SkipLayerGuidanceDiTSimple", title="SkipLayerGuidanceDiTSimple", category=CATEGORY, lane="cpu")
def skip_layer_guidance_dit_simple(
    *,
    model: Model,
    double_layers: str = "7, 8, 9",
    single_layers: str = "7, 8, 9",
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
) -> Model:
    """Leave some layers out of the negative prediction alone: cfg guides away from it, at no further cost.

    Args:
        model: A transformer.
        double_layers: The numbers of the blocks with two streams to leave out, from 0.
        single_layers: The same of blocks with one stream, which SD3 has none of.
        start_percent: When to begin, as a share of the run.
        end_percent: When to stop.
    """
    blocks, span = _blocks(double_layers, single_layers), Span(start_percent, end_percent)
    return SkippedNegative(blocks, span).attached(model, "SkipLayerGuidanceDiTSimple")


def _blocks(double: str, single: str = "") -> frozenset[BlockPlace]:
    """The blocks whose numbers are in texts such as "7, 8, 9"."""
    doubles = frozenset[BlockPlace](("double", int(number)) for number in re.findall(r"\d+", double))
    return doubles | frozenset[BlockPlace](("single", int(number)) for number in re.findall(r"\d+", single))
