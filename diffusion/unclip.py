"""Pictures as prompts: the vector unCLIP models take of a picture's CLIP embedding (arXiv 2204.06125).

The embedding is noised by a chosen amount, so that the model keeps the subject and leaves the rest open, and
told how much (SD 2.1 unCLIP, after Karlo). A conditioning has the pictures as `unclip_conditioning`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypedDict

import torch
from torch import Tensor

from diffusion.clip_vision import ClipVisionOutput
from diffusion.layers.embedding import timestep_embedding

if TYPE_CHECKING:
    from diffusion.checkpoint.tensors import ModelFile
    from diffusion.model import Extra

OPTION = "unclip_conditioning"
MEAN, STD = "noise_augmentor.data_mean", "noise_augmentor.data_std"
"""Statistics of embeddings, in checkpoints that have them (diffusers: `image_normalizer`)."""
LEVELS = 1000
MERGED = 0.05
"""How strongly the sum of several embeddings is noised once more."""
_SEED_BELOW = 10
"""The noise has a seed of its own: that of the run less 10."""


class Shown(TypedDict):
    """One or more pictures shown to a model."""

    clip_vision_output: ClipVisionOutput
    strength: float
    noise_augmentation: float
    """0 keeps the embedding, 1 leaves nothing of it."""


@cache
def cosine_products() -> Tensor:
    """Cumulative products of 1 - beta of the cosine schedule (arXiv 2102.09672, eq. 17), float64 [1000]."""
    angles = (torch.arange(LEVELS + 1, dtype=torch.float64) / LEVELS + 0.008) / 1.008 * math.pi / 2
    left = angles.cos() ** 2
    return (left[1:] / left[:-1]).clamp(min=1 - 0.999).cumprod(0)


@dataclass(frozen=True, eq=False)
class EmbeddingNoise:
    """Noises embeddings [1, W] that were centred and scaled by the statistics of many."""

    mean: Tensor | None = None
    std: Tensor | None = None

    def __call__(self, embedding: Tensor, amount: float, seed: int) -> Tensor:
        """[1, 2 W]: the embedding noised by `amount` (0..1), then the level of noise as a sinusoid."""
        mean = torch.zeros(1) if self.mean is None else self.mean
        std = torch.ones(1) if self.std is None else self.std
        level = round((LEVELS - 1) * amount)
        left = cosine_products()[level]
        noise = torch.randn(embedding.shape, generator=torch.Generator().manual_seed(seed))
        noised = (embedding - mean) / std * float(left.sqrt()) + noise * float((1 - left).sqrt())
        told = timestep_embedding(torch.tensor([level]), embedding.shape[-1])
        return torch.cat([noised * std + mean, told], dim=1)


def picture_vector(
    shown: Sequence[Shown], width: int, seed: int, noise: EmbeddingNoise, merged: float, reader: str
) -> Tensor:
    """What a model is told of all pictures shown to it, [1, 2 * width] float32 on the CPU.

    Args:
        shown: the pictures, at least one.
        width: of the embeddings that the model reads.
        seed: of the run.
        noise: how embeddings are noised.
        merged: how strongly their sum is noised where there are several.
        reader: what the model is called in messages.

    Raises:
        ValueError: a picture was encoded for another model.
    """
    seed -= _SEED_BELOW
    vectors: list[Tensor] = []
    for each in shown:
        embeddings = each["clip_vision_output"].image_embeds.float().cpu()
        if embeddings.shape[-1] != width:
            raise ValueError(
                f"the picture was encoded as {embeddings.shape[-1]} numbers and {reader} reads {width}: "
                "encode it with the vision encoder of the model's own checkpoint (unCLIPCheckpointLoader); "
                "for SDXL, with OpenCLIP-G"
            )
        amount, strength = each["noise_augmentation"], each["strength"]
        vectors += [noise(embedding[None], amount, seed) * strength for embedding in embeddings]
    if len(vectors) == 1:
        return vectors[0]
    return noise(torch.stack(vectors).sum(dim=0)[:, :width], merged, seed)


@dataclass(frozen=True, eq=False)
class PictureVector:
    """Makes `y` of the pictures shown: what `DiffusionModel.extra` of unCLIP models is; zeros without any."""

    width: int
    noise: EmbeddingNoise = EmbeddingNoise()
    reader: str = "SD 2.1 unCLIP"

    def __call__(self, options: Mapping[str, Any], latent: Tensor) -> Mapping[str, Tensor]:
        """{"y": [1, 2 * width]}, float32.

        Raises:
            ValueError: a picture was encoded for another model.
        """
        shown = options.get(OPTION)
        if not shown:
            return {"y": torch.zeros(1, 2 * self.width)}
        seed = options.get("seed", 0)
        return {"y": picture_vector(shown, self.width, seed, self.noise, MERGED, self.reader)}


def with_statistics(extra: Extra, file: ModelFile) -> Extra:
    """The same with the statistics that the file holds, if it does."""
    names = file.header.tensors
    if not isinstance(extra, PictureVector) or MEAN not in names or STD not in names:
        return extra
    found = file.read([MEAN, STD], torch.float32, torch.device("cpu"))
    noise = EmbeddingNoise(found[MEAN].reshape(1, -1), found[STD].reshape(1, -1))
    return PictureVector(extra.width, noise, extra.reader)
