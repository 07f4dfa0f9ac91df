"""Nodes that calculate with latents, cut, join and lay them on one another."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from diffusion.latent_operations import InGuidance, Sharpen, TonemapReinhard
from diffusion.model import Predictions
from diffusion.prediction import Eps
from nodes.latent_edit import (
    latent_composite,
    latent_composite_masked,
    latent_crop,
    latent_flip,
    latent_rotate,
)
from nodes.latent_joining import latent_batch, latent_concat, latent_cut, latent_cut_to_batch
from nodes.latent_math import (
    DifferentLatents,
    latent_add,
    latent_blend,
    latent_interpolate,
    latent_multiply,
    latent_subtract,
)
from nodes.rebatch import rebatch_latents
from tests.nodes.graphs import Bench, node, text_to_image


def latent(*shape: int, seed: int = 0, **more: Any) -> Any:
    return {"samples": torch.randn(shape, generator=torch.Generator().manual_seed(seed)), **more}


def of(samples: torch.Tensor) -> Any:
    return {"samples": samples}


def again(*given: Any, **more: Any) -> torch.Tensor:
    raise AssertionError("no further evaluation is asked for")


def numbered(count: int, **more: Any) -> Any:
    return {"samples": torch.arange(count).float().reshape(count, 1, 1, 1).expand(count, 4, 8, 8), **more}


def positions(height: int, width: int) -> Any:
    """Each cell holds its own place: 100 times the row, plus the column."""
    rows, columns = torch.arange(height)[:, None] * 100, torch.arange(width)
    return {"samples": (rows + columns).float().expand(1, 4, height, width)}


def test_sums_differences_and_products_are_those_of_the_cells() -> None:
    a, b = latent(1, 4, 3, 5), latent(1, 4, 3, 5, seed=1)
    x, y = a["samples"], b["samples"]
    assert latent_add(samples1=a, samples2=b)["samples"].equal(x + y)
    assert latent_subtract(samples1=a, samples2=b)["samples"].equal(x - y)
    assert latent_multiply(samples=a, multiplier=-2.5)["samples"].equal(x * -2.5)
    assert latent_blend(samples1=a, samples2=b, blend_factor=0.25)["samples"].equal(x * 0.25 + y * 0.75)


def test_the_second_latent_gets_the_size_and_number_of_the_first_which_keeps_what_else_it_has() -> None:
    mask = torch.ones(1, 1, 8, 8)
    three, one = latent(3, 4, 4, 4, noise_mask=mask), of(torch.full((1, 4, 8, 16), 2.0))
    total: Any = latent_add(samples1=three, samples2=one)
    assert torch.allclose(total["samples"], three["samples"] + 2) and total["noise_mask"] is mask


def test_interpolation_averages_lengths_and_directions_apart() -> None:
    # Of two orthogonal cells of length 2 and 4, half and half: 45 degrees between them, length 3.
    a, b = torch.zeros(1, 4, 1, 2), torch.zeros(1, 4, 1, 2)
    a[0, 0], b[0, 1] = 2.0, 4.0
    a[..., 1] = b[..., 1] = 0.0
    mixed = latent_interpolate(samples1=of(a), samples2=of(b), ratio=0.5)["samples"]
    assert mixed[0, :, 0, 0].numpy().tolist() == pytest.approx([3 / math.sqrt(2), 3 / math.sqrt(2), 0, 0])
    assert mixed[..., 1].eq(0).all(), "cells of length 0 have no direction"


@pytest.mark.parametrize("operation", [latent_add, latent_subtract, latent_batch])
def test_latents_of_different_models_are_refused(operation: Callable[..., Any]) -> None:
    with pytest.raises(DifferentLatents, match="4 and 16 channels"):
        operation(samples1=latent(1, 4, 8, 8), samples2=latent(1, 16, 8, 8))


def test_a_batch_keeps_the_noise_of_its_parts() -> None:
    joined: Any = latent_batch(samples1=numbered(2, batch_index=[7, 9]), samples2=latent(1, 4, 16, 8))
    assert joined["samples"].shape == (3, 4, 8, 8) and joined["batch_index"] == [7, 9, 0]


@pytest.mark.parametrize(("dim", "shape", "first"), [("x", (8, 13), 0), ("-x", (8, 13), 5), ("y", None, 0)])
def test_latents_are_set_beside_each_other(dim: Any, shape: tuple[int, int] | None, first: int) -> None:
    one, other = latent(2, 4, 8, 8), latent(1, 4, 8, 5, seed=1)
    if shape is None:
        with pytest.raises(DifferentLatents, match="cannot be joined along y"):
            latent_concat(samples1=one, samples2=other, dim=dim)
        return
    joined = latent_concat(samples1=one, samples2=other, dim=dim)["samples"]
    assert joined.shape == (2, 4, *shape)
    assert joined[..., first : first + 8].equal(one["samples"])
    assert joined[1:, ..., 0 if first else 8 : 5 if first else 13].equal(other["samples"])


@pytest.mark.parametrize(
    ("index", "amount", "expected"), [(2, 3, [2, 3, 4]), (-3, 99, [5, 6, 7]), (50, 2, [7]), (-50, 1, [0])]
)
def test_a_piece_is_cut_out_as_far_as_there_is_any(index: int, amount: int, expected: list[int]) -> None:
    piece = latent_cut(samples=positions(4, 8), dim="x", index=index, amount=amount)["samples"]
    assert piece[0, 0, 0].numpy().tolist() == expected and piece.shape[2] == 4


def test_latents_without_frames_have_no_time() -> None:
    with pytest.raises(DifferentLatents, match="no time axis"):
        latent_cut(samples=latent(1, 4, 8, 8), dim="t")
    frames = of(torch.arange(5.0).reshape(1, 1, 5, 1, 1))
    assert latent_cut(samples=frames, dim="t", index=1, amount=2)["samples"].flatten().numpy().tolist() == [
        1,
        2,
    ]


def test_pieces_become_a_batch_in_their_order() -> None:
    pieces = latent_cut_to_batch(samples=positions(2, 7), dim="x", slice_size=3)["samples"]
    assert pieces.shape == (2, 4, 2, 3) and pieces[:, 0, 0].numpy().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_turning_and_mirroring_agree_with_numpy() -> None:
    source = positions(2, 3)
    picture = source["samples"][0, 0].numpy()
    rotations: Any = (("none", 0), ("90 degrees", 1), ("180 degrees", 2), ("270 degrees", 3))
    for rotation, quarters in rotations:
        turned = latent_rotate(samples=source, rotation=rotation)["samples"][0, 0]
        np.testing.assert_array_equal(turned.numpy(), np.rot90(picture, -quarters))  # numpy's way is left
    upside_down = latent_flip(samples=source, flip_method="x-axis: vertically")["samples"][0, 0]
    np.testing.assert_array_equal(upside_down.numpy(), np.flipud(picture))
    mirrored = latent_flip(samples=source, flip_method="y-axis: horizontally")["samples"][0, 0]
    np.testing.assert_array_equal(mirrored.numpy(), np.fliplr(picture))


def test_a_crop_is_given_in_pixels_and_keeps_at_least_64_of_them() -> None:
    part = latent_crop(samples=positions(20, 30), width=64, height=80, x=80, y=16)["samples"]
    assert part.shape[-2:] == (10, 8) and part[0, 0, 0, 0] == 210
    edge = latent_crop(samples=positions(20, 30), width=512, height=512, x=10_000, y=10_000)["samples"]
    assert edge.shape[-2:] == (8, 8) and edge[0, 0, 0, 0] == 1222


def test_a_composite_covers_and_fades_only_where_it_has_neighbours() -> None:
    below, above = of(torch.zeros(1, 4, 10, 10)), of(torch.ones(1, 4, 4, 4))
    hard = latent_composite(samples_to=below, samples_from=above, x=64, y=16)["samples"]
    assert hard.sum() == 4 * 4 * 2 and hard[..., 2:6, 8:].eq(1).all()
    soft = latent_composite(samples_to=below, samples_from=above, x=0, y=16, feather=16)["samples"]
    down, across = np.array([0.5, 1, 1, 0.5]), np.array([1, 1, 1, 0.5])
    np.testing.assert_allclose(soft[0, 0, 2:6, :4].numpy(), np.outer(down, across))


def test_a_composite_follows_its_mask_and_leaves_the_rest_alone() -> None:
    below, above = latent(2, 4, 8, 8), latent(1, 4, 4, 4, seed=1)
    mask = torch.zeros(32, 32)
    mask[:, 16:] = 1
    laid: Any = latent_composite_masked(destination=below, source=above, x=16, y=32, mask=mask)
    changed = laid["samples"] != below["samples"]
    assert changed[..., 4:8, 4:6].all() and changed.sum() == 2 * 4 * 4 * 2
    assert laid["samples"][0, :, 4:8, 4:6].equal(above["samples"][0, :, :, 2:])
    filled = latent_composite_masked(destination=below, source=latent(1, 4, 2, 2, seed=2), resize_source=True)
    assert not filled["samples"].eq(below["samples"]).any()
    with pytest.raises(DifferentLatents, match="4 and 16 channels"):
        latent_composite_masked(destination=below, source=latent(1, 16, 8, 8))


def test_tone_mapping_is_reinhards_curve_on_the_lengths() -> None:
    x = latent(2, 4, 6, 5)["samples"].double()
    mapped = TonemapReinhard(0.7)(x)
    length = np.linalg.norm(x.numpy(), axis=1, keepdims=True)
    mean, spread = length.mean((1, 2, 3), keepdims=True), length.std((1, 2, 3), ddof=1, keepdims=True)
    white = (5 * spread + mean) * 0.7
    expected = x.numpy() / length * (white * (length / white) / (1 + length / white))
    np.testing.assert_allclose(mapped.numpy(), expected, rtol=1e-7)


def test_sharpening_is_the_full_kernel_on_the_directions() -> None:
    x = latent(1, 4, 9, 11)["samples"].double()
    radius, sigma, alpha = 2, 0.8, 0.3
    axis = np.linspace(-1, 1, 2 * radius + 1)
    bell = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * sigma**2))
    kernel = bell / bell.sum() * -10 * alpha
    kernel[radius, radius] += 1 - kernel.sum()
    length = np.linalg.norm(x.numpy(), axis=1, keepdims=True) + 1e-6
    around = np.pad(x.numpy() / length, ((0, 0), (0, 0), (radius, radius), (radius, radius)), "reflect")
    windows = np.lib.stride_tricks.sliding_window_view(around, kernel.shape, axis=(2, 3))
    np.testing.assert_allclose(
        Sharpen(radius, sigma, alpha)(x).numpy(),
        length * np.einsum("bchwij,ij->bchw", windows, kernel),
        atol=1e-6,
    )


def test_a_latent_too_small_for_the_radius_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"a radius of 9 needs more than 9 .* along each side; there are 8x16"
    ):
        Sharpen()(torch.ones(1, 4, 16, 8))


def test_in_guidance_the_operation_changes_the_direction() -> None:
    cond, uncond = latent(1, 4, 4, 4)["samples"], latent(1, 4, 4, 4, seed=1)["samples"]
    given = Predictions(cond, uncond, cond, torch.tensor(1.0), 7.0, Eps(), again)
    changed = InGuidance(lambda x: x * 3)(given)
    assert torch.allclose(changed.cond, uncond + 3 * (cond - uncond)) and changed.uncond is uncond
    alone = InGuidance(lambda x: x * 3)(replace(given, uncond=None))
    assert alone.cond.equal(cond * 3), "without guidance the prediction itself is changed"


def test_rebatched_latents_keep_order_noise_and_masks() -> None:
    mask = torch.arange(2.0).reshape(2, 1, 1, 1).expand(2, 1, 8, 8)
    batches: Any = rebatch_latents(
        latents=[numbered(3), numbered(2, noise_mask=mask), latent(1, 4, 8, 16)], batch_size=2
    )
    assert [len(batch["samples"]) for batch in batches] == [2, 2, 1, 1]
    assert [batch["batch_index"] for batch in batches] == [[0, 1], [2, 3], [4], [5]]
    assert [float(one[0, 0, 0]) for batch in batches[:3] for one in batch["samples"]] == [0, 1, 2, 0, 1]
    assert ["noise_mask" in batch for batch in batches] == [False, True, True, False]
    assert (
        batches[1]["noise_mask"][:, 0, 0, 0].numpy().tolist() == [1, 0]
        and batches[2]["noise_mask"].eq(1).all()
    )


def test_an_operation_changes_the_guidance_of_a_sampler(folder: Path) -> None:
    bench, graph = Bench(folder), text_to_image(model=["changed", 0])
    graph["operation"] = node("LatentOperationSharpen", sharpen_radius=3, sigma=1.0, alpha=0.0)
    graph["changed"] = node("LatentApplyOperationCFG", model=["load", 0], operation=["operation", 0])
    plain = bench.value(text_to_image(), "sample")["samples"]
    untouched = bench.value(graph, "sample")["samples"]
    torch.testing.assert_close(untouched, plain, rtol=1e-3, atol=1e-2)
    graph["operation"]["inputs"]["alpha"] = 2.0
    assert (bench.value(graph, "sample")["samples"] - plain).abs().max() > 0.1


def test_tiled_encoding_comes_close_to_plain_encoding(folder: Path) -> None:
    tiles = {"tile_size": 64, "overlap": 32, "temporal_size": 64, "temporal_overlap": 8}
    graph = text_to_image()
    graph["plain"] = node("VAEEncode", pixels=["decode", 0], vae=["load", 2])
    graph["tiled"] = node("VAEEncodeTiled", pixels=["decode", 0], vae=["load", 2], **tiles)
    graph["wide"] = node("ImageStitch", image1=["decode", 0], image2=["decode", 0], direction="right",
                         match_image_size=True, spacing_width=0, spacing_color="white")  # fmt: skip
    graph["several"] = node("VAEEncodeTiled", pixels=["wide", 0], vae=["load", 2], **tiles)
    bench = Bench(folder)
    plain = bench.value(graph, "plain")["samples"]
    # Two of the three passes have tiles of half the height or width, which see less around each pixel.
    difference = bench.value(graph, "tiled")["samples"] - plain
    assert 0 < float(difference.square().mean().sqrt()) < 0.4 * float(plain.std())
    assert bench.value(graph, "several")["samples"].shape == (1, 4, 8, 16)
