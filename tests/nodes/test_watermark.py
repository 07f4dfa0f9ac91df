"""The watermark nodes, from a picture file to saved files and back."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from diffusion.watermark import embed, read
from engine.types import NodeId
from nodes.resize import to_bytes
from nodes.watermark import ReadText, invisible_watermark, read_watermark
from tests.nodes.graphs import Bench, node

FOX = Path(__file__).parents[2] / "docs" / "pictures" / "fox.png"
TEXT = "StableDiffusionV1"


def fox(side: int = 256) -> Tensor:
    with Image.open(FOX) as file:
        array = np.asarray(file.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
    return torch.as_tensor(array.astype(np.float32) / 255.0)[None]


def look(images: Tensor, expected: str = TEXT, length: int = 0) -> ReadText:
    return ReadText(*read_watermark(images=images, expected=expected, length=length).values)


def test_a_mark_survives_saving_and_loading_in_a_graph(folder: Path) -> None:
    (folder / "input").mkdir()
    Image.fromarray(to_bytes(fox()[0])).save(folder / "input" / "fox.png")
    bench = Bench(folder)
    saved = bench.images({
        "load": node("LoadImage", image="fox.png"),
        "mark": node("InvisibleWatermark", images=["load", 0], text="ours", method="robust"),
        "save": node("SaveImage", images=["mark", 0], filename_prefix="m"),
    })  # fmt: skip
    with Image.open(folder / "output" / saved[0]["filename"]) as file:
        assert read(np.asarray(file), 4) == b"ours"
        file.convert("RGB").save(folder / "input" / "fox.jpg", quality=90)
    reading = {
        "load": node("LoadImage", image="fox.jpg"),
        "read": node("ReadWatermark", images=["load", 0], expected="ours", length=0),
    }
    outcome = bench.run(reading)
    assert outcome.values[NodeId("read")][0].values == ("ours",)
    assert outcome.ui[NodeId("read")] == {"text": ["ours"]}


def test_each_picture_of_a_batch_is_marked_and_read() -> None:
    batch = torch.cat([fox(), fox().flip(1)])
    marked = invisible_watermark(images=batch)
    found = look(torch.cat([marked, batch]))
    assert found.text[:2] == [TEXT, TEXT]
    assert found.found == [True, True, False, False]
    assert found.agreement[:2] == [1.0, 1.0]
    assert all(share < 0.9 for share in found.agreement[2:])


def test_the_package_s_way_gives_its_bytes_back_to_the_canvas() -> None:
    marked = invisible_watermark(images=fox(), method="dwtDct")
    want = embed(to_bytes(fox()[0]), TEXT.encode())
    assert np.array_equal(to_bytes(marked[0]), want), "no value is lost on the way through 0..1"


def test_transparency_stays_and_grey_pictures_become_coloured() -> None:
    alpha = torch.rand(1, 256, 256, 1, generator=torch.Generator().manual_seed(0))
    marked = invisible_watermark(images=torch.cat([fox(), alpha], dim=-1))
    assert marked[..., 3:].equal(alpha)
    assert look(marked).found == [True]
    grey = invisible_watermark(images=fox()[..., :1])
    assert grey.shape == (1, 256, 256, 3)
    assert look(grey).found == [True]


def test_the_picture_handed_in_is_not_touched() -> None:
    images = fox()
    before = images.clone()
    invisible_watermark(images=images)
    assert images.equal(before)


def test_letters_of_any_language_come_back_and_a_length_reads_more_or_less() -> None:
    marked = invisible_watermark(images=fox(512), text="摄影 é")
    assert look(marked, "摄影 é").text == ["摄影 é"]
    marked = invisible_watermark(images=fox(512), text="ab")
    found = look(marked, "ab", 4)
    assert (found.text, found.found, found.agreement) == (["abab"], [False], [1.0])


def test_a_small_picture_is_refused_with_what_to_do(folder: Path) -> None:
    (folder / "input").mkdir()
    Image.fromarray(to_bytes(fox(128)[0])).save(folder / "input" / "small.png")
    outcome = Bench(folder).run({
        "load": node("LoadImage", image="small.png"),
        "mark": node("InvisibleWatermark", images=["load", 0], text="ours", method="robust"),
        "save": node("SaveImage", images=["mark", 0], filename_prefix="m"),
    })  # fmt: skip
    assert outcome.status == "error"
    told = str(outcome.errors)
    assert "needs 256 x 256 pixels, and the picture has 128 x 128" in told
    assert "after upscaling it" in told


@pytest.mark.parametrize("method", ["robust", "dwtDct"])
def test_an_empty_text_is_refused(method: str) -> None:
    with pytest.raises(ValueError, match="at least one character"):
        invisible_watermark(images=fox(), text="", method=method)  # pyright: ignore[reportArgumentType]
