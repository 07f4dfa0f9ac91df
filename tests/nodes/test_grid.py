"""Grids: every pair of two lists of values, and many pictures in one with words beside them."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import ImageFont
from torch import Tensor

from nodes.grid import WrongLines, grid_values, image_grid, value_of
from nodes.labels import shortened, wrapped

FONT = ImageFont.load_default(14)


def pictures(count: int, height: int = 48, width: int = 64, channels: int = 3) -> Tensor:
    """Each of one grey of its own, none black."""
    greys = torch.linspace(0.2, 0.9, count).reshape(count, 1, 1, 1)
    return greys.expand(count, height, width, channels).clone()


def test_pictures_lie_in_rows_with_padding_around_each() -> None:
    grid = image_grid(images=pictures(5), columns=3)
    assert grid.shape == (1, 2 * (48 + 2) + 2, 3 * (64 + 2) + 2, 3)
    for index, picture in enumerate(pictures(5)):
        top, left = 2 + index // 3 * 50, 2 + index % 3 * 66
        assert grid[0, top : top + 48, left : left + 64].equal(picture)
        grid[0, top : top + 48, left : left + 64] = 0
    assert not grid.any(), "and between them it is black"


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (3, 2), (4, 2), (5, 3), (9, 3), (10, 4)])
def test_without_a_number_of_columns_it_is_about_as_many_as_rows(count: int, columns: int) -> None:
    assert image_grid(images=pictures(count), padding=0).shape[2] == columns * 64


def test_fewer_pictures_than_columns_leave_no_empty_columns() -> None:
    assert image_grid(images=pictures(2), columns=8, padding=0).shape[1:3] == (48, 128)


@pytest.mark.parametrize("channels", [3, 4])
def test_labels_stand_beside_the_pictures_and_hide_none(channels: int) -> None:
    images = pictures(4, channels=channels)
    plain = image_grid(images=images, columns=2)
    named = image_grid(images=images, columns=2, column_labels="cfg 1\ncfg 8", row_labels="euler\nddim")
    top, left = named.shape[1] - plain.shape[1], named.shape[2] - plain.shape[2]
    assert top > 10 and left > 10
    assert named[:, top:, left:].equal(plain)
    assert not named[0, :top, :left, :3].any(), "the corner is empty"
    ink = named[0, :top, left:, 0]
    assert ink[:, :66].max() > 0.5 and ink[:, 66:].max() > 0.5, "a word above each column"
    ink = named[0, top:, :left, 0]
    assert ink[:50].max() > 0.5 and ink[50:].max() > 0.5, "a word before each row"


def test_a_column_without_a_word_has_none() -> None:
    named = image_grid(images=pictures(3), columns=3, padding=0, column_labels="one\n\nthree")
    band = named[0, : named.shape[1] - 48, :, 0]
    assert band[:, :64].any() and not band[:, 64:128].any() and band[:, 128:].any()


def test_no_words_no_band() -> None:
    assert image_grid(images=pictures(4), column_labels=" \n", row_labels="").shape[1] == 2 * 50 + 2


@pytest.mark.parametrize("what", ["column", "row"])
def test_more_labels_than_there_are_columns_or_rows_are_refused(what: str) -> None:
    with pytest.raises(WrongLines, match=f"3 {what} labels for 2 {what}s"):
        image_grid(images=pictures(4), **cast("Any", {f"{what}_labels": "a\nb\nc"}))


def test_long_labels_are_wrapped_between_words_and_inside_them_if_need_be() -> None:
    text = "a very long label with-a-word-that-fits-on-no-line-at-all end"
    lines = wrapped(text, FONT, 80)
    assert all(FONT.getlength(line) <= 80 for line in lines) and len(lines) > 4
    assert "".join(lines).replace(" ", "") == text.replace(" ", "") and lines[0] == "a very long"
    assert wrapped("short", FONT, 80) == ["short"] and wrapped("", FONT, 80) == []


def test_labels_too_high_for_their_row_say_that_there_is_more() -> None:
    assert shortened(["a", "b", "c"], 2) == ["a", "b…"] and shortened(["a", "b"], 2) == ["a", "b"]
    assert shortened(["a", "b"], 0) == ["a…"]
    grid = image_grid(images=pictures(2), columns=1, padding=0, row_labels="word " * 100)
    assert grid.shape[1] == 96


def test_a_grid_is_the_same_every_time() -> None:
    one, two = (image_grid(images=pictures(4), column_labels="é 日本\nß") for _ in range(2))
    assert np.array_equal(one.numpy(), two.numpy())


def test_every_column_meets_every_row() -> None:
    made = grid_values(columns="1\n2.5\n", rows="euler\nddim\nuni_pc", column_name="cfg")
    assert made.column == [1, 2.5] * 3
    assert made.row == ["euler", "euler", "ddim", "ddim", "uni_pc", "uni_pc"]
    assert made.column_count == 2
    assert made.column_labels == "cfg 1\ncfg 2.5" and made.row_labels == "euler\nddim\nuni_pc"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8", 8), ("-3", -3), ("2.50", 2.5), (".5", 0.5), ("1e-3", 0.001), (str(2**64 - 1), 2**64 - 1),
        ("nan", "nan"), ("inf", "inf"), ("1_000", "1_000"), ("a fox, 2 eyes", "a fox, 2 eyes"), ("", ""),
    ],
)  # fmt: skip
def test_numbers_are_numbers_and_everything_else_is_text(text: str, value: object) -> None:
    assert value_of(text) == value and type(value_of(text)) is type(value)


@pytest.mark.parametrize("empty", ["columns", "rows"])
def test_a_list_without_values_is_named(empty: str) -> None:
    values = {"columns": "1", "rows": "1", empty: " \n"}
    with pytest.raises(WrongLines, match=f"{empty} has no values") as error:
        grid_values(**values)
    assert "one a line" in error.value.remedy
