"""The invisible watermark: written as the public package writes it, and read as the package reads it.

`package` is the public package, invisible-watermark. `oracle` is its reader coded separately, for the many
pictures of a property; that it reads as the package does is checked against readings of the package.
"""

import importlib
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from diffusion.watermark import PictureTooSmall, embed, embed_robust, read
from diffusion.watermark.mark import haar, unhaar
from tests.diffusion.toy import GOLDEN
from tests.tensors import load_file

imwatermark: Any = importlib.import_module("imwatermark")
"""It has no types."""

Picture = NDArray[np.uint8]
TEXT = b"StableDiffusionV1"
DOCS = Path(__file__).parents[2] / "docs" / "pictures"


@cache
def golden() -> dict[str, Picture]:
    tensors = load_file(GOLDEN / "compvis.safetensors")
    return {key: value.numpy() for key, value in tensors.items() if key.startswith("watermark/")}


def as_png(picture: Picture) -> Picture:
    return through(picture, "PNG")


def as_jpeg(picture: Picture) -> Picture:
    return through(picture, "JPEG")


def through(picture: Picture, form: str, quality: int = 90) -> Picture:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format=form, quality=quality)
    return np.asarray(Image.open(file))


def oracle(picture: Picture, length: int) -> bytes:
    """invisible-watermark's dwtDct reader: a vote a block, the majority of a bit's blocks decides."""
    red, green, blue = (picture[..., channel].astype(np.float64) for channel in range(3))
    luma = np.floor((4899 * red + 9617 * green + 1868 * blue) / 16384 + 0.5)
    u = np.clip(np.floor((blue - luma) * 8061 / 16384 + 0.5) + 128, 0, 255)
    height, width = (side // 4 * 4 for side in u.shape)
    votes: list[list[int]] = [[] for _ in range(8 * length)]
    count = 0
    for top in range(0, height - 7, 8):
        for left in range(0, width - 7, 8):
            cell = (
                np.sqrt(0.5) * u[top : top + 8, left : left + 8]
            )  # rounded as there: some stand on a border
            rows = np.sqrt(0.5) * (cell[0::2] + cell[1::2])
            largest = (rows[:, 0::2] + rows[:, 1::2]).flatten()[1:].max()
            votes[count % len(votes)].append(int(largest % 36 > 18))
            count += 1
    bits = [int(sum(found) / len(found) * 255 > 127) for found in votes]
    return bytes(int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8))


def package(picture: Picture, length: int) -> bytes:
    decoder = imwatermark.WatermarkDecoder("bytes", 8 * length)
    return decoder.decode(np.ascontiguousarray(picture[..., ::-1]), "dwtDct")


@cache
def pictures(side: int) -> dict[str, Picture]:
    """Drawings, a screenshot, a picture full of grain, a gradient, and flat areas."""
    found = dict[str, Picture]()
    for name in ("fox", "cactus", "rocket", "mushroom", "canvas"):
        with Image.open(DOCS / f"{name}.png") as file:
            found[name] = np.asarray(file.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
    grain = Image.fromarray(golden()["watermark/a/rgb_in"])
    found["grain"] = np.asarray(grain.resize((side, side), Image.Resampling.BICUBIC))
    ramp = np.linspace(0, 255, side)
    planes = np.broadcast_arrays(ramp[:, None], ramp[None, :], ramp[::-1, None])
    found["gradient"] = np.stack(planes, axis=-1).astype(np.uint8)
    for name, colour in (("black", (0, 0, 0)), ("white", (255, 255, 255)), ("sky", (96, 160, 230))):
        found[name] = np.full((side, side, 3), colour, np.uint8)
    return found


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_package_s_way_gives_the_package_s_picture(name: str) -> None:
    got = embed(golden()[f"watermark/{name}/rgb_in"], TEXT)
    assert np.array_equal(got, golden()[f"watermark/{name}/rgb_out"])


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("reader", [read, oracle])
def test_pictures_are_read_as_the_package_reads_them(
    name: str, reader: Callable[[Picture, int], bytes]
) -> None:
    want = json.loads((GOLDEN / "compvis.json").read_text())["watermark"][name]
    assert reader(golden()[f"watermark/{name}/rgb_out"], 17).hex() == want


SMALL = [(name, 256) for name in pictures(256)]
LARGE = [(name, 512) for name in ("fox", "rocket", "canvas", "grain", "white")]


@pytest.mark.parametrize(("name", "side"), SMALL + LARGE)
def test_a_robust_mark_is_read_from_png_and_from_jpeg(name: str, side: int) -> None:
    picture = pictures(side)[name]
    marked = embed_robust(picture, TEXT)
    for saved in (as_png(marked), as_jpeg(marked)):
        for reader in (package, oracle, read):
            assert reader(saved, 17) == TEXT, reader
    assert oracle(picture, 17) != TEXT, "which was not there before"
    error = np.square(marked.astype(float) - picture).mean()
    assert 10 * np.log10(255**2 / error) > 29, "in decibels: it is hard to see"


@pytest.mark.parametrize("name", pictures(256))
def test_the_package_s_way_is_the_package_s_on_every_picture(name: str) -> None:
    picture = pictures(256)[name]
    encoder = imwatermark.WatermarkEncoder()
    encoder.set_watermark("bytes", TEXT)
    theirs = encoder.encode(np.ascontiguousarray(picture[..., ::-1]), "dwtDct")[..., ::-1]
    ours = embed(picture, TEXT)
    assert np.array_equal(ours, theirs)
    assert read(ours, 17) == package(ours, 17), "even where that way is too weak to be read"


@settings(max_examples=10)
@given(
    text=st.binary(min_size=1, max_size=24),
    height=st.integers(256, 300),
    width=st.integers(256, 330),
    seed=st.integers(0, 99),
)
def test_any_bytes_come_back_from_pictures_of_any_size(
    text: bytes, height: int, width: int, seed: int
) -> None:
    coarse = np.random.default_rng(seed).integers(40, 215, (9, 9, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    marked = embed_robust(picture, text)
    assert read(marked, len(text)) == oracle(marked, len(text)) == text
    assert marked.shape == picture.shape


def test_the_edge_that_fills_no_block_is_left_alone() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (261, 300, 3), dtype=np.uint8)
    marked = embed_robust(picture, b"x")
    assert np.array_equal(marked[256:], picture[256:])
    assert np.array_equal(marked[:, 296:], picture[:, 296:])


def test_the_wavelet_is_undone() -> None:
    channel = np.random.default_rng(0).integers(0, 256, (12, 20)).astype(np.float64)
    assert np.allclose(unhaar(*haar(channel)), channel, atol=1e-10)


def read_as_long(picture: Picture, text: bytes) -> bytes:
    return read(picture, len(text))


@pytest.mark.parametrize("way", [embed, embed_robust, read_as_long])
def test_what_does_not_fit_is_refused(way: Callable[[Picture, bytes], object]) -> None:
    with pytest.raises(PictureTooSmall, match="the picture has 255 x 256"):
        way(np.zeros((256, 255, 3), np.uint8), TEXT)
    with pytest.raises(PictureTooSmall, match=r"129 bytes have 1032 bits, .* 256 x 256 has 1024 blocks"):
        way(np.zeros((256, 256, 3), np.uint8), bytes(129))
    with pytest.raises(ValueError, match="at least one character"):
        way(np.zeros((256, 256, 3), np.uint8), b"")
