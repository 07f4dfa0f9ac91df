"""Batches: put together, taken apart, and the noise each of their pictures gets."""

from pathlib import Path
from typing import Any

import pytest
import torch

from nodes.batches import (
    image_batch,
    image_list_to_batch,
    latent_batch_seed_behavior,
    latent_from_batch,
    repeat_latent_batch,
    seed_range,
)
from tests.nodes.graphs import Bench, Graph, node, text_to_image


@pytest.fixture
def bench(folder: Path) -> Bench:
    return Bench(folder)


def latents(count: int, **more: Any) -> Any:
    return {"samples": torch.arange(count).float().reshape(count, 1, 1, 1).repeat(1, 4, 2, 2), **more}


def numbers(latent: Any) -> list[float]:
    return [float(one[0, 0, 0]) for one in latent["samples"]]


def batch(**sampler: Any) -> Graph:
    graph = text_to_image(**sampler)
    graph["latent"]["inputs"]["batch_size"] = 3
    return graph


def test_pictures_of_other_sizes_are_fitted_to_the_first() -> None:
    first, wide = torch.zeros(1, 4, 4, 3), torch.ones(2, 8, 16, 3)
    joined = image_batch(image1=first, image2=wide)
    assert joined.shape == (3, 4, 4, 3) and joined[1:].min() == 1
    assert image_list_to_batch(images=[first, wide, first]).shape == (4, 4, 4, 3)


def test_a_picture_without_alpha_is_opaque_among_those_that_have_one() -> None:
    joined = image_batch(image1=torch.zeros(1, 2, 2, 3), image2=torch.zeros(1, 2, 2, 4))
    assert joined.shape == (2, 2, 2, 4)
    assert joined[0, ..., 3].min() == 1 and joined[1, ..., 3].max() == 0


def repeated(latent: Any, amount: int) -> dict[str, Any]:
    return {**repeat_latent_batch(samples=latent, amount=amount)}


def taken(latent: Any, start: int, length: int) -> dict[str, Any]:
    return {**latent_from_batch(samples=latent, batch_index=start, length=length)}


def test_repeated_latents_count_on_and_keep_their_masks() -> None:
    twice = repeated(latents(2, batch_index=[4, 5], type="audio"), 2)
    assert numbers(twice) == [0, 1, 0, 1] and twice["type"] == "audio"
    assert twice["batch_index"] == [4, 5, 6, 7]
    masks = torch.arange(2.0).reshape(2, 1, 1, 1)
    assert repeated(latents(2, noise_mask=masks), 2)["noise_mask"].equal(torch.cat([masks, masks]))
    one = torch.ones(1, 1, 8, 8)
    assert repeated(latents(2, noise_mask=one), 3)["noise_mask"] is one


@pytest.mark.parametrize(
    ("start", "length", "expected"), [(0, 1, [0]), (1, 2, [1, 2]), (2, 64, [2]), (63, 1, [2])]
)
def test_some_of_a_batch_keep_their_noise(start: int, length: int, expected: list[int]) -> None:
    some = taken(latents(3), start, length)
    assert numbers(some) == expected and some["batch_index"] == expected
    later = taken(latents(3, batch_index=[7, 8, 9]), start, length)
    assert later["batch_index"] == [7 + number for number in expected]


def test_a_picture_of_a_batch_can_be_drawn_alone(bench: Bench) -> None:
    graph = batch()
    graph["one"] = node("LatentFromBatch", samples=["latent", 0], batch_index=1, length=1)
    graph["alone"] = node("KSampler", **{**graph["sample"]["inputs"], "latent_image": ["one", 0]})
    together, alone = bench.value(graph, "sample")["samples"], bench.value(graph, "alone")["samples"]
    assert torch.allclose(together[1:2], alone, rtol=1e-3, atol=1e-2)


def test_a_batch_may_have_the_same_noise_for_all(bench: Bench) -> None:
    graph = batch(latent_image=["same", 0])
    graph["same"] = node("LatentBatchSeedBehavior", samples=["latent", 0], seed_behavior="fixed")
    fixed = bench.value(graph, "sample")["samples"]
    assert torch.allclose(fixed[0], fixed[1], atol=1e-5) and torch.allclose(fixed[0], fixed[2], atol=1e-5)
    graph["same"]["inputs"]["seed_behavior"] = "random"
    random = bench.value(graph, "sample")["samples"]
    assert torch.allclose(random[0], fixed[0], atol=1e-4) and not torch.allclose(random[0], random[1])


def test_random_noise_forgets_which_latent_it_was() -> None:
    assert "batch_index" not in latent_batch_seed_behavior(
        samples=latents(2, batch_index=[5, 5]), seed_behavior="random"
    )


def test_seeds_follow_each_other_and_start_again_after_the_largest() -> None:
    assert seed_range(seed=2**64 - 2, count=3).seeds == [2**64 - 2, 2**64 - 1, 0]


def test_the_sampler_runs_once_for_each_seed(bench: Bench, folder: Path) -> None:
    graph = text_to_image(seed=["seeds", 0])
    graph["seeds"] = node("SeedRange", seed=5, count=2)
    graph["batch"] = node("ImageListToBatch", images=["decode", 0])
    made = bench.value(graph, "batch")
    assert made.shape == (2, 64, 64, 3)
    assert made[1:].equal(bench.value(text_to_image(seed=6), "decode"))
