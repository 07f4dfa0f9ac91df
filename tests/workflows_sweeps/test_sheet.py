"""Where runs stand in the picture of a sweep, and what it looks like."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from PIL import Image

from workflows.sweeps import CANCELLED, Axis, Item, Result, Sweep
from workflows.sweeps.drawing import drawn
from workflows.sweeps.sheet import arranged

CFG, STEPS, NAME = Axis("cfg", (1, 2.5)), Axis("steps", (4, 8, 12)), Axis("name", ("p", "q"))


def sweep(*axes: Axis, varied: tuple[str, ...] = ()) -> Sweep:
    return Sweep(
        id="", workflow="Portrait", version="", release=None, queue="", title="", axes=axes,
        varied=varied, outputs={"image": "IMAGE"}, total=0, created=0, author="",
    )  # fmt: skip


def items(*axes: Axis) -> list[Item]:
    """A run for each combination, whose picture is named after its place."""
    found = product(*(axis.values for axis in axes))
    return [
        Item(
            number, {axis.input: value for axis, value in zip(axes, values, strict=True)}, str(number),
            "success", Result({"image": [{"filename": f"{number}.png"}]}),
        )
        for number, values in enumerate(found)
    ]  # fmt: skip


def test_the_first_two_inputs_are_columns_and_rows_and_the_others_have_a_block_each() -> None:
    sheet = arranged(sweep(CFG, STEPS, NAME), items(CFG, STEPS, NAME), "image")
    assert [block.caption for block in sheet.blocks] == ["name: p", "name: q"]
    first, second = sheet.blocks
    assert first.columns == ("cfg: 1", "cfg: 2.5") and first.rows == ("steps: 4", "steps: 8", "steps: 12")
    names = [[cell.file and cell.file["filename"] for cell in row] for row in first.cells]
    assert names == [["0.png", "6.png"], ["2.png", "8.png"], ["4.png", "10.png"]]
    assert second.cells[0][0].file == {"filename": "1.png"}


def test_one_input_is_a_row_and_many_values_wrap_with_captions() -> None:
    (block,) = arranged(sweep(CFG), items(CFG), "image").blocks
    assert block.columns == ("cfg: 1", "cfg: 2.5") and len(block.cells) == 1
    many = Axis("seed", tuple(range(30)))
    (block,) = arranged(sweep(many, varied=("seed",)), items(many), "image").blocks
    assert [len(row) for row in block.cells] == [6] * 5 and block.cells[4][5].caption == "seed: 29"


def test_an_input_with_a_single_value_has_no_axis() -> None:
    one = Axis("text", ("only",))
    (block,) = arranged(sweep(one, CFG), items(one, CFG), "image").blocks
    assert block.columns == ("cfg: 1", "cfg: 2.5")


def test_what_is_not_there_says_why() -> None:
    made = [
        Item(0, {}, "0", "error", Result(error="out of memory")),
        Item(1, {}, "1"),
        Item(2, {}, "2", CANCELLED),
        Item(3, {}, "3", "success", Result({"image": 42})),
    ]
    (block,) = arranged(sweep(), made, "image").blocks
    cells = [cell for row in block.cells for cell in row]
    assert [(cell.kind, cell.text) for cell in cells] == [
        ("failed", "out of memory"), ("waiting", "…"), ("waiting", "cancelled"), ("text", "42"),
    ]  # fmt: skip


def test_pictures_are_drawn_in_place_and_long_labels_wrap(tmp_path: Path) -> None:
    prompt = Axis("prompt", ("a very long description of a fox " * 8, "word" * 200))
    colours = [(200, 10, 10), (10, 200, 10)]
    for number, colour in enumerate(colours):
        Image.new("RGB", (120, 90), colour).save(tmp_path / f"{number}.png")
    sheet = arranged(sweep(prompt), items(prompt), "image")
    picture = drawn(sheet, lambda file: tmp_path / file["filename"])
    red, green = (box(picture, colour) for colour in colours)
    assert red[2] - red[0] == green[2] - green[0] == 120 and red[3] - red[1] == 90
    assert red[1] == green[1] and red[2] < green[0]
    assert picture.height < 90 + 300  # labels are cut off at some point


def test_a_picture_that_is_gone_or_damaged_is_marked(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    picture = drawn(arranged(sweep(CFG), items(CFG), "image"), lambda file: tmp_path / file["filename"])
    left, _, right, _ = box(picture, (248, 220, 216))
    assert right - left >= 2 * 256  # both of them, as large as cells are without a picture


def box(picture: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """What a colour covers."""
    bands = [
        band.point([255 if value == wanted else 0 for value in range(256)])
        for band, wanted in zip(picture.split(), colour, strict=True)
    ]
    mask = Image.merge("RGB", bands).convert("L").point([0] * 255 + [255])
    found = mask.getbbox()
    assert found is not None
    return found
