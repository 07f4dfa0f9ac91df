"""Skip-layer guidance: away from a prediction that some blocks of a transformer had no part in.

As published with Stable Diffusion 3.5 (Stability AI's sd3.5 repository): the layers that draw the structure
of a picture are left out of a further prediction of the positive side, which is then guided away from.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from diffusion.adapters.patched import Patched
from diffusion.flux import Flux
from diffusion.hooks import Block, BlockInstead, BlockPlace, Hooks
from diffusion.mmdit import MMDiT
from diffusion.model import DiffusionModel, Predictions


@dataclass(frozen=True)
class Span:
    """A part of a run, in shares of it from 0 to 1, both ends included."""

    start: float = 0.0
    end: float = 1.0

    def sigmas(self, model: DiffusionModel) -> tuple[float, float]:
        """The lowest and the highest noise level of it."""
        to_sigma = model.prediction.percent_to_sigma
        return to_sigma(self.end), to_sigma(self.start)


@dataclass(frozen=True)
class SkipLayerGuidance:
    """The prediction moved by `scale` away from one without the `blocks` of a transformer.

    `rescaling` pulls the contrast of each image back to that of the positive prediction: 0 not at all, 1 all
    the way.
    """

    blocks: frozenset[BlockPlace]
    scale: float = 3.0
    span: Span = Span(0.01, 0.15)
    rescaling: float = 0.0

    def attached(self, model: DiffusionModel, who: str) -> DiffusionModel:
        """The model with it. Raises ValueError for one without such blocks."""
        need_blocks(model, self.blocks, who)
        return replace(model, per_run=(*model.per_run, self.begin)) if self.blocks else model

    def begin(self, model: DiffusionModel) -> DiffusionModel:
        """The model of a run, whose noise levels are known by now."""
        lowest, highest = self.span.sigmas(model)
        skipping = Hooks(blocks=dict.fromkeys(self.blocks, _left_out))

        def guide(denoised: Tensor, seen: Predictions) -> Tensor:
            if self.scale == 0 or not lowest <= float(seen.sigma) <= highest:
                return denoised
            denoised = denoised + self.scale * (seen.cond - seen.again(seen.x, skipping))
            return _rescaled(denoised, seen.cond, self.rescaling)

        return replace(model, after_guidance=(*model.after_guidance, guide))


@dataclass(frozen=True)
class SkippedNegative:
    """The negative side predicted without the `blocks` of a transformer, with no network call more."""

    blocks: frozenset[BlockPlace]
    span: Span = Span()

    def attached(self, model: DiffusionModel, who: str) -> DiffusionModel:
        """The model with it. Raises ValueError for one without such blocks."""
        need_blocks(model, self.blocks, who)
        return replace(model, per_run=(*model.per_run, self.begin)) if self.blocks else model

    def begin(self, model: DiffusionModel) -> DiffusionModel:
        """The model of a run, whose noise levels are known by now."""
        skip: BlockInstead = _NegativeLeftOut(*self.span.sigmas(model))
        return replace(model, hooks=model.hooks + Hooks(blocks=dict.fromkeys(self.blocks, skip)))


def need_blocks(model: DiffusionModel, blocks: Collection[BlockPlace], who: str) -> None:
    """Raise ValueError for a model that is no transformer, or has fewer blocks than named.

    Single blocks may be named for networks that have none of them.
    """
    network = model.network
    base = network.base if isinstance(network, Patched) else network
    base = getattr(base, "_orig_mod", base)
    name = model.family or type(base).__name__
    if isinstance(base, MMDiT):
        counts = {"double": base.config.depth}
    elif isinstance(base, Flux):
        counts = {"double": base.config.double_blocks, "single": base.config.single_blocks}
    elif isinstance(base, nn.Module):
        raise ValueError(
            f"{who} leaves out blocks of a transformer (SD3, Flux), and {name} has another network: "
            "use PerturbedAttentionGuidance"
        )
    else:
        return
    for kind, number in sorted(blocks):
        if kind in counts and number >= counts[kind]:
            raise ValueError(
                f"{who} is to leave out {kind} block {number}, and {name} has blocks 0 to "
                f"{counts[kind] - 1}: name others"
            )


def _left_out(block: Block, tokens: tuple[Tensor, ...], hooks: Hooks) -> tuple[Tensor, ...]:
    return tokens


@dataclass(frozen=True)
class _NegativeLeftOut:
    """Tokens of the negative side pass a block unchanged while the noise level is within the bounds."""

    lowest: float
    highest: float

    def __call__(self, block: Block, tokens: tuple[Tensor, ...], hooks: Hooks) -> tuple[Tensor, ...]:
        sides, sigma = hooks.sides, hooks.sigma
        if sigma is None or not self.lowest <= float(sigma) <= self.highest or not any(sides):
            return block(*tokens)
        if all(sides):
            return tokens
        both = zip(tokens, block(*tokens), strict=True)
        return tuple(_of_sides(before, after, sides) for before, after in both)


def _of_sides(before: Tensor, after: Tensor, sides: tuple[int, ...]) -> Tensor:
    """What was before a block for negative parts of the batch, and what is after it for the others."""
    parts = zip(before.chunk(len(sides)), after.chunk(len(sides)), sides, strict=True)
    return torch.cat([old if negative else new for old, new, negative in parts])


def _rescaled(denoised: Tensor, cond: Tensor, amount: float) -> Tensor:
    """Each image of `denoised` with its deviation brought towards that of `cond`."""
    if amount == 0:
        return denoised
    axes = tuple(range(1, denoised.ndim))
    ratio = cond.std(dim=axes, keepdim=True) / denoised.std(dim=axes, keepdim=True)
    return denoised * (amount * ratio + 1 - amount)
