"""Pictures compared by their pixels."""

import math
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from workflows.provenance.comparison import compared, nearest
from workflows.provenance.pictures import pixel_hash, psnr
from workflows.provenance.record import Output

RED = Image.new("RGB", (4, 4), (200, 10, 10))


def saved(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)  # pyright: ignore[reportArgumentType]
    return path


def test_pixels_count_and_neither_text_nor_compression_nor_format(tmp_path: Path) -> None:
    text = PngInfo()
    text.add_text("prompt", "{}")
    files = [
        saved(tmp_path / "a.png", RED, compress_level=0),
        saved(tmp_path / "b.png", RED, compress_level=9, pnginfo=text),
        saved(tmp_path / "c.webp", RED, lossless=True),
        saved(tmp_path / "d.bmp", RED),
    ]
    assert len({pixel_hash(file) for file in files}) == 1
    other = RED.copy()
    other.putpixel((0, 0), (201, 10, 10))
    assert pixel_hash(saved(tmp_path / "e.png", other)) != pixel_hash(files[0])
    assert pixel_hash(saved(tmp_path / "f.png", RED.resize((2, 8)))) != pixel_hash(files[0])


def test_every_frame_of_an_animation_counts(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), (level, 0, 0)) for level in (0, 100, 200)]
    one = saved(tmp_path / "a.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True)
    two = saved(tmp_path / "b.webp", frames[0], save_all=True, append_images=frames[:2], lossless=True)
    assert pixel_hash(one) != pixel_hash(two)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n cut off", b"text"])
def test_what_is_no_picture_has_no_pixels(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert pixel_hash(path) is None
    assert psnr(path, saved(tmp_path / "b.png", RED)) is None


def test_psnr_is_over_all_channels(tmp_path: Path) -> None:
    one = saved(tmp_path / "a.png", RED)
    assert psnr(one, one) == math.inf
    other = saved(tmp_path / "b.png", Image.new("RGB", (4, 4), (203, 10, 10)))  # mean square error 9 / 3
    found = psnr(one, other)
    assert found is not None and found == pytest.approx(10 * math.log10(255**2 / 3))
    assert psnr(one, saved(tmp_path / "c.png", RED.resize((2, 2)))) is None
    assert psnr(one, saved(tmp_path / "d.png", RED.convert("L"))) is None


def output(name: str, index: int = 0, pixels: str | None = None) -> Output:
    return Output("9", "images", index, {"filename": name, "subfolder": "", "type": "output"}, pixels=pixels)


def test_each_output_is_compared_with_the_one_in_its_place(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    saved(old / "a.png", RED)
    saved(new / "x.png", RED)
    saved(old / "b.png", RED)
    saved(new / "y.png", Image.new("RGB", (4, 4)))
    saved(new / "z.png", RED)
    before = [
        output("a.png", pixels=pixel_hash(old / "a.png")),
        output("b.png", 1, pixels=pixel_hash(old / "b.png")),
        output("c.png", 2, pixels="0" * 64),  # its file is gone
        output("d.png", 3),
        Output("5", "values", 0, value=1.5, sha256="ab"),
        Output("6", "values", 0, value=1.5, sha256="ab"),
    ]
    again = [
        output("x.png"), output("y.png", 1), output("z.png", 2),
        Output("5", "values", 0, value=1.5, sha256="ab"), Output("6", "values", 0, value=2, sha256="cd"),
    ]  # fmt: skip

    def at(folder: Path, one: Output) -> Path | None:
        path = None if one.file is None else folder / one.file["filename"]
        return path if path is not None and path.exists() else None

    found = compared(before, again, lambda one: at(old, one), lambda one: at(new, one))
    assert [one.state for one in found] == [
        "identical", "different", "different", "missing", "identical", "different"
    ]  # fmt: skip
    assert found[1].psnr is not None and found[1].psnr < 20
    assert found[2].psnr is None
    assert found[0].to_json()["psnr"] is None


def test_a_picture_alone_is_compared_with_the_most_like_it(tmp_path: Path) -> None:
    picture = saved(tmp_path / "a.png", RED)
    saved(tmp_path / "far.png", Image.new("RGB", (4, 4)))
    saved(tmp_path / "near.png", Image.new("RGB", (4, 4), (201, 10, 10)))
    saved(tmp_path / "same.png", RED)
    outputs = [output(name) for name in ("far.png", "near.png")]

    def where(one: Output) -> Path | None:
        return None if one.file is None else tmp_path / one.file["filename"]

    best = nearest(picture, outputs, where)
    assert (best.state, best.again) == ("different", outputs[1])
    assert nearest(picture, [*outputs, output("same.png")], where).state == "identical"
    assert nearest(picture, [], where).state == "missing"
