"""Nodes that cut, turn, join, filter and composite pictures, against numpy, Pillow, scipy and formulas."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from scipy import ndimage
from torch import Tensor

from nodes.batches import image_batch
from nodes.compositing import join_image_with_alpha, porter_duff_image_composite, split_image_with_alpha
from nodes.filters import (
    bayer,
    empty_image,
    image_add_noise,
    image_blend,
    image_blur,
    image_invert,
    image_quantize,
    image_sharpen,
)
from nodes.masks import crop_mask
from nodes.morphology import image_rgb_to_yuv, image_yuv_to_rgb, morphology
from nodes.rebatch import image_from_batch, rebatch_images, repeat_image_batch
from nodes.stitch import image_stitch
from nodes.transform import (
    get_image_size,
    image_crop,
    image_flip,
    image_pad_for_outpaint,
    image_rotate,
    image_scale_to_max_dimension,
    image_scale_to_total_pixels,
    resize_and_pad_image,
)
from tests.fill import fill
from tests.nodes.graphs import Bench, node
from tests.tensors import save_file


def picture(height: int, width: int, channels: int = 3, count: int = 1, seed: int = 0) -> Tensor:
    return torch.rand(count, height, width, channels, generator=torch.Generator().manual_seed(seed))


def plain(*colour: float, height: int = 1, width: int = 1) -> Tensor:
    return torch.tensor(colour).expand(1, height, width, len(colour))


def gaussian(radius: int, sigma: float) -> np.ndarray:
    axis = np.linspace(-1, 1, 2 * radius + 1)
    bell = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * sigma**2))
    return bell / bell.sum()


def convolved(image: Tensor, kernel: np.ndarray) -> np.ndarray:
    """Each channel with a kernel; scipy's mirror is what torch calls reflect."""
    planes = [ndimage.convolve(image[0, ..., c].numpy(), kernel, mode="mirror") for c in range(3)]
    return np.stack(planes, -1)


# --- size and place ---------------------------------------------------------------------------------


def test_crops_begin_inside_and_end_with_the_picture() -> None:
    image = picture(5, 7)
    assert image_crop(image=image, width=3, height=2, x=2, y=1).equal(image[:, 1:3, 2:5])
    assert image_crop(image=image, width=512, height=512, x=99, y=99).equal(image[:, 4:, 6:])
    mask = picture(5, 7)[..., 0]
    assert crop_mask(mask=mask[0], x=4, y=3, width=512, height=1).equal(mask[:, 3:4, 4:])


def test_pictures_turn_clockwise_and_mirror_as_in_pillow() -> None:
    image = picture(2, 3)
    with_pillow = PilImage.fromarray((image[0].numpy() * 255).astype(np.uint8))
    turns: Any = {"90 degrees": 270, "180 degrees": 180, "270 degrees": 90}  # Pillow turns to the left
    for rotation, left in turns.items():
        expected = np.asarray(with_pillow.rotate(left, expand=True))
        turned = image_rotate(image=image, rotation=rotation)[0]
        np.testing.assert_array_equal((turned.numpy() * 255).astype(np.uint8), expected)
    assert image_rotate(image=image, rotation="none").equal(image)
    assert image_flip(image=image, flip_method="x-axis: vertically").equal(image.flip(1))
    assert image_flip(image=image, flip_method="y-axis: horizontally").equal(image.flip(2))


def test_sizes_are_told_and_reached() -> None:
    image = picture(30, 60, count=2)
    assert get_image_size(image=image) == (60, 30, 2)
    larger = image_scale_to_total_pixels(image=image, upscale_method="bilinear", megapixels=0.01)
    assert larger.shape[1:3] == (72, 145)  # sqrt(0.01 * 1024² / 1800) = 2.4136
    shorter = image_scale_to_max_dimension(image=image, upscale_method="area", largest_size=20)
    assert shorter.shape[1:3] == (10, 20)
    assert image_scale_to_max_dimension(image=image, upscale_method="area", largest_size=0) is image


def test_a_frame_is_filled_around_the_picture() -> None:
    framed = resize_and_pad_image(
        image=plain(0.5, 0.5, 0.5, height=10, width=20),
        target_width=40,
        target_height=41,
        padding_color="white",
        interpolation="bilinear",
    )
    assert framed.shape == (1, 41, 40, 3)
    assert framed[:, 10:30].eq(0.5).all() and framed[:, :10].eq(1).all() and framed[:, 30:].eq(1).all()


def test_outpainting_pads_with_grey_and_fades_where_it_grows() -> None:
    image = picture(20, 30)
    padded, mask = image_pad_for_outpaint(image=image, left=8, top=0, right=0, bottom=16, feathering=4)
    assert padded.shape == (1, 36, 38, 3) and mask.shape == (1, 36, 38)
    assert padded[:, :20, 8:].equal(image) and padded[:, 20:].eq(0.5).all()
    assert mask[0, 20:].eq(1).all() and mask[0, :, :8].eq(1).all()
    assert mask[0, 5, 8:13].numpy().tolist() == pytest.approx([1.0, 0.5625, 0.25, 0.0625, 0.0])
    assert mask[0, 15:20, 25].numpy().tolist() == pytest.approx([0, 0, 0.0625, 0.25, 0.5625])
    assert mask[0, 0, 12:].eq(0).all(), "the top does not grow"
    narrow = image_pad_for_outpaint(image=image, left=8, feathering=10).MASK
    assert narrow[0, :, 8:].eq(0).all(), "no room for two fades"


@pytest.mark.parametrize(
    ("direction", "shape", "first"),
    [
        ("right", (4, 17), (slice(0, 4), slice(0, 6))),
        ("left", (4, 17), (slice(0, 4), slice(11, 17))),
        ("down", (17, 6), (slice(0, 4), slice(0, 6))),
        ("up", (17, 6), (slice(13, 17), slice(0, 6))),
    ],
)
def test_pictures_are_stitched_with_a_bar_between(
    direction: Any, shape: tuple[int, int], first: tuple[slice, slice]
) -> None:
    one, other = (
        picture(4, 6),
        plain(0.0, 0.0, 0.0, height=8, width=18 if direction in ("right", "left") else 6),
    )
    if direction in ("down", "up"):
        other = plain(0.0, 0.0, 0.0, height=22, width=12)
    joined = image_stitch(
        image1=one, image2=other, direction=direction, spacing_width=2, spacing_color="green"
    )
    assert joined.shape == (1, *shape, 3) and joined[0][first].equal(one[0])
    green = (joined == torch.tensor([0.0, 1.0, 0.0])).all(-1).sum()
    assert green == 2 * (4 if direction in ("right", "left") else 6)


def test_stitching_without_matching_centres_the_shorter_and_repeats_the_last() -> None:
    joined = image_stitch(
        image1=plain(1.0, 1.0, 1.0, height=2, width=3),
        image2=torch.ones(2, 6, 3, 4),
        direction="right",
        match_image_size=False,
    )
    assert joined.shape == (2, 6, 6, 4) and joined[..., 3].eq(1).all()
    rows = joined[1, :, 0, 0].numpy().tolist()
    assert rows == [0, 0, 1, 1, 0, 0]
    assert image_stitch(image1=joined) is joined


def test_batches_are_repeated_taken_from_and_cut_to_another_size() -> None:
    image = torch.arange(3.0).reshape(3, 1, 1, 1).expand(3, 2, 2, 3)
    assert repeat_image_batch(image=image, amount=2)[:, 0, 0, 0].numpy().tolist() == [0, 1, 2, 0, 1, 2]
    assert image_from_batch(image=image, batch_index=1, length=9)[:, 0, 0, 0].numpy().tolist() == [1, 2]
    assert image_from_batch(image=image, batch_index=50)[:, 0, 0, 0].numpy().tolist() == [2]
    batches = rebatch_images(images=[image, torch.zeros(1, 4, 4, 3)], batch_size=2)
    assert [batch.shape[:2] for batch in batches] == [(2, 2), (1, 2), (1, 4)]


# --- pixels -----------------------------------------------------------------------------------------


def test_colours_and_negatives() -> None:
    assert empty_image(width=2, height=3, batch_size=4, color=0xFF8000).shape == (4, 3, 2, 3)
    colour = empty_image(width=1, height=1, color=0xFF8000)[0, 0, 0].numpy().tolist()
    assert colour == pytest.approx([1.0, 128 / 255, 0.0])
    image = picture(3, 3)
    assert image_invert(image=image).equal(1 - image)


def test_noise_is_that_of_the_seed() -> None:
    image = plain(0.5, 0.5, 0.5, height=64, width=64)
    noisy = image_add_noise(image=image, seed=7, strength=0.1)
    expected = torch.randn(image.shape, generator=torch.Generator().manual_seed(7)) * 0.1 + 0.5
    assert noisy.equal(expected.clamp(0, 1))


def test_blurring_is_a_gaussian_kernel_and_sharpening_its_opposite() -> None:
    image = picture(9, 12)
    blurred = image_blur(image=image, blur_radius=3, sigma=0.7)[0].numpy()
    np.testing.assert_allclose(blurred, convolved(image, gaussian(3, 0.7)), atol=1e-6)
    kernel = -10 * 0.2 * gaussian(2, 1.0)
    kernel[2, 2] += 1 - kernel.sum()
    sharp = image_sharpen(image=image, sharpen_radius=2, sigma=1.0, alpha=0.2)[0].numpy()
    np.testing.assert_allclose(sharp, convolved(image, kernel).clip(0, 1), atol=1e-5)


@pytest.mark.parametrize(
    ("mode", "below", "above", "expected"),
    [
        ("normal", 0.3, 0.9, 0.9),
        ("multiply", 0.3, 0.9, 0.27),
        ("screen", 0.3, 0.9, 0.93),
        ("overlay", 0.3, 0.9, 0.54),
        ("overlay", 0.6, 0.9, 0.92),
        ("soft_light", 0.3, 0.4, 0.3 - 0.2 * 0.3 * 0.7),
        ("soft_light", 0.49, 0.9, 0.49 + 0.8 * (0.7 - 0.49)),
        ("soft_light", 0.2, 0.9, 0.2 + 0.8 * (((16 * 0.2 - 12) * 0.2 + 4) * 0.2 - 0.2)),
        ("difference", 0.9, 0.3, 0.6),
    ],
)
def test_blend_modes_are_those_of_drawing_programs(
    mode: Any, below: float, above: float, expected: float
) -> None:
    images = plain(*[below] * 3), plain(*[above] * 3)
    full = image_blend(image1=images[0], image2=images[1], blend_factor=1.0, blend_mode=mode)
    assert float(full[0, 0, 0, 0]) == pytest.approx(expected, abs=1e-6)
    half = image_blend(image1=images[0], image2=images[1], blend_factor=0.5, blend_mode=mode)
    assert float(half[0, 0, 0, 0]) == pytest.approx((expected + below) / 2, abs=1e-6)


def test_one_picture_is_blended_over_each_of_several_and_grey_is_no_red() -> None:
    several, grey = picture(2, 2, count=3), plain(0.5, height=2, width=2)
    blended = image_blend(image1=several, image2=grey, blend_factor=1.0, blend_mode="multiply")
    torch.testing.assert_close(blended, several * 0.5)
    five = picture(2, 2, count=5, seed=1)
    mixed = image_blend(image1=several, image2=five, blend_factor=1.0, blend_mode="normal")
    assert mixed.equal(five)
    assert image_batch(image1=several, image2=grey)[3].eq(0.5).all()


def test_few_colours_are_pillows_and_patterns_mix_them() -> None:
    grey = torch.linspace(0, 1, 64).reshape(1, 1, 64, 1).expand(1, 16, 64, 3)
    eight_bits = PilImage.fromarray((grey[0].numpy() * 255).astype(np.uint8))
    palette = np.unique(np.asarray(eight_bits.quantize(4).convert("RGB"))) / 255
    nearest = np.abs(grey[0].numpy()[..., None] - palette).min(-1)
    flat = image_quantize(image=grey, colors=4, dither="none")
    np.testing.assert_allclose(np.unique(flat.numpy()), palette, atol=1e-6)
    # Pillow looks colours up in coarse cells: the one it finds may be a little farther than the nearest.
    assert (np.abs((flat - grey)[0].numpy()) <= nearest + 4 / 255).all()
    dithers: Any = ("floyd-steinberg", "bayer-2", "bayer-8")
    for dither in dithers:
        mixed = image_quantize(image=grey, colors=4, dither=dither)
        assert len(np.unique(mixed.numpy())) == 4
        smooth = ndimage.uniform_filter(mixed[0, ..., 0].numpy() - grey[0, ..., 0].numpy(), 8)
        steps = ndimage.uniform_filter(flat[0, ..., 0].numpy() - grey[0, ..., 0].numpy(), 8)
        assert np.abs(smooth[4:-4, 8:-8]).mean() < np.abs(steps[4:-4, 8:-8]).mean()


def test_bayers_matrix_has_every_threshold_once() -> None:
    np.testing.assert_array_equal(bayer(2) * 4 + 1.5, [[0, 2], [3, 1]])
    assert sorted((bayer(8) * 64 + 31.5).ravel().tolist()) == list(range(64))


@pytest.mark.parametrize("size", [3, 5])
def test_morphology_agrees_with_scipy(size: int) -> None:
    image = picture(9, 11)
    planes = image[0].numpy()
    window = (size, size, 1)
    # Past the edges there is nothing: neither maximum nor minimum sees it.
    dilated = ndimage.maximum_filter(planes, window, mode="constant", cval=-1)
    eroded = ndimage.minimum_filter(planes, window, mode="constant", cval=2)
    opened = ndimage.maximum_filter(eroded, window, mode="constant", cval=-1)
    closed = ndimage.minimum_filter(dilated, window, mode="constant", cval=2)
    expected: Any = {
        "dilate": dilated, "erode": eroded, "open": opened, "close": closed,
        "gradient": dilated - eroded, "top_hat": planes - opened, "bottom_hat": closed - planes,
    }  # fmt: skip
    for operation, wanted in expected.items():
        made = morphology(image=image, operation=operation, kernel_size=size)
        np.testing.assert_allclose(made[0].numpy(), wanted, atol=1e-6)


def test_yuv_is_jpegs_and_leads_back() -> None:
    image = picture(4, 5)
    y, u, v = image_rgb_to_yuv(image=image)
    pillow = np.asarray(PilImage.fromarray((image[0] * 255).round().byte().numpy()).convert("YCbCr")) / 255
    for plane, channel in ((y, 0), (u, 1), (v, 2)):
        assert plane.shape == image.shape
        np.testing.assert_allclose(plane[0, ..., 0].numpy(), pillow[..., channel], atol=3 / 255)
    torch.testing.assert_close(image_yuv_to_rgb(Y=y, U=u, V=v), image, rtol=0, atol=2e-3)


# --- transparency -----------------------------------------------------------------------------------


def test_alpha_is_one_minus_the_mask_both_ways() -> None:
    image, mask = picture(4, 4), torch.zeros(1, 2, 2)
    mask[:, 0] = 1
    joined = join_image_with_alpha(image=image, alpha=mask)
    assert joined.shape == (1, 4, 4, 4) and joined[0, 0, :, 3].eq(0).all() and joined[0, 3, :, 3].eq(1).all()
    colours, transparent = split_image_with_alpha(image=joined)
    assert colours.equal(image) and transparent.equal(1 - joined[..., 3])
    assert split_image_with_alpha(image=image).MASK.equal(torch.zeros(1, 4, 4))


@pytest.mark.parametrize(
    ("mode", "fs", "fd"),  # the shares of source and destination, in their alphas: Porter and Duff, table 1
    [
        ("CLEAR", "0", "0"),
        ("SRC", "1", "0"),
        ("DST", "0", "1"),
        ("SRC_OVER", "1", "1 - sa"),
        ("DST_OVER", "1 - da", "1"),
        ("SRC_IN", "da", "0"),
        ("DST_IN", "0", "sa"),
        ("SRC_OUT", "1 - da", "0"),
        ("DST_OUT", "0", "1 - sa"),
        ("SRC_ATOP", "da", "1 - sa"),
        ("DST_ATOP", "1 - da", "sa"),
        ("XOR", "1 - da", "1 - sa"),
        ("ADD", "1", "1"),
    ],
)
def test_porter_and_duffs_operators(mode: Any, fs: str, fd: str) -> None:
    source, destination, sa, da = 0.9, 0.2, 0.3, 0.6
    image, mask = porter_duff_image_composite(
        source=plain(source, 0, 0),
        source_alpha=torch.full((1, 1, 1), 1 - sa),
        destination=plain(destination, 0, 1),
        destination_alpha=torch.full((1, 1, 1), 1 - da),
        mode=mode,
    )
    shares = {"0": 0.0, "1": 1.0, "sa": sa, "da": da, "1 - sa": 1 - sa, "1 - da": 1 - da}
    alpha = sa * shares[fs] + da * shares[fd]
    red = source * sa * shares[fs] + destination * da * shares[fd]
    assert float(mask[0, 0, 0]) == pytest.approx(1 - alpha, abs=1e-6)
    assert float(image[0, 0, 0, 0]) == pytest.approx(red / alpha if alpha else 0, abs=1e-6)


@pytest.mark.parametrize(
    ("mode", "opaque"),
    [("MULTIPLY", 0.18), ("SCREEN", 0.92), ("DARKEN", 0.2), ("LIGHTEN", 0.9), ("OVERLAY", 0.36)],
)
def test_separable_modes_over_opaque_pictures(mode: Any, opaque: float) -> None:
    image, mask = porter_duff_image_composite(
        source=plain(0.9, 0.9, 0.9, height=8, width=8),
        source_alpha=torch.zeros(1, 4, 4),
        destination=plain(0.2, 0.2, 0.2, height=4, width=4),
        destination_alpha=torch.zeros(1, 4, 4),
        mode=mode,
    )
    assert image.shape == (1, 4, 4, 3) and mask.eq(0).all()
    torch.testing.assert_close(image, torch.full_like(image, opaque))


def test_an_upscaler_enlarges_in_a_graph(folder: Path) -> None:
    shapes = json.loads((Path(__file__).parents[1] / "golden/upscalers.json").read_text())["esrgan_x2"]
    (folder / "models/upscale_models").mkdir(parents=True, exist_ok=True)
    save_file(
        {name: fill(name, shape) for name, shape in shapes.items()},
        folder / "models/upscale_models/x2.safetensors",
    )
    graph = {
        "model": node("UpscaleModelLoader", model_name="x2.safetensors"),
        "image": node("EmptyImage", width=10, height=7, batch_size=2, color=0x8040FF),
        "larger": node("ImageUpscaleWithModel", upscale_model=["model", 0], image=["image", 0]),
        "save": node("PreviewImage", images=["larger", 0]),
    }
    larger = Bench(folder).value(graph, "larger")
    assert larger.shape == (2, 14, 20, 3) and larger.min() >= 0 and larger.max() <= 1 and larger.std() > 0
