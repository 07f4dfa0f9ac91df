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
        ValueError: its network is no U-Net, or has none of the attentions that the hooks are for.
    """
    attention = hooks.attention_inputs or hooks.attention_instead or hooks.after_attention
    need_unet(model, who, attention=bool(attention or hooks.after_self_attention))
    return replace(model, hooks=model.hooks + hooks)


def need_unet(model: DiffusionModel, who: str, *, attention: bool = False) -> None:
    """Raise ValueError for a model whose network has no places for hooks, or none in its attentions."""
    network = model.network
    base = network.base if isinstance(network, Patched) else network
    base = getattr(base, "_orig_mod", base)
    name = model.family or type(base).__name__
    if isinstance(base, nn.Module) and not isinstance(base, UNet):
        raise ValueError(
            f"{who} changes the blocks of a U-Net (SD 1.x, SD 2.x, SDXL), and {name} has another network: "
            "leave the node out"
        )
    if attention and isinstance(base, UNet) and base.config.plain_attention:
        raise ValueError(
            f"{who} changes the attention of U-Nets that read a prompt (SD 1.x, SD 2.x, SDXL), and {name} "
            "reads none: leave the node out"
        )
