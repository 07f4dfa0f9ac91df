"""Redrawing a part: what samplers are told, and what stays as it is."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.inpaint import image_composite_masked, set_latent_noise_mask, widened
from tests.nodes.graphs import Bench, node, text_to_image
from tests.tensors import load_file

GOLDEN = Path(__file__).parents[1] / "golden" / "sd15-e2e-extra.safetensors"


def half() -> Tensor:
    """The right half of a picture of 64×64."""
    mask = torch.zeros(1, 64, 64)
    mask[..., 32:] = 1
    return mask


@pytest.mark.parametrize("shape", [(8, 8), (1, 8, 8), (1, 1, 8, 8)])
def test_a_noise_mask_has_a_channel_and_the_rest_of_the_latent_is_kept(shape: tuple[int, ...]) -> None:
    latent: Any = {"samples": torch.ones(1, 4, 2, 2), "batch_index": [3]}
    result: Any = set_latent_noise_mask(samples=latent, mask=torch.ones(shape))
    assert result["noise_mask"].shape == (1, 1, 8, 8)
    assert result["batch_index"] == [3] and "noise_mask" not in latent


def test_a_mask_grows_as_the_references_does() -> None:
    golden = load_file(GOLDEN)
    mask = golden["inpaint/mask"][:, None].round()
    assert widened(mask, 6).equal(golden["inpaint/noise_mask"])
    assert widened(mask, 0) is mask and widened(mask, 1).equal(mask)


def test_only_the_masked_part_of_a_latent_is_sampled(folder: Path) -> None:
    bench, graph = Bench(folder), text_to_image(latent_image=["masked", 0])
    graph |= {
        "first": node("KSampler", **{**text_to_image(seed=9)["sample"]["inputs"]}),
        "mask": node("SolidMask", value=1.0, width=32, height=64),
        "whole": node("SolidMask", value=0.0, width=64, height=64),
        "right": node(
            "MaskComposite", destination=["whole", 0], source=["mask", 0], x=32, y=0, operation="add"
        ),
        "masked": node("SetLatentNoiseMask", samples=["first", 0], mask=["right", 0]),
    }
    before, after = bench.value(graph, "first")["samples"], bench.value(graph, "sample")["samples"]
    assert torch.allclose(after[..., :4], before[..., :4], atol=1e-5)
    assert not torch.allclose(after[..., 4:], before[..., 4:], atol=0.1)
    assert bench.value(graph, "sample")["noise_mask"].shape == (1, 1, 64, 64)


def test_encoding_for_inpainting_does_not_see_what_is_hidden(folder: Path) -> None:
    (folder / "input").mkdir()
    bench, graph = Bench(folder), text_to_image()
    graph |= {
        "mask": node("SolidMask", value=1.0, width=16, height=16),
        "encoded": node(
            "VAEEncodeForInpaint", pixels=["decode", 0], vae=["load", 2], mask=["mask", 0], grow_mask_by=0
        ),
        "grey": node("VAEEncode", pixels=["plain", 0], vae=["load", 2]),
        "half": node("SolidMask", value=0.5, width=64, height=64),
        "plain": node("MaskToImage", mask=["half", 0]),
    }
    latent = bench.value(graph, "encoded")
    assert latent["samples"].equal(bench.value(graph, "grey")["samples"])
    assert latent["noise_mask"].shape == (1, 1, 64, 64) and latent["noise_mask"].min() == 1


def test_pictures_are_laid_on_each_other_where_the_mask_says() -> None:
    below, above = torch.zeros(1, 64, 64, 3), torch.ones(1, 64, 64, 3)
    result = image_composite_masked(destination=below, source=above, mask=half())
    assert result.equal(half()[..., None].expand(-1, -1, -1, 3)) and not below.any()


def test_outside_the_mask_not_a_bit_changes() -> None:
    below = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(0))
    above = torch.full((1, 64, 64, 3), float("nan"))
    above[:, :, 32:] = 0.25
    result = image_composite_masked(destination=below, source=above, mask=half())
    assert result[:, :, :32].equal(below[:, :, :32]) and result[:, :, 32:].eq(0.25).all()


def test_a_smaller_picture_is_placed_cut_off_or_scaled() -> None:
    below, above = torch.zeros(2, 8, 8, 4), torch.ones(1, 4, 4, 3)
    placed = image_composite_masked(destination=below, source=above, x=6, y=1)
    assert placed[..., :3].sum() == 2 * 3 * (4 * 2) and placed[:, 1:5, 6:, :3].min() == 1
    assert not placed[..., 3].any(), "the alpha of what lies below is kept"
    scaled = image_composite_masked(destination=below, source=above, resize_source=True)
    assert scaled[..., :3].min() == 1
