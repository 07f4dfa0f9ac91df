"""Previews are the published linear fit of latent channels to colours."""

from __future__ import annotations

import numpy as np
import torch

from diffusion.families.sd1 import SD1
from diffusion.model import LatentFormat
from diffusion.preview import latent_to_rgb

# facts of SD 1.x: one row per latent channel, one column per colour
FACTORS = np.array(
    [
        [0.3512, 0.2297, 0.3227],
        [0.3250, 0.4974, 0.2350],
        [-0.2829, 0.1762, 0.2721],
        [-0.2120, -0.2616, -0.7177],
    ]
)


def test_colours_are_the_weighted_channels() -> None:
    latents = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(0))
    shown = latent_to_rgb(latents, SD1.latent_format)
    mixed = np.einsum("bchw,cr->bhwr", latents.numpy(), FACTORS)
    assert shown.shape == (2, 3, 5, 3)
    np.testing.assert_allclose(shown.numpy(), np.clip((mixed + 1) / 2, 0, 1), atol=1e-6)


def test_the_bias_of_a_format_is_added() -> None:
    biased = LatentFormat(channels=1, rgb=((0.0, 0.0, 0.0),), rgb_bias=(-1.0, 0.0, 0.5))
    assert latent_to_rgb(torch.zeros(1, 1, 1, 1), biased)[0, 0, 0].numpy().tolist() == [0.0, 0.5, 0.75]
