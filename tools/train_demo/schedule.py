"""The noise schedule of SD 1.x (betas linear in their square roots), and a DDIM loop to look at progress."""

import torch
from torch import Tensor

from diffusion.unet import UNet


def _alphas_cumprod() -> Tensor:
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64).square()
    return (1 - betas).cumprod(0).float()


ALPHAS_CUMPROD = _alphas_cumprod()


@torch.no_grad()
def ddim(
    unet: UNet, context: Tensor, empty: Tensor, noise: Tensor, *, steps: int = 20, scale: float = 3.0
) -> Tensor:
    """Latents [B, 4, H, W] for `context` [B, 77, D], by DDIM (Song et al. 2021) with guidance `scale`."""
    times = torch.linspace(999, 0, steps).round().long()
    levels = torch.cat([ALPHAS_CUMPROD[times], torch.ones(1)])
    both = torch.cat([context, empty.expand_as(context)])
    x = noise
    for index, t in enumerate(times):
        level, following = levels[index], levels[index + 1]
        with torch.autocast("cpu", torch.bfloat16):
            wanted, plain = unet(torch.cat([x, x]), t.expand(2 * len(x)), both).float().chunk(2)
        predicted = plain + scale * (wanted - plain)
        clean = (x - (1 - level).sqrt() * predicted) / level.sqrt()
        x = following.sqrt() * clean + (1 - following).sqrt() * predicted
    return x
