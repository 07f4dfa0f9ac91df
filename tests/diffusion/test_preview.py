"""Previews are the published linear fit of latent channels to colours."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diffusion.families import Family
from diffusion.families.sd1 import SD1
from diffusion.families.sd2 import SD2
from diffusion.families.sdxl import SDXL, SDXL_REFINER
from diffusion.model import LatentFormat
from diffusion.preview import latent_to_rgb

# One row per latent channel, one column per colour.
SD1_FACTORS = [
    [0.3512, 0.2297, 0.3227],
    [0.3250, 0.4974, 0.2350],
    [-0.2829, 0.1762, 0.2721],
    [-0.2120, -0.2616, -0.7177],
]
SDXL_FACTORS = [
    [0.3651, 0.4232, 0.4341],
    [-0.2533, -0.0042, 0.1068],
    [0.1076, 0.1111, -0.0362],
    [-0.3165, -0.2492, -0.2188],
]
SDXL_BIAS = [0.1084, -0.0175, -0.0011]


@pytest.mark.parametrize(
    ("family", "factors", "bias"),
    [
        (SD1, SD1_FACTORS, [0.0] * 3),
        (SD2, SD1_FACTORS, [0.0] * 3),
        (SDXL, SDXL_FACTORS, SDXL_BIAS),
        (SDXL_REFINER, SDXL_FACTORS, SDXL_BIAS),
    ],
    ids=lambda value: value.name if isinstance(value, Family) else "",
)
def test_colours_are_the_weighted_channels(
    family: Family, factors: list[list[float]], bias: list[float]
) -> None:
    latents = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(0))
    shown = latent_to_rgb(latents, family.latent_format)
    mixed = np.einsum("bchw,cr->bhwr", latents.numpy(), np.array(factors)) + np.array(bias)
    assert shown.shape == (2, 3, 5, 3)
    np.testing.assert_allclose(shown.numpy(), np.clip((mixed + 1) / 2, 0, 1), atol=1e-6)


def test_the_bias_of_a_format_is_added() -> None:
    biased = LatentFormat(channels=1, rgb=((0.0, 0.0, 0.0),), rgb_bias=(-1.0, 0.0, 0.5))
    assert latent_to_rgb(torch.zeros(1, 1, 1, 1), biased)[0, 0, 0].numpy().tolist() == [0.0, 0.5, 0.75]
