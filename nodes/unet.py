"""Nodes that change what the blocks of a U-Net do."""

from typing import Annotated

from diffusion.adapters.patched import base_of
from diffusion.hooked import need_unet, with_hooks
from diffusion.hooked.freeu import FreeU, Stage
from diffusion.hooked.tiled_attention import TiledAttention
from diffusion.hooked.token_merging import TokenMerging
from diffusion.model import DiffusionModel
from diffusion.unet import UNet
from engine.node import node
from engine.types import Range
from nodes.types import Model

CATEGORY = "model_patches/unet"
Factor = Annotated[float, Range(0.0, 10.0, step=0.01)]


@node("FreeU", title="FreeU", category=CATEGORY, lane="cpu")
def freeu(*, model: Model, b1: Factor = 1.1, b2: Factor = 1.2, s1: Factor = 0.9, s2: Factor = 0.2) -> Model:
    """Better pictures for nothing: amplify the U-Net's backbone, and weaken what it is told of coarse shapes.

    Args:
        model: A model with a U-Net.
        b1: Backbone factor of the widest blocks.
        b2: Backbone factor of the blocks half as wide.
        s1: Factor of low frequencies in the skip connections of the widest blocks.
        s2: Factor of low frequencies in the skip connections of the blocks half as wide.
    """
    return _freeu(model, "FreeU", Stage(b1, s1), Stage(b2, s2))


@node("FreeU_V2", title="FreeU_V2", category=CATEGORY, lane="cpu")
def freeu_v2(
    *, model: Model, b1: Factor = 1.3, b2: Factor = 1.4, s1: Factor = 0.9, s2: Factor = 0.2
) -> Model:
    """FreeU that amplifies each place by how much happens there.

    Args:
        model: A model with a U-Net.
        b1: Backbone factor of the widest blocks.
        b2: Backbone factor of the blocks half as wide.
        s1: Factor of low frequencies in the skip connections of the widest blocks.
        s2: Factor of low frequencies in the skip connections of the blocks half as wide.
    """
    return _freeu(model, "FreeU_V2", Stage(b1, s1), Stage(b2, s2), structured=True)


@node("HyperTile", title="HyperTile", category=CATEGORY, lane="cpu")
def hyper_tile(
    *,
    model: Model,
    tile_size: Annotated[int, Range(1, 2048)] = 256,
    swap_size: Annotated[int, Range(1, 128)] = 2,
    max_depth: Annotated[int, Range(0, 10)] = 0,
    scale_depth: bool = False,
) -> Model:
    """Let large pictures attend within tiles, which is faster and takes less memory.

    Args:
        model: A model with a U-Net; SDXL needs a max_depth of 1 or more.
        tile_size: Least side of a tile in pixels.
        swap_size: How many sizes of tiles take turns, so that no borders show.
        max_depth: At how many halvings of the picture attention is still tiled.
        scale_depth: Make tiles larger with each halving.
    """
    tiled = TiledAttention(tile_size, swap_size, max_depth, scale_depth)
    return with_hooks(model, tiled.hooks, "HyperTile")


@node("TomePatchModel", title="TomePatchModel", category=CATEGORY, lane="cpu")
def tome_patch_model(*, model: Model, ratio: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.3) -> Model:
    """Merge similar places for attention, which is faster and loses some detail.

    Args:
        model: A model with a U-Net.
        ratio: Share of the places that are merged into others; at most three of four are.
    """
    return with_hooks(model, TokenMerging(ratio).hooks, "TomePatchModel")


def _freeu(
    model: DiffusionModel, who: str, widest: Stage, half: Stage, *, structured: bool = False
) -> DiffusionModel:
    need_unet(model, who)
    network = base_of(model.network)
    assert isinstance(network, UNet)
    stem = network.config.widths[0]
    stages = {4 * stem: widest, 2 * stem: half}
    return with_hooks(model, FreeU(stages, structured).hooks, who)
