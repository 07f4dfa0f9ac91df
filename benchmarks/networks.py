"""One U-Net twice, as ours and as diffusers', at full size and with the same random weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint  # pyright: ignore
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from diffusion.layers.convolution import arranged
from diffusion.layers.embedding import timestep_embedding
from diffusion.unet import UNet
from diffusion.unet_config import UNetConfig
from diffusion.vectors import SIZE_WIDTH

_PREFIX = "model.diffusion_model."
POOLED = 1280


@dataclass(frozen=True)
class Network:
    """The sizes of a network, and what diffusers calls them."""

    title: str
    config: UNetConfig
    theirs: Mapping[str, Any]
    pictures: tuple[int, int]
    """Sides in pixels to measure with on a CPU and on a GPU."""


_SD15 = UNetConfig(
    widths=(320, 640, 1280, 1280),
    down_depths=((1, 1), (1, 1), (1, 1), (0, 0)),
    up_depths=((0, 0, 0), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
    middle_depth=1,
    context_dim=768,
)
_SDXL = UNetConfig(
    widths=(320, 640, 1280),
    down_depths=((0, 0), (2, 2), (10, 10)),
    up_depths=((10, 10, 10), (2, 2, 2), (0, 0, 0)),
    middle_depth=10,
    context_dim=2048,
    heads=None,
    head_dim=64,
    linear_projection=True,
    vector_dim=2816,
)
NETWORKS: Mapping[str, Network] = {
    "sd15": Network("Stable Diffusion 1.5", _SD15, {"cross_attention_dim": 768}, (256, 512)),
    "sdxl": Network(
        "SDXL",
        _SDXL,
        {
            "block_out_channels": (320, 640, 1280),
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            "transformer_layers_per_block": (1, 2, 10),
            "attention_head_dim": (5, 10, 20),
            "cross_attention_dim": 2048,
            "use_linear_projection": True,
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 2816,
        },
        (256, 1024),
    ),
    "small": Network(
        "a small network",
        UNetConfig(
            widths=(32, 64, 64, 64),
            down_depths=_SD15.down_depths,
            up_depths=_SD15.up_depths,
            middle_depth=1,
            context_dim=64,
        ),
        {"block_out_channels": (32, 64, 64, 64), "cross_attention_dim": 64},
        (128, 128),
    ),
}


@dataclass(frozen=True)
class Batch:
    """What a step of guidance shows a network: a negative and a positive prompt for each of `latents`."""

    latents: int
    x: Tensor
    t: Tensor
    context: Tensor
    pooled: Tensor
    sizes: Tensor

    @classmethod
    def of(
        cls, config: UNetConfig, side: int, latents: int, dtype: torch.dtype, device: torch.device
    ) -> Batch:
        torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
        rows = 2 * latents
        prompts = torch.randn(2, 77, config.context_dim).repeat_interleave(latents, dim=0)
        return cls(
            latents,
            torch.randn(rows, 4, side // 8, side // 8).to(device, dtype),
            torch.full((rows,), 999, device=device),
            prompts.to(device, dtype),
            torch.randn(2, POOLED).repeat_interleave(latents, dim=0).to(device, dtype),
            torch.tensor([[side, side, 0, 0, side, side]]).repeat(rows, 1).to(device),
        )

    @property
    def vector(self) -> Tensor:
        """The vector `y` [B, 2816] of SDXL."""
        sizes = timestep_embedding(self.sizes.flatten(), SIZE_WIDTH).view(len(self.sizes), -1)
        return torch.cat([self.pooled, sizes.to(self.pooled)], dim=1)


def build(network: Network, dtype: torch.dtype, device: torch.device) -> tuple[UNet, UNet2DConditionModel]:
    """Ours and diffusers'. Linear layers share their memory; our kernels have an order of their own."""
    ours = _randomised(lambda: UNet(network.config), dtype, device)
    with torch.device("meta"):
        sizes: dict[str, Any] = {"attention_head_dim": 8, **network.theirs}
        theirs = UNet2DConditionModel(**sizes).eval()
    names = dict(theirs.config)
    names |= {"addition_embed_type": network.theirs.get("addition_embed_type")}
    weights = {f"{_PREFIX}{name}": value for name, value in ours.state_dict().items()}
    made = cast("dict[str, Tensor]", convert_ldm_unet_checkpoint(weights, names))
    theirs.load_state_dict(made, assign=True)
    arranged(ours, dtype)  # as checkpoints are loaded
    return ours, theirs.requires_grad_(False)


def _randomised(make: Callable[[], UNet], dtype: torch.dtype, device: torch.device) -> UNet:
    """Weights of ordinary size: neither denormal numbers nor NaN change the time of a step."""
    with torch.device("meta"):
        module = make()
    module = module.to(dtype).to_empty(device=device).requires_grad_(False).eval()
    for value in module.parameters():
        value.normal_(std=0.02)
    for norm in (part for part in module.modules() if isinstance(part, (nn.GroupNorm, nn.LayerNorm))):
        norm.weight.fill_(1)
    return module


def their_call(network: UNet2DConditionModel, batch: Batch) -> Callable[[], Tensor]:
    """One call of diffusers' network, or of it compiled."""
    more = {"added_cond_kwargs": {"text_embeds": batch.pooled, "time_ids": batch.sizes}}
    return lambda: network(batch.x, batch.t, encoder_hidden_states=batch.context, return_dict=False, **more)[
        0
    ]


def our_call(network: UNet, batch: Batch) -> Callable[[], Tensor]:
    """The same call of ours."""
    more = {} if network.config.vector_dim is None else {"y": batch.vector}
    return lambda: network(batch.x, batch.t, batch.context, **more)
