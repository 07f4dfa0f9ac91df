"""A quick look at latents: a linear fit of their channels to colours, or a tiny autoencoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffusion.model import LatentFormat


def latent_to_rgb(latents: Tensor, latent_format: LatentFormat) -> Tensor:
    """Small pictures [B, H, W, 3] in 0..1, float32 on the CPU, a pixel per latent cell.

    Args:
        latents: [B, C, H, W] in model space (scaled), e.g. the denoised prediction of a step.
        latent_format: whose `rgb` and `rgb_bias` give each channel its colour.
    """
    factors = torch.tensor(latent_format.rgb, dtype=torch.float32)
    colours = latents.detach().float().cpu().movedim(1, -1) @ factors + torch.tensor(latent_format.rgb_bias)
    return ((colours + 1) / 2).clamp(0, 1)


@torch.no_grad()
def decoded(latents: Tensor, decoder: nn.Module, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Pictures [B, 8H, 8W, 3] in 0..1, float32 on the CPU, of latents [B, C, H, W] in model space.

    Args:
        latents: as for `latent_to_rgb`.
        decoder: that of a TAESD (`diffusion.taesd.decoder`), with weights of `dtype` on `device`.
        dtype: what it computes in.
        device: where.
    """
    return decoder(latents.to(device, dtype)).float().cpu().clamp(0, 1).movedim(1, -1)
