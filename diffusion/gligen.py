"""GLIGEN (arXiv 2301.07093): phrases put into boxes of a picture, by layers between a U-Net's attentions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from diffusion.checkpoint import CheckpointError, open_model
from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.families.naming import Shape, Source
from diffusion.hooks import Hooks, Side, Site
from diffusion.layers.attention import CrossAttention, FeedForward, SpatialTransformer, attend
from diffusion.model import DiffusionModel
from diffusion.placement import Placement, choose_device
from diffusion.precision import Precision
from diffusion.unet import UNet

MOST_BOXES = 30
"""How many objects the layers were trained with; places without one are told so."""
_WORKING = 2**20
"""Bytes for the objects of one conditioning on their way: some 30 x 768 numbers."""
_FREQUENCIES = 8
_POSITION = 2 * 4 * _FREQUENCIES
"""Numbers that say where a box is: sine and cosine of four coordinates at each frequency."""
_INNER = 512
_NET = "position_net."
_FUSER = re.compile(
    r"(?:.*\.)?(?:(input|output)_blocks\.(\d+)|(middle)_block)\.1\.transformer_blocks\.(\d+)\.fuser\.(.+)"
)
_NO_PLACES = "it holds no GLIGEN (position_net, and fusers between the attentions of a U-Net)"


class Place(NamedTuple):
    """One transformer layer of a U-Net."""

    side: Side
    block: int
    layer: int


class Box(NamedTuple):
    """A phrase, [1, W], and its rectangle in latent cells."""

    phrase: Tensor
    height: int
    width: int
    y: int
    x: int


@dataclass(frozen=True)
class GligenConfig:
    """Sizes: of phrases, of objects, and the width of the U-Net at every layer that is added to."""

    phrase: int
    objects: int
    widths: Mapping[Place, int]


class PositionNet(nn.Module):
    """Phrases and boxes as the objects that attention reads (section 3.1, equation 5)."""

    def __init__(self, phrase: int, objects: int) -> None:
        super().__init__()
        self.linears = nn.Sequential(
            nn.Linear(phrase + _POSITION, _INNER),
            nn.SiLU(),
            nn.Linear(_INNER, _INNER),
            nn.SiLU(),
            nn.Linear(_INNER, objects),
        )
        self.null_positive_feature = nn.Parameter(torch.empty(phrase))
        self.null_position_feature = nn.Parameter(torch.empty(_POSITION))

    def forward(self, phrases: Tensor, boxes: Tensor) -> Tensor:
        """Phrases [N, W] and their boxes [N, 4] to objects [1, 30, D]; places past N hold nothing."""
        told = torch.cat([phrases, fourier(boxes)], dim=1)
        nothing = torch.cat([self.null_positive_feature, self.null_position_feature])
        return self.linears(torch.cat([told, nothing.expand(MOST_BOXES - len(told), -1)]))[None]


def fourier(boxes: Tensor) -> Tensor:
    """Boxes [N, 4] (left, top, right, bottom; 0..1) as [N, 64]: by frequency, sines before cosines."""
    frequencies = 100 ** (torch.arange(_FREQUENCIES, device=boxes.device) / _FREQUENCIES)
    angles = frequencies.to(boxes)[None, :, None] * boxes[:, None, :]
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


class GatedSelfAttention(nn.Module):
    """Attention of tokens to themselves and to objects, added as far as learned gates are open (eq. 8)."""

    def __init__(self, width: int, objects: int) -> None:
        super().__init__()
        self.linear = nn.Linear(objects, width)
        self.attn = CrossAttention(width, width, heads=1)  # how many heads it has, the U-Net tells
        self.ff = FeedForward(width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.alpha_attn = nn.Parameter(torch.empty(()))
        self.alpha_dense = nn.Parameter(torch.empty(()))

    def forward(self, x: Tensor, objects: Tensor, heads: int) -> Tensor:
        """Tokens [B, N, C] and objects [B, 30, D] to tokens."""
        joined = self.norm1(torch.cat([x, self.linear(objects)], dim=1))
        attention, tokens = self.attn, joined[:, : x.shape[1]]
        seen = attend(attention.to_q(tokens), attention.to_k(joined), attention.to_v(joined), heads)
        x = x + self.alpha_attn.tanh() * attention.to_out(seen)
        return x + self.alpha_dense.tanh() * self.ff(self.norm2(x))


class GligenNetwork(nn.Module):
    """All that GLIGEN adds to a U-Net."""

    def __init__(self, config: GligenConfig) -> None:
        super().__init__()
        self.config = config
        self.position_net = PositionNet(config.phrase, config.objects)
        self.fusers = nn.ModuleDict(
            {_key(place): GatedSelfAttention(width, config.objects) for place, width in config.widths.items()}
        )


@dataclass(frozen=True, eq=False)
class Gligen:
    """The GLIGEN socket. A conditioning takes it along as `gligen`: ("position", this, boxes)."""

    network: GligenNetwork
    placement: Placement = field(default_factory=Placement)
    """Brings the network to the device for `objects`; for a U-Net's calls whoever calls that brings it."""

    @cached_property
    def hooks(self) -> Hooks:
        """What adds the objects a call is told of to a U-Net's tokens; always the same object."""
        return Hooks(after_self_attention=(self._fuse,))

    @torch.no_grad()
    def objects(self, boxes: Sequence[Box], height: int, width: int) -> Tensor:
        """[1, 30, D]: what the hooks are told of boxes in a latent of that size. Without boxes, of nothing.

        Raises:
            ValueError: there are too many boxes, or phrases encoded for another model.
        """
        if len(boxes) > MOST_BOXES:
            raise ValueError(f"there are {len(boxes)} boxes and GLIGEN takes {MOST_BOXES}: leave some out")
        weight = self.network.position_net.null_positive_feature
        width_read = self.network.config.phrase
        for box in boxes:
            if box[0].shape[-1] != width_read:
                raise ValueError(
                    f"the phrase of a box is {box[0].shape[-1]} wide and this GLIGEN reads {width_read}: "
                    "encode it with the text encoder of the model the GLIGEN was made for (SD 1.x)"
                )
        device = self.placement.device_for(weight)
        phrases = torch.cat([torch.empty(0, width_read), *(box[0][:1].float().cpu() for box in boxes)])
        sides = [(x / width, y / height, (x + w) / width, (y + h) / height) for _, h, w, y, x in boxes]
        places = torch.tensor(sides).reshape(-1, 4)
        with self.placement.use(self.network, needs=(_WORKING,)):
            return self.network.position_net(
                phrases.to(device, weight.dtype), places.to(device, weight.dtype)
            )

    def check(self, model: DiffusionModel) -> None:
        """Refuse a model whose layers are not those this was made for.

        Raises:
            ValueError: naming the first layer that differs.
        """
        name = model.family or "the model"
        found = transformer_widths(model.network) if isinstance(model.network, UNet) else {}
        for place, width in self.network.config.widths.items():
            if found.get(place) != width:
                has = f"is {found[place]} wide" if place in found else "has no attention"
                raise ValueError(
                    f"this GLIGEN does not belong to {name}: at {place.side} block {place.block} it is "
                    f"{width} wide, and the model {has} there; use the GLIGEN of the model's family"
                )

    def _fuse(self, x: Tensor, site: Site) -> Tensor:
        key = _key(Place(site.side, site.block, site.layer))
        if site.told is None or key not in self.network.fusers:
            return x
        return self.network.fusers[key](x, site.told.to(x), site.heads)


def transformer_widths(network: UNet) -> dict[Place, int]:
    """Every transformer layer of a U-Net, and how many channels its tokens have."""
    sides: tuple[tuple[Side, Sequence[Any]], ...] = (
        ("input", list(network.input_blocks)),
        ("middle", [network.middle_block]),
        ("output", list(network.output_blocks)),
    )
    return {
        Place(side, index, layer): part.norm.num_channels
        for side, blocks in sides
        for index, block in enumerate(blocks)
        for part in block
        if isinstance(part, SpatialTransformer)
        for layer in range(len(part.transformer_blocks))
    }


def load_gligen(path: Path, *, precision: Precision, placement: Placement | None = None) -> Gligen:
    """Load GLIGEN's layers, from a file of their own or of a whole U-Net that has them.

    Args:
        path: the file.
        precision: which type to compute in.
        placement: where to compute; the best device there is if None.

    Raises:
        CheckpointError: the file is damaged or holds none.
    """
    placement = Placement(choose_device()) if placement is None else placement
    file = open_model(path)
    telltale = next((n for n in file.header.tensors if n.endswith(f"{_NET}null_positive_feature")), None)
    if telltale is None:
        raise CheckpointError(path, _NO_PLACES, "choose one, such as gligen_sd14_textbox_pruned.safetensors")
    prefix = telltale.removesuffix(f"{_NET}null_positive_feature")
    config = sizes(_config, file, prefix, _naming)
    unet = tuple({name.removeprefix(prefix).split(".")[0] + "." for name in file.header.tensors} - {_NET})
    network = assemble(
        lambda: GligenNetwork(config),
        file,
        prefix,
        precision.dtypes(placement.device).network,
        placement.home,
        naming=_naming,
        ignore=unet,
    )
    return Gligen(network, placement)


def _config(shapes: Mapping[str, Shape]) -> GligenConfig:
    places = {
        _place(name.split(".")[1]): shape[0]
        for name, shape in shapes.items()
        if name.startswith("fusers.") and name.endswith(".linear.bias")
    }
    if not places:
        raise ValueError(_NO_PLACES)
    phrase = shapes[f"{_NET}null_positive_feature"][0]
    return GligenConfig(phrase, shapes[f"{_NET}linears.4.weight"][0], places)


def _naming(stored: Mapping[str, Shape]) -> Mapping[str, Source]:
    """GLIGEN's file names its layers by where in the U-Net they are."""
    sources = {name: Source(name) for name in stored if name.startswith(_NET)}
    for name in stored:
        if match := _FUSER.fullmatch(name):
            side, block, middle, layer, rest = match.groups()
            place = Place(cast("Side", side or middle), int(block or 0), int(layer))
            sources[f"fusers.{_key(place)}.{rest}"] = Source(name)
    return sources


def _key(place: Place) -> str:
    return f"{place.side}_{place.block}_{place.layer}"


def _place(key: str) -> Place:
    side, block, layer = key.split("_")
    return Place(cast("Side", side), int(block), int(layer))
