"""Nodes that make one conditioning out of others."""

from typing import Annotated

from diffusion.mixing import average, concatenate, zeroed
from engine.node import node
from engine.types import Range
from nodes.types import Conditioning


@node(
    "ConditioningCombine",
    title="Conditioning (Combine)",
    category="conditioning",
    lane="cpu",
)
def conditioning_combine(*, conditioning_1: Conditioning, conditioning_2: Conditioning) -> Conditioning:
    """Let both guide the picture: at every place and step their predictions are averaged by strength.

    Args:
        conditioning_1: One conditioning, for example one limited to an area.
        conditioning_2: The other.
    """
    return [*conditioning_1, *conditioning_2]


@node("ConditioningConcat", title="Conditioning (Concat)", category="conditioning", lane="cpu")
def conditioning_concat(*, conditioning_to: Conditioning, conditioning_from: Conditioning) -> Conditioning:
    """Put the tokens of one prompt after those of another, as if a long prompt went on there.

    Args:
        conditioning_to: The prompt that comes first.
        conditioning_from: The prompt that follows; of several only the first is used.
    """
    return concatenate(conditioning_to, conditioning_from)


@node("ConditioningAverage", title="ConditioningAverage", category="conditioning", lane="cpu")
def conditioning_average(
    *,
    conditioning_to: Conditioning,
    conditioning_from: Conditioning,
    conditioning_to_strength: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0,
) -> Conditioning:
    """Mix two prompts token by token into something in between.

    Args:
        conditioning_to: One prompt.
        conditioning_from: The other; of several only the first is used.
        conditioning_to_strength: How much of `conditioning_to` there is; the rest is `conditioning_from`.
    """
    return average(conditioning_to, conditioning_from, conditioning_to_strength)


@node("ConditioningZeroOut", title="ConditioningZeroOut", category="advanced/conditioning", lane="cpu")
def conditioning_zero_out(*, conditioning: Conditioning) -> Conditioning:
    """Zeros in the shape of a conditioning, for models trained to take that as no prompt at all.

    Args:
        conditioning: The conditioning whose shape is kept.
    """
    return zeroed(conditioning)
