"""Loaded ControlNets that read the picture as a latent: those for Stable Diffusion 3 and Flux."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from diffusion.autoencoder import Vae
from diffusion.control.applied import Features
from diffusion.control.hint import centre, in_channels
from diffusion.control.network import CELL
from diffusion.control.transformers import FluxControl, MMDiTControl
from diffusion.flux import FluxConfig
from diffusion.hooks import Residuals
from diffusion.mmdit import MMDiTConfig
from diffusion.model import DiffusionModel, LatentFormat
from diffusion.placement import Placement, room_for
from diffusion.regions import to_batch

FLUX_KINDS: Mapping[str, int] = {
    "canny/lineart/anime_lineart/mlsd": 0,
    "tile": 1,
    "depth": 2,
    "openpose": 4,
}
"""Numbers of kinds of pictures in the published union ControlNets for Flux, as the nodes call them."""


_COLOURS = 3


@dataclass(frozen=True, eq=False)
class TransformerControl:
    """A ControlNet for SD3 or Flux."""

    network: MMDiTControl | FluxControl
    dtype: torch.dtype
    placement: Placement = field(default_factory=Placement)
    """Brings the network to the device when it is used."""
    kind: int | None = None
    """What kind of picture a union ControlNet is told it is given."""

    @property
    def union(self) -> bool:
        return hasattr(self.network, "controlnet_mode_embedder")

    @property
    def masked(self) -> bool:
        """Whether it reads a mask beside the picture, as networks for inpainting do."""
        return isinstance(self.network, MMDiTControl) and self.network.masked

    def of_kind(self, name: str) -> TransformerControl:
        """The same for a kind of picture; `auto` tells the network nothing.

        Raises:
            ValueError: the network was not trained for that kind.
        """
        if name != "auto" and name not in FLUX_KINDS:
            known = ", ".join(FLUX_KINDS)
            raise ValueError(f"union ControlNets for Flux know no {name!r}: choose one of {known}, or auto")
        return replace(self, kind=FLUX_KINDS.get(name))

    def fit(self, model: DiffusionModel) -> FittedTransformer:
        ours, theirs = self.network.config, getattr(model.network, "config", None)
        if isinstance(ours, MMDiTConfig) and isinstance(theirs, MMDiTConfig) and ours.width == theirs.width:
            # The last block of an MMDiT is left alone.
            shares = theirs.depth / ours.depth
            places = {block: int(block / shares) for block in range(theirs.depth - 1)}
            return FittedTransformer(self, model.latent_format, places)
        if isinstance(ours, FluxConfig) and isinstance(theirs, FluxConfig) and ours.width == theirs.width:
            places = _spread(theirs.double_blocks, ours.double_blocks)
            single = _spread(theirs.single_blocks, ours.single_blocks)
            first, after = theirs.double_blocks, ours.double_blocks
            places |= {first + block: after + place for block, place in single.items()}
            return FittedTransformer(self, model.latent_format, places)
        made_for = "SD 3" if isinstance(ours, MMDiTConfig) else "Flux"
        width = getattr(theirs, "width", None)
        raise ValueError(
            f"this ControlNet is for {made_for} ({ours.width} channels), the model is "
            f"{model.family or 'of another family'}{'' if width is None else f' ({width} channels)'}: "
            f"load one made for {model.family or 'it'}"
        )


@dataclass(frozen=True, eq=False)
class FittedTransformer:
    """A ControlNet and which of its outputs goes to which block of a model."""

    control: TransformerControl
    latent_format: LatentFormat
    places: Mapping[int, int]

    multiple = CELL

    @torch.no_grad()
    def read(self, hint: Tensor, vae: Vae | None) -> Features:
        control = self.control
        if vae is None:
            raise ValueError(
                "this ControlNet reads the picture as a latent: link the model's VAE to Apply ControlNet"
            )
        latent = self.latent_format.to_model(vae.encode(in_channels(hint, 3).movedim(1, -1)))
        if latent.shape[1] != self.latent_format.channels:
            raise ValueError(
                f"the VAE linked to Apply ControlNet makes {latent.shape[1]} channels, and the model works "
                f"on {self.latent_format.channels}: link the VAE that belongs to the model"
            )
        if control.masked:
            latent = torch.cat([latent, _kept(hint, latent)], dim=1)
        latent = latent.to(control.placement.device, control.dtype)
        with room_for(control.placement, control.network, 1, [latent], {}, "encode"):
            return (control.network.encode(latent),)

    @torch.no_grad()
    def steer(
        self, x: Tensor, t: Tensor, context: Tensor, extra: Mapping[str, Tensor], features: Features
    ) -> Residuals:
        control, device = self.control, self.control.placement.device
        given = [x.to(device, control.dtype), t.to(device), context.to(device, control.dtype), features[0]]
        wanted = ("y", "guidance") if isinstance(control.network, FluxControl) else ("y",)
        more = {name: extra[name].to(device, control.dtype) for name in wanted if name in extra}
        told = {} if control.kind is None else {"kind": control.kind}
        with room_for(control.placement, control.network, 1, given, more):
            double, single = control.network(*given, **more, **told)
        added = [*double, *single]
        return Residuals(inputs={block: added[place] for block, place in self.places.items()})


def _kept(hint: Tensor, latent: Tensor) -> Tensor:
    """The fourth channel of a picture at the size of its latent: 1 where the picture is to stay."""
    if hint.shape[1] <= _COLOURS:
        raise ValueError(
            "this ControlNet is for inpainting and reads a mask: "
            "apply it with ControlNetInpaintingAliMamaApply"
        )
    mask = interpolate(hint[:, _COLOURS:][:, :1], size=latent.shape[-2:], mode="nearest-exact")
    return to_batch(mask, latent.shape[0]).to(latent)


def _spread(blocks: int, outputs: int) -> dict[int, int]:
    """Which output goes to each of a model's blocks: as many neighbours share one as it takes."""
    if not outputs:
        return {}
    share = ceil(blocks / outputs)
    return {block: block // share for block in range(blocks)}


def with_mask(picture: Tensor, mask: Tensor) -> Tensor:
    """A picture [B, H, W, C] with black where a mask [B, h, w] is 1, and what stays as fourth channel.

    For ControlNets for inpainting, such as Alimama's for SD 3.
    """
    kept = 1 - mask.reshape(-1, 1, *mask.shape[-2:])
    height, width = picture.shape[1:3]
    kept = interpolate(centre(kept, height, width), size=(height, width), mode="bilinear").movedim(1, -1)
    batch = max(len(picture), len(kept))
    picture, kept = to_batch(picture[..., :_COLOURS], batch), to_batch(kept, batch)
    return torch.cat([picture * kept.round(), kept], dim=-1)
