"""Nodes that repeat pictures, take some out of a batch, and cut batches to another size."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from diffusion.model import Latent as LatentBatch
from diffusion.regions import to_batch
from engine.node import node
from engine.types import Range, Socket
from nodes.latent_joining import indices
from nodes.types import Image

Images = Annotated[list[Tensor], Socket("IMAGE", is_list=True)]
Latents = Annotated[list[LatentBatch], Socket("LATENT", is_list=True)]


@node("RepeatImageBatch", title="RepeatImageBatch", category="image/batch", lane="cpu")
def repeat_image_batch(*, image: Image, amount: Annotated[int, Range(1, 4096)] = 1) -> Image:
    """Repeat pictures.

    Args:
        image: The pictures.
        amount: How many times they occur in the result.
    """
    return image.repeat(amount, 1, 1, 1)


@node("ImageFromBatch", title="ImageFromBatch", category="image/batch", lane="cpu")
def image_from_batch(
    *,
    image: Image,
    batch_index: Annotated[int, Range(0, 4095)] = 0,
    length: Annotated[int, Range(1, 4096)] = 1,
) -> Image:
    """Take some pictures out of a batch.

    Args:
        image: The batch.
        batch_index: The first one to take, counted from 0.
        length: How many to take, as far as there are.
    """
    start = min(batch_index, len(image) - 1)
    return image[start : start + length].clone()


@node("RebatchImages", title="Rebatch Images", category="image/batch", lane="cpu", takes_lists=True)
def rebatch_images(
    *,
    images: Annotated[list[Tensor], Socket("IMAGE")],
    batch_size: Annotated[int, Range(1, 4096, step=1)] = 1,
) -> Images:
    """Put pictures into batches of another size. What they are connected to runs once for each batch.

    Args:
        images: The pictures, one batch or several.
        batch_size: How many a batch holds at most; pictures of different sizes never share one.
    """
    singles = [one for batch in images for one in ones(batch)]
    return [torch.cat(group) for group in grouped(singles, single(batch_size))]


@node("RebatchLatents", title="Rebatch Latents", category="latent/batch", lane="cpu", takes_lists=True)
def rebatch_latents(
    *,
    latents: Annotated[list[LatentBatch], Socket("LATENT")],
    batch_size: Annotated[int, Range(1, 4096, step=1)] = 1,
) -> Latents:
    """Put latents into batches of another size. What they are connected to runs once for each batch.

    They keep their noise: the same pictures come out, whatever the size of the batches.

    Args:
        latents: The latents, one batch or several.
        batch_size: How many a batch holds at most; latents of different sizes never share one.
    """
    numbers = noise_numbers(latents)
    masks = [mask for latent in latents for mask in masks_of(latent)]
    singles = [one for latent in latents for one in ones(latent["samples"])]
    batches: list[LatentBatch] = []
    for group in grouped(singles, single(batch_size)):
        taken = slice(count := sum(len(batch["samples"]) for batch in batches), count + len(group))
        batch: LatentBatch = {"samples": torch.cat(group), "batch_index": numbers[taken]}
        if any(mask is not None for mask in masks[taken]):
            batch["noise_mask"] = torch.cat(together(masks[taken]))
        batches.append(batch)
    return batches


def single(value: int | list[int]) -> int:
    """The value of a widget: a node that takes lists is handed a list for that, too."""
    return value[0] if isinstance(value, list) else value


def ones(batch: Tensor) -> list[Tensor]:
    """Batches of one."""
    return [one[None] for one in batch]


def grouped(singles: Iterable[Tensor], size: int) -> Iterator[list[Tensor]]:
    """Tensors in groups of at most `size`, all of one shape, in order."""
    group: list[Tensor] = []
    for one in singles:
        if group and (len(group) == size or group[0].shape != one.shape):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def noise_numbers(latents: Sequence[LatentBatch]) -> list[int]:
    """Which noise each latent gets: its own number, or where it stands among all of them."""
    numbers: list[int] = []
    for latent in latents:
        own = latent.get("batch_index")
        numbers += own if own else [len(numbers) + number for number in indices(latent)]
    return numbers


def masks_of(latent: LatentBatch) -> list[Tensor | None]:
    """The mask of each latent of a batch, [1,1,H,W]."""
    count = len(latent["samples"])
    if "noise_mask" not in latent:
        return [None] * count
    return [*ones(to_batch(latent["noise_mask"], count))]


def together(masks: Sequence[Tensor | None]) -> list[Tensor]:
    """Masks of one size, that of the first; where there is none everything may change."""
    first = next(mask for mask in masks if mask is not None)
    return [
        torch.ones_like(first)
        if mask is None
        else mask
        if mask.shape == first.shape
        else interpolate(mask, size=first.shape[-2:], mode="bilinear")
        for mask in masks
    ]
