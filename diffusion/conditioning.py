"""What a CONDITIONING is: a list of [tensor, options] pairs, and what the options may hold.

Several pairs are regional prompts: at every place the predictions are averaged with the entries' weights.
`diffusion.entries` makes a list ready for a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypedDict

from torch import Tensor

from diffusion.hooks import Hooks
from diffusion.model import DiffusionModel


class Steering(Protocol):
    """A network that steers another during one run; its result goes in as keyword `control` unless None."""

    def __call__(
        self,
        x: Tensor,
        t: Tensor,
        context: Tensor,
        extra: Mapping[str, Tensor],
        sigma: Tensor,
        parts: int,
        /,
    ) -> object | None:
        """x: the scaled network input of one batch [B, C, h, w]; t: [B].

        The batch is made of `parts` equal ones, such as the sides of guidance, each of all latents.
        """
        ...


class Control(Protocol):
    """What a conditioning carries to steer the network (a ControlNet with its picture and strength)."""

    def prepare(self, model: DiffusionModel, latent: Tensor, /) -> Steering:
        """Made ready for a run over `latent` [B, C, H, W].

        Raises:
            ValueError: it was made for another family of models.
        """
        ...


class Grounding(Protocol):
    """Layers that put things into boxes of the picture (GLIGEN)."""

    @property
    def network(self) -> object:
        """What they are part of: it is on the device whenever the network that they are added to computes."""
        ...

    @property
    def hooks(self) -> Hooks:
        """What adds them to the network; `Site.told` is what `objects` returned."""
        ...

    def check(self, model: DiffusionModel, /) -> None:
        """Raises ValueError if they do not belong to the model."""
        ...

    def objects(self, boxes: Sequence[Any], height: int, width: int, /) -> Tensor:
        """What the hooks are told of boxes, [1, ...]: always of one shape, also without boxes."""
        ...


class Options(TypedDict, total=False):
    """The keys read here. Others are carried along and handed to the model's `extra`."""

    area: tuple[int, int, int, int] | tuple[str, float, float, float, float]
    strength: float
    mask: Tensor
    mask_strength: float
    set_area_to_bounds: bool
    start_percent: float
    end_percent: float
    pooled_output: Tensor | None
    control: Control | None
    control_apply_to_uncond: bool
    """Whether the negative side gets the control as well."""
    default: bool
    gligen: tuple[str, Grounding, Sequence[Any]]


Conditioning = Sequence[tuple[Tensor, Options] | list[Any]]
"""Pairs of the text's tensor and options: tuples, or the lists of two that custom nodes change in place."""
