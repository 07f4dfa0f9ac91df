"""Where others reach into a network: guidance that perturbs attention, FreeU, grounded boxes, node packs.

A `DiffusionModel` carries `Hooks`; copying it with others leaves the network and its weights as they are. A
network called without hooks takes the plain path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

from torch import Tensor

Side = Literal["input", "middle", "output"]
"""The way down, the lowest block, the way up."""

Attention = Literal["self", "cross"]


class Spot(NamedTuple):
    """One attention of the network; without a layer that of a whole block, without a block every one."""

    attention: Attention
    side: Side | None = None
    block: int | None = None
    layer: int | None = None

    def holds(self, other: Spot) -> bool:
        """Whether another spot is this one or a part of it."""
        return all(mine is None or mine == theirs for mine, theirs in zip(self, other, strict=True))


@dataclass(frozen=True, eq=False)
class Site:
    """Where in the network, and in which call of it, a hook is called."""

    hooks: Hooks
    side: Side
    block: int
    """Index in `input_blocks` or `output_blocks`; 0 in the middle."""
    layer: int = 0
    """Index in `transformer_blocks`."""
    attention: Attention = "self"
    heads: int = 0

    @property
    def sides(self) -> tuple[int, ...]:
        """For each equal part of the batch 0 if it is of the positive conditioning, 1 of the negative."""
        return self.hooks.sides

    @property
    def sigma(self) -> Tensor | None:
        """The noise level of this call, a scalar."""
        return self.hooks.sigma

    @property
    def told(self) -> Tensor | None:
        """What the conditionings of this call tell the hooks that came with them, [B, ...]."""
        return self.hooks.told

    def grid(self, tokens: int) -> tuple[int, int] | None:
        """Rows and columns of that many tokens: the latent's, halved as often as the network does.

        None where no halving gives that many.
        """
        height, width = self.hooks.size
        while height * width > tokens:
            height, width = -(-height // 2), -(-width // 2)
            if height * width == 1:
                break
        return (height, width) if height * width == tokens else None


class AttentionInputs(Protocol):
    """Changes what the projections of an attention are given: three times [B, N, C]."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, site: Site, /) -> tuple[Tensor, Tensor, Tensor]: ...


class AttentionInstead(Protocol):
    """Takes the place of an attention: projected q, k, v [B, N, heads * D] -> [B, N, heads * D]."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, site: Site, /) -> Tensor: ...


class Change(Protocol):
    """Changes a tensor: tokens [B, N, C] or a feature map [B, C, H, W]."""

    def __call__(self, x: Tensor, site: Site, /) -> Tensor: ...


class JoinChange(Protocol):
    """Changes a feature map and the skip connection [B, C, H, W] it is about to be joined with."""

    def __call__(self, x: Tensor, skip: Tensor, site: Site, /) -> tuple[Tensor, Tensor]: ...


BlockPlace = tuple[Literal["double", "single"], int]
"""A block of a transformer, with a stream each for text and picture or one for both, and its number."""

Block = Callable[..., tuple[Tensor, ...]]
"""The tokens [B, N, C] of each stream -> the same after the block."""


class BlockInstead(Protocol):
    """Takes the place of a transformer's block, which it may call; `hooks` tell of this call of it all."""

    def __call__(self, block: Block, tokens: tuple[Tensor, ...], hooks: Hooks, /) -> tuple[Tensor, ...]: ...


@dataclass(frozen=True, eq=False)
class Hooks:
    """What is called where; several of a kind are called in order, each with what the one before returned."""

    attention_inputs: tuple[AttentionInputs, ...] = ()
    attention_instead: Mapping[Spot, AttentionInstead] = field(default_factory=dict[Spot, AttentionInstead])
    after_attention: tuple[Change, ...] = ()
    """On the output of an attention, before it is added to the tokens."""
    after_self_attention: tuple[Change, ...] = ()
    """On the tokens between self- and cross-attention."""
    after_input: tuple[Change, ...] = ()
    """On the feature map after each input block, before it is kept as a skip connection."""
    after_skip: tuple[Change, ...] = ()
    """The same, after it was kept."""
    after_middle: tuple[Change, ...] = ()
    before_output: tuple[JoinChange, ...] = ()
    blocks: Mapping[BlockPlace, BlockInstead] = field(default_factory=dict[BlockPlace, BlockInstead])
    """Of transformers, which have none of the places above."""
    sides: tuple[int, ...] = ()
    sigma: Tensor | None = None
    size: tuple[int, int] = (0, 0)
    told: Tensor | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to call."""
        return bool(
            self.attention_inputs
            or self.attention_instead
            or self.after_attention
            or self.after_self_attention
            or self.after_input
            or self.after_skip
            or self.after_middle
            or self.before_output
            or self.blocks
        )

    def during(
        self, sides: tuple[int, ...], sigma: Tensor, size: tuple[int, int], told: Tensor | None = None
    ) -> Hooks:
        """The same, for one call of the network on a latent of that height and width."""
        return replace(self, sides=sides, sigma=sigma, size=size, told=told)

    def __add__(self, later: Hooks) -> Hooks:
        """Both; where both replace one attention or block, the later one does."""
        return replace(
            self,
            attention_inputs=self.attention_inputs + later.attention_inputs,
            attention_instead={
                **{
                    spot: function
                    for spot, function in self.attention_instead.items()
                    if not any(other.holds(spot) for other in later.attention_instead)
                },
                **later.attention_instead,
            },
            after_attention=self.after_attention + later.after_attention,
            after_self_attention=self.after_self_attention + later.after_self_attention,
            after_input=self.after_input + later.after_input,
            after_skip=self.after_skip + later.after_skip,
            after_middle=self.after_middle + later.after_middle,
            before_output=self.before_output + later.before_output,
            blocks={**self.blocks, **later.blocks},
        )

    def instead(self, site: Site) -> AttentionInstead | None:
        """What takes the place of the attention at a site."""
        whole = Spot(site.attention, site.side, site.block)
        for spot in (whole._replace(layer=site.layer), whole, Spot(site.attention)):
            if (found := self.attention_instead.get(spot)) is not None:
                return found
        return None


def through(hooks: Hooks | None, place: BlockPlace, block: Block, *tokens: Tensor) -> tuple[Tensor, ...]:
    """Tokens after a block of a transformer, or after what takes its place."""
    instead = None if hooks is None else hooks.blocks.get(place)
    return block(*tokens) if hooks is None or instead is None else instead(block, tokens, hooks)


def changed(changes: tuple[Change, ...], x: Tensor, site: Site) -> Tensor:
    """`x` after each of the changes."""
    for change in changes:
        x = change(x, site)
    return x


@dataclass(frozen=True, eq=False)
class Residuals:
    """What control networks add: feature maps, each of the shape of what it is added to.

    ControlNet (arXiv 2302.05543) fills `skips` and `middle`, T2I-Adapter (arXiv 2302.08453) `inputs`.
    """

    skips: tuple[Tensor | None, ...] = ()
    """To each input block's skip connection, when it is joined on the way up."""
    middle: Tensor | None = None
    inputs: Mapping[int, Tensor] = field(default_factory=dict[int, Tensor])
    """After an input block, by its index: what follows sees it, and so does the skip connection."""

    def __add__(self, other: Residuals) -> Residuals:
        places = range(max(len(self.skips), len(other.skips)))
        return Residuals(
            tuple(_sum(_at(self.skips, place), _at(other.skips, place)) for place in places),
            _sum(self.middle, other.middle),
            {
                block: self.inputs[block] + other.inputs[block]
                if block in self.inputs and block in other.inputs
                else {**self.inputs, **other.inputs}[block]
                for block in {**self.inputs, **other.inputs}
            },
        )

    def skip(self, place: int) -> Tensor | None:
        """What is added to the skip connection of an input block."""
        return _at(self.skips, place)


def _at(tensors: tuple[Tensor | None, ...], place: int) -> Tensor | None:
    return tensors[place] if place < len(tensors) else None


def _sum(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    if a is None or b is None:
        return b if a is None else a
    return a + b
