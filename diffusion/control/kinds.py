"""Loaded control networks for U-Nets, and which models each goes with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate

import torch
from torch import Tensor

from diffusion.autoencoder import Vae
from diffusion.control.applied import ControlModel, Features
from diffusion.control.hint import in_channels
from diffusion.control.latents import TransformerControl
from diffusion.control.network import CELL, ControlNet
from diffusion.control.residuals import averaged
from diffusion.control.t2i import T2IAdapter
from diffusion.control.union import UNION_TYPES, UnionControlNet
from diffusion.hooks import Residuals
from diffusion.model import DiffusionModel
from diffusion.placement import Placement, room_for
from diffusion.unet import UNetConfig

_FAMILIES = {
    (768, None): "SD 1.x",
    (1024, None): "SD 2.x",
    (2048, 2816): "SDXL",
    (1280, 2560): "the SDXL refiner",
}
"""By the width of the text and of the vector that the U-Net reads."""


@dataclass(frozen=True, eq=False)
class UNetControl:
    """A ControlNet for a U-Net."""

    network: ControlNet
    dtype: torch.dtype
    placement: Placement = field(default_factory=Placement)
    """Brings the network to the device when it is used."""
    average: bool = False
    """Whether its outputs are averaged over the picture."""

    multiple = CELL

    def fit(self, model: DiffusionModel) -> UNetControl:
        ours, theirs = self.network.config, unet_sizes(model, "ControlNet")
        same = (ours.context_dim, ours.vector_dim, ours.widths, list(map(len, ours.down_depths)))
        if same != (theirs.context_dim, theirs.vector_dim, theirs.widths, list(map(len, theirs.down_depths))):
            raise ValueError(_refusal("ControlNet", ours, model, theirs))
        return self

    @torch.no_grad()
    def read(self, hint: Tensor, vae: Vae | None) -> Features:
        hint = in_channels(hint, self.network.sizes.hint_channels).to(self.placement.device, self.dtype)
        with room_for(self.placement, self.network, 1, [hint], {}, "encode"):
            return (self._read(hint),)

    @torch.no_grad()
    def steer(
        self, x: Tensor, t: Tensor, context: Tensor, extra: Mapping[str, Tensor], features: Features
    ) -> Residuals:
        device = self.placement.device
        x, context = x.to(device, self.dtype), context.to(device, self.dtype)
        y = {"y": extra["y"].to(device, self.dtype)} if "y" in extra else {}
        given = [x, t.to(device), context, features[0]]
        with room_for(self.placement, self.network, 1, given, y):
            residuals = self._steer(*given, **y)
        return averaged(residuals) if self.average else residuals

    def _read(self, hint: Tensor) -> Tensor:
        return self.network.encode(hint)

    def _steer(
        self, x: Tensor, t: Tensor, context: Tensor, hint: Tensor, y: Tensor | None = None
    ) -> Residuals:
        return self.network(x, t, context, hint, y=y)


@dataclass(frozen=True, eq=False)
class UnionControl(UNetControl):
    """A union ControlNet, told the kind of its picture or not."""

    network: UnionControlNet
    kind: int | None = None

    def of_kind(self, name: str) -> UnionControl:
        """The same for a kind of picture; `auto` tells the network nothing.

        Raises:
            ValueError: the network was not trained for that kind.
        """
        kind, known = UNION_TYPES.get(name), self.network.union.types
        if kind is not None and kind >= known:
            names = ", ".join(list(UNION_TYPES)[:known])
            raise ValueError(f"this union ControlNet knows no {name!r}: choose one of {names}, or auto")
        return replace(self, kind=kind)

    def _read(self, hint: Tensor) -> Tensor:
        return self.network.encode(hint, self.kind)

    def _steer(
        self, x: Tensor, t: Tensor, context: Tensor, hint: Tensor, y: Tensor | None = None
    ) -> Residuals:
        return self.network(x, t, context, hint, y=y, kind=self.kind)


def with_union_type(control: ControlModel, name: str) -> ControlModel:
    """The network for a kind of picture (see `UNION_TYPES`, or `auto`); one for a single kind as it is.

    Raises:
        ValueError: the network was not trained for that kind.
    """
    if isinstance(control, UnionControl) or (isinstance(control, TransformerControl) and control.union):
        return control.of_kind(name)
    return control


@dataclass(frozen=True, eq=False)
class T2IControl:
    """A T2I-Adapter."""

    network: T2IAdapter
    dtype: torch.dtype
    placement: Placement = field(default_factory=Placement)

    def fit(self, model: DiffusionModel) -> FittedT2I:
        config, theirs = self.network.config, unet_sizes(model, "T2I-Adapter")
        xl = config.unshuffle != CELL
        needed = config.widths[:-1] if xl else config.widths
        if needed != theirs.widths:
            made_for = "SDXL" if xl else "SD 1.x or 2.x"
            raise ValueError(
                f"this T2I-Adapter is for {made_for} (levels of {_listed(needed)} channels), the model is "
                f"{_name(model)} ({_listed(theirs.widths)}): load one made for {_name(model)}"
            )
        return FittedT2I(self, places(theirs, xl=xl))


@dataclass(frozen=True, eq=False)
class FittedT2I:
    """A T2I-Adapter and the input blocks of a U-Net after which its features are added."""

    control: T2IControl
    places: tuple[int, ...]
    """As many as there are features, or one less where the last goes to the middle."""

    @property
    def multiple(self) -> int:
        return self.control.network.config.multiple

    @torch.no_grad()
    def read(self, hint: Tensor, vae: Vae | None) -> Features:
        network, placement = self.control.network, self.control.placement
        hint = in_channels(hint, network.config.channels).to(placement.device, self.control.dtype)
        with room_for(placement, network, 1, [hint], {}):
            return network(hint)

    def steer(
        self, x: Tensor, t: Tensor, context: Tensor, extra: Mapping[str, Tensor], features: Features
    ) -> Residuals:
        middle = features[-1] if len(features) > len(self.places) else None
        return Residuals(inputs=dict(zip(self.places, features, strict=False)), middle=middle)


def places(config: UNetConfig, *, xl: bool) -> tuple[int, ...]:
    """After which input blocks the features of a T2I-Adapter go.

    The last of each level (SD 1.x: 2, 5, 8, 11); in SDXL the first level's downsampling, then the last of the
    other levels (3, 5, 8), and what is left to the middle.
    """
    blocks = [len(depths) for depths in config.down_depths]
    ends = [end + level for level, end in enumerate(accumulate(blocks))]
    return (ends[0] + 1, *ends[1:]) if xl else tuple(ends)


def unet_sizes(model: DiffusionModel, kind: str) -> UNetConfig:
    """Sizes of a model's U-Net.

    Raises:
        ValueError: the model has another kind of network.
    """
    config = getattr(model.network, "config", None)
    if not isinstance(config, UNetConfig):
        raise ValueError(
            f"this {kind} is for U-Nets (SD 1.x, SD 2.x, SDXL), and the model is {_name(model)}: "
            f"load one made for {_name(model)}"
        )
    return config


def _refusal(kind: str, ours: UNetConfig, model: DiffusionModel, theirs: UNetConfig) -> str:
    made_for = _FAMILIES.get((ours.context_dim, ours.vector_dim), "another family of models")
    return (
        f"this {kind} is for {made_for} ({_sizes(ours)}), the model is {_name(model)} ({_sizes(theirs)}): "
        f"load one made for {_name(model)}"
    )


def _sizes(config: UNetConfig) -> str:
    return f"{config.context_dim}-wide text, levels of {_listed(config.widths)} channels"


def _name(model: DiffusionModel) -> str:
    return model.family or "of another family"


def _listed(widths: tuple[int, ...]) -> str:
    return ", ".join(map(str, widths))
