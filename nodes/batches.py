"""Nodes that put several latents or pictures together, and take them apart."""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import torch
from torch import Tensor

from diffusion.regions import to_batch
from engine.node import node
from engine.types import Range, Socket
from nodes.resize import resize
from nodes.types import Image, Latent, Seed


class Seeds(NamedTuple):
    seeds: Annotated[list[int], Socket("INT", is_list=True)]


@node("ImageBatch", title="Batch Images", category="image", lane="cpu")
def image_batch(*, image1: Image, image2: Image) -> Image:
    """Put pictures into one batch.

    Args:
        image1: The first pictures; the batch has their size.
        image2: The pictures that follow, cut and scaled to that size.
    """
    return joined([image1, image2])


@node("ImageListToBatch", title="Image List to Batch", category="image", lane="cpu", takes_lists=True)
def image_list_to_batch(*, images: Annotated[list[Tensor], Socket("IMAGE")]) -> Image:
    """Put the pictures of a list, as several runs of a node make one, into one batch.

    Args:
        images: The pictures; those of another size than the first are cut and scaled to it.
    """
    return joined(images)


@node("RepeatLatentBatch", title="Repeat Latent Batch", category="latent/batch", lane="cpu")
def repeat_latent_batch(*, samples: Latent, amount: Annotated[int, Range(1, 64)] = 1) -> Latent:
    """Repeat latents, to draw several pictures that start from the same one. Each gets noise of its own.

    Args:
        samples: The latents.
        amount: How many times they occur in the result.
    """
    latent = samples["samples"]
    result: Latent = {**samples, "samples": latent.repeat(amount, *[1] * (latent.ndim - 1))}
    if "noise_mask" in samples and len(samples["noise_mask"]) > 1:
        result["noise_mask"] = to_batch(samples["noise_mask"], len(latent)).repeat(amount, 1, 1, 1)
    if "batch_index" in samples:
        first = samples["batch_index"]
        step = max(first) - min(first) + 1
        result["batch_index"] = [index + step * time for time in range(amount) for index in first]
    return result


@node("LatentFromBatch", title="Latent From Batch", category="latent/batch", lane="cpu")
def latent_from_batch(
    *,
    samples: Latent,
    batch_index: Annotated[int, Range(0, 63)] = 0,
    length: Annotated[int, Range(1, 64)] = 1,
) -> Latent:
    """Take some latents out of a batch. They keep their noise: the same pictures come out as in the batch.

    Args:
        samples: The batch.
        batch_index: The first one to take, counted from 0.
        length: How many to take, as far as there are.
    """
    latent = samples["samples"]
    start = min(batch_index, len(latent) - 1)
    taken = slice(start, min(start + length, len(latent)))
    result: Latent = {**samples, "samples": latent[taken].clone()}
    if "noise_mask" in samples and len(samples["noise_mask"]) > 1:
        result["noise_mask"] = to_batch(samples["noise_mask"], len(latent))[taken].clone()
    result["batch_index"] = (samples.get("batch_index") or list(range(len(latent))))[taken]
    return result


@node("LatentBatchSeedBehavior", title="LatentBatchSeedBehavior", category="latent/advanced", lane="cpu")
def latent_batch_seed_behavior(
    *, samples: Latent, seed_behavior: Literal["random", "fixed"] = "fixed"
) -> Latent:
    """Choose whether the latents of a batch get noise of their own or all the same.

    Args:
        samples: The batch.
        seed_behavior: `random` gives each other noise, `fixed` gives all the noise of the first.
    """
    result: Latent = {**samples}
    result.pop("batch_index", None)
    if seed_behavior == "fixed":
        first = (samples.get("batch_index") or [0])[0]
        result["batch_index"] = [first] * len(samples["samples"])
    return result


@node("SeedRange", title="Seed Range", category="sampling", lane="cpu")
def seed_range(*, seed: Seed = 0, count: Annotated[int, Range(1, 64)] = 4) -> Seeds:
    """Several seeds in a row. What they are connected to runs once for each of them.

    Args:
        seed: The first seed.
        count: How many.

    Returns:
        seeds: seed, seed + 1, …; after the largest one comes 0.
    """
    return Seeds([(seed + index) % 2**64 for index in range(count)])


def joined(batches: Sequence[Tensor]) -> Tensor:
    """One batch of several, with the size of the first and an alpha channel if one of them has it."""
    height, width = batches[0].shape[1:3]
    channels = max(batch.shape[-1] for batch in batches)
    fitting = [
        batch
        if batch.shape[1:3] == (height, width)
        else resize(batch.movedim(-1, 1), width, height, "bilinear", "center").movedim(1, -1)
        for batch in batches
    ]
    return torch.cat([opaque(batch, channels) for batch in fitting])


def opaque(image: Tensor, channels: int) -> Tensor:
    """The pictures with `channels` channels: grey becomes all three colours, an alpha that is added is 1."""
    if image.shape[-1] == 1 and channels > 1:
        image = image.expand(-1, -1, -1, 3)
    missing = channels - image.shape[-1]
    return image if missing == 0 else torch.cat([image, image.new_ones(*image.shape[:-1], missing)], dim=-1)
