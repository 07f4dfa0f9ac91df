"""Published changes of a U-Net's blocks, one a file, as `Hooks` a model carries."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from diffusion.adapters.patched import Patched
from diffusion.hooks import Hooks
from diffusion.model import DiffusionModel
from diffusion.unet import UNet

__all__ = ["need_unet", "with_hooks"]


def with_hooks(model: DiffusionModel, hooks: Hooks, who: str) -> DiffusionModel:
    """The model with hooks besides those it carries; `who` asks, for messages.

    Raises:
        ValueError: its network is no U-Net.
    """
    need_unet(model, who)
    return replace(model, hooks=model.hooks + hooks)


def need_unet(model: DiffusionModel, who: str) -> None:
    """Raise ValueError for a model whose network has no places for hooks."""
    network = model.network
    base = network.base if isinstance(network, Patched) else network
    if isinstance(base, nn.Module) and not isinstance(getattr(base, "_orig_mod", base), UNet):
        name = model.family or type(base).__name__
        raise ValueError(
            f"{who} changes the blocks of a U-Net (SD 1.x, SD 2.x, SDXL), and {name} has another network: "
            "leave the node out"
        )
