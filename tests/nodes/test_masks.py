"""Masks: made, combined, grown and faded; and what pictures and masks make of each other."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage
from torch import Tensor

from engine.context import Context
from engine.folders import Folders
from nodes.channels import NoSuchChannel, image_color_to_mask, image_to_mask, load_image_mask, mask_to_image
from nodes.masks import (
    crop_mask,
    feather_mask,
    grow_mask,
    invert_mask,
    mask_composite,
    solid_mask,
    threshold_mask,
)


def noise(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def test_a_solid_mask_has_one_value_and_its_inverse_the_other() -> None:
    mask = solid_mask(value=0.25, width=5, height=3)
    assert mask.shape == (1, 3, 5) and mask.eq(0.25).all()
    assert invert_mask(mask=mask).eq(0.75).all()


def test_a_threshold_keeps_what_lies_above_it() -> None:
    hard = threshold_mask(mask=torch.tensor([[[0.2, 0.5, 0.8]]]), value=0.5)
    assert hard.equal(torch.tensor([[[0.0, 0, 1]]]))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("multiply", 0.48),
        ("add", 1.0),
        ("subtract", 0.2),
        ("and", 1.0),
        ("or", 1.0),
        ("xor", 0.0),
    ],
)
def test_masks_combine_where_they_overlap_and_nowhere_else(operation: Any, expected: float) -> None:
    below, above = torch.full((1, 4, 6), 0.8), torch.full((2, 3), 0.6)
    result = mask_composite(destination=below, source=above, x=4, y=1, operation=operation)
    assert result.shape == below.shape
    assert torch.allclose(result[0, 1:3, 4:], torch.tensor(expected))
    untouched = result.clone()
    untouched[0, 1:3, 4:] = 0.8
    assert torch.equal(untouched, below) and below.eq(0.8).all()


def test_one_mask_is_laid_on_each_of_several_and_several_on_one() -> None:
    several, one = noise(3, 4, 4), torch.full((1, 4, 4), 0.5)
    product = several * 0.5
    assert mask_composite(destination=several, source=one, operation="multiply").equal(product)
    assert mask_composite(destination=one, source=several, operation="multiply").equal(product)


def test_a_source_wholly_outside_changes_nothing() -> None:
    below = noise(2, 4, 4)
    assert torch.equal(
        mask_composite(destination=below, source=noise(1, 4, 4), x=9, y=9, operation="add"), below
    )


def test_a_part_ends_where_the_mask_does_and_one_outside_is_refused() -> None:
    mask = noise(1, 6, 8)
    assert crop_mask(mask=mask, x=5, y=1, width=100, height=2).equal(mask[:, 1:3, 5:])
    with pytest.raises(ValueError, match="x=8, y=0 lies outside the mask, which is 8x6"):
        crop_mask(mask=mask, x=8)


@settings(max_examples=60)
@given(expand=st.integers(-6, 6), tapered=st.booleans(), seed=st.integers(0, 99))
def test_growing_takes_the_largest_value_around_and_shrinking_the_smallest(
    expand: int, tapered: bool, seed: int
) -> None:
    mask = torch.rand(2, 9, 7, generator=torch.Generator().manual_seed(seed))
    shape = ndimage.generate_binary_structure(2, 1 if tapered else 2)
    expected: list[Any] = []
    for layer in mask.numpy():
        for _ in range(abs(expand)):
            change = ndimage.grey_dilation if expand > 0 else ndimage.grey_erosion
            layer = change(layer, footprint=shape, mode="nearest")
        expected.append(layer)
    got = grow_mask(mask=mask, expand=expand, tapered_corners=tapered)
    assert np.array_equal(got.numpy(), np.stack(expected))


@pytest.mark.parametrize("tapered", [False, True])
def test_a_mask_may_grow_beyond_the_picture(tapered: bool) -> None:
    dot = torch.zeros(1, 5, 9)
    dot[0, 0, 0] = 1
    assert grow_mask(mask=dot, expand=16384, tapered_corners=tapered).min() == 1


def test_a_faded_mask_rises_evenly_from_each_border() -> None:
    faded = feather_mask(mask=torch.ones(1, 1, 8), left=4, right=2)
    assert faded[0, 0].equal(torch.tensor([0.25, 0.5, 0.75, 1, 1, 1, 1, 0.5]))
    faded = feather_mask(mask=torch.ones(6, 2), top=3, bottom=100)
    assert faded.shape == (1, 6, 2)
    down = torch.tensor([1 / 3, 2 / 3, 1, 1, 1, 1]) * torch.tensor([6.0, 5, 4, 3, 2, 1]) / 6
    assert torch.allclose(faded[0, :, 0], down)
    assert feather_mask(mask=noise(1, 4, 4)).equal(noise(1, 4, 4))


def test_a_mask_is_a_grey_picture_and_its_channels_are_the_mask() -> None:
    mask = noise(2, 3, 4)
    picture = mask_to_image(mask=mask)
    assert picture.shape == (2, 3, 4, 3)
    for channel in ("red", "green", "blue"):
        assert image_to_mask(image=picture, channel=channel).equal(mask)


def test_asking_for_an_alpha_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(NoSuchChannel, match="3 channels and no alpha") as error:
        image_to_mask(image=noise(1, 2, 2, 3), channel="alpha")
    assert "Load Image" in error.value.remedy
    assert image_to_mask(image=noise(1, 2, 2, 4), channel="alpha").equal(noise(1, 2, 2, 4)[..., 3])


def test_a_colour_is_selected_exactly() -> None:
    picture = torch.tensor([[[[1.0, 0.5, 0.0], [1.0, 0.49, 0.0]]]])
    assert image_color_to_mask(image=picture, color=0xFF8000).equal(torch.tensor([[[1.0, 0]]]))


@pytest.mark.parametrize(
    ("channel", "expected"), [("alpha", 1 - 40 / 255), ("red", 200 / 255), ("green", 0.4), ("blue", 0.0)]
)
def test_a_channel_of_a_file_is_a_mask(channel: Any, expected: float, tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    Image.new("RGBA", (6, 4), (200, 102, 0, 40)).save(tmp_path / "input/mask.png")
    context = Context(folders=Folders.at(tmp_path))
    mask = load_image_mask(image="mask.png", channel=channel, context=context)
    assert mask.shape == (1, 4, 6) and torch.allclose(mask, torch.tensor(expected))


def test_a_file_without_alpha_selects_nothing(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    Image.new("RGB", (6, 4), "white").save(tmp_path / "input/plain.png")
    mask = load_image_mask(image="plain.png", channel="alpha", context=Context(folders=Folders.at(tmp_path)))
    assert not mask.any()
