"""The vector `y` of newer networks: the pooled text, and in SDXL sizes as sinusoids (arXiv 2307.01952)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from diffusion.layers.embedding import timestep_embedding
from diffusion.unclip import OPTION, EmbeddingNoise, picture_vector

SIZE_WIDTH = 256
"""Channels of one number's sinusoid."""
_PIXELS = 8
"""Pixels to a cell of the latent, along each side."""
GUIDANCE = 3.5
"""What Flux is told where a conditioning does not say."""
_POSITIVE_SCORE, _NEGATIVE_SCORE = 6.0, 2.5

Numbers = Callable[[Mapping[str, Any], int, int], tuple[float, ...]]
"""(conditioning options, height, width of the picture in pixels) -> the numbers, in the network's order."""


def base_sizes(options: Mapping[str, Any], height: int, width: int) -> tuple[float, ...]:
    """SDXL base: the size of the original picture, where it was cropped, and the size it is shown at."""
    width, height = options.get("width", width), options.get("height", height)
    return (
        height,
        width,
        options.get("crop_h", 0),
        options.get("crop_w", 0),
        options.get("target_height", height),
        options.get("target_width", width),
    )


def refiner_sizes(options: Mapping[str, Any], height: int, width: int) -> tuple[float, ...]:
    """SDXL refiner: original size and crop, then how much people are to like the picture (0..10)."""
    negative = options.get("prompt_type") == "negative"
    return (
        options.get("height", height),
        options.get("width", width),
        options.get("crop_h", 0),
        options.get("crop_w", 0),
        options.get("aesthetic_score", _NEGATIVE_SCORE if negative else _POSITIVE_SCORE),
    )


@dataclass(frozen=True)
class SizeVector:
    """Makes `y` of a conditioning's options: what `DiffusionModel.extra` of SDXL models is.

    `pooled` is the width of the pooled text; zeros stand for it where a conditioning has none.
    """

    pooled: int
    numbers: Numbers

    def __call__(self, options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Tensor]:
        """{"y": [B, pooled + 256 per number]}, float32.

        Raises:
            ValueError: the pooled text is of another width, so it was encoded for another model.
        """
        height, width = (_PIXELS * side for side in latent.shape[-2:])
        pooled = _pictures(options, self.pooled) if options.get(OPTION) else pooled_text(options, self.pooled)
        numbers = torch.tensor(self.numbers(options, height, width), dtype=torch.float32)
        sizes = timestep_embedding(numbers, SIZE_WIDTH).reshape(1, -1).expand(len(pooled), -1)
        return {"y": torch.cat([pooled, sizes], dim=1)}


@dataclass(frozen=True)
class PooledText:
    """Makes `y` of the pooled text alone: what `DiffusionModel.extra` of SD3 and Flux models is.

    `guided` networks are also told how strongly to follow the prompt, with one call of the network a step.
    """

    pooled: int
    guided: bool = False

    def __call__(self, options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Tensor]:
        """{"y": [B, pooled]}, and {"guidance": [B]} for guided networks; float32.

        Raises:
            ValueError: the pooled text is of another width, so it was encoded for another model.
        """
        vector = pooled_text(options, self.pooled)
        if not self.guided:
            return {"y": vector}
        return {"y": vector, "guidance": torch.full((len(vector),), float(options.get("guidance", GUIDANCE)))}


def _pictures(options: Mapping[str, Any], width: int) -> Tensor:
    """What pictures say in place of the pooled text, [1, width]: SDXL's text and pictures share a space."""
    noise, seed = EmbeddingNoise(), options.get("seed", 0)
    return picture_vector(options[OPTION], width, seed, noise, 0.0, "SDXL")[:, :width]


def pooled_text(options: Mapping[str, Any], width: int) -> Tensor:
    """The pooled text [B, width] of a conditioning, float32 on the CPU; zeros where there is none.

    Raises:
        ValueError: it is of another width, so it was encoded for another model.
    """
    pooled = options.get("pooled_output")
    if pooled is None:
        return torch.zeros(1, width)
    if pooled.shape[-1] != width:
        raise ValueError(
            f"the conditioning's pooled text is {pooled.shape[-1]} wide and this model takes "
            f"{width}: encode the prompt with the text encoder that belongs to this model"
        )
    return pooled.float().cpu()
