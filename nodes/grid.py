"""Nodes that compare: every pair of two lists of values, and one labelled picture of many."""

import math
import re
from typing import Annotated, Any, NamedTuple

from torch import Tensor

from engine.node import node
from engine.types import Multiline, OptionalInput, Range, Socket
from nodes.labels import labelled
from nodes.types import Image

Values = Annotated[list[Any], Socket("*", is_list=True)]

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.\d*|\.?\d+)([eE][+-]?\d+)?")


class Pairs(NamedTuple):
    column: Values
    row: Values
    column_count: int
    column_labels: str
    row_labels: str


class WrongLines(ValueError):
    """A list of values or labels has too few or too many lines."""

    remedy = "Write one a line, as many as the grid has columns or rows."


@node("GridValues", title="Grid Values", category="image/grid", lane="cpu")
def grid_values(
    *,
    columns: Annotated[str, Multiline()] = "",
    rows: Annotated[str, Multiline()] = "",
    column_name: Annotated[str, OptionalInput()] = "",
    row_name: Annotated[str, OptionalInput()] = "",
) -> Pairs:
    """Every pair of a column's and a row's value, row by row. What they are connected to runs once for each.

    Args:
        columns: The values from left to right, one a line: numbers or words.
        rows: The values from top to bottom, one a line: numbers or words.
        column_name: A word before the value in each column's label.
        row_name: A word before the value in each row's label.

    Returns:
        column: The column's value of each picture.
        row: The row's value of each picture.
        column_count: How many columns there are, for Image Grid.
        column_labels: The words above the columns, for Image Grid.
        row_labels: The words before the rows, for Image Grid.
    """
    across, down = lines_of(columns), lines_of(rows)
    for name, values in (("columns", across), ("rows", down)):
        if not values:
            raise WrongLines(f"{name} has no values")
    pairs = [(value_of(column), value_of(row)) for row in down for column in across]
    return Pairs(
        [column for column, _ in pairs],
        [row for _, row in pairs],
        len(across),
        "\n".join(f"{column_name} {column}".strip() for column in across),
        "\n".join(f"{row_name} {row}".strip() for row in down),
    )


@node("ImageGrid", title="Image Grid", category="image/grid", lane="cpu")
def image_grid(
    *,
    images: Image,
    columns: Annotated[int, Range(0, 64)] = 0,
    padding: Annotated[int, Range(0, 256)] = 2,
    column_labels: Annotated[str, Multiline(), OptionalInput()] = "",
    row_labels: Annotated[str, Multiline(), OptionalInput()] = "",
) -> Image:
    """Lay the pictures of a batch out in rows, as one picture.

    Args:
        images: The pictures, from left to right and from top to bottom.
        columns: How many stand in a row; 0 makes as many columns as rows.
        padding: Black pixels around each.
        column_labels: Words above the columns, one line each.
        row_labels: Words before the rows, one line each.
    """
    columns = min(columns or math.ceil(math.sqrt(len(images))), len(images))
    rows = math.ceil(len(images) / columns)
    across, down = lines_of(column_labels), lines_of(row_labels)
    for count, labels, what in ((columns, across, "column"), (rows, down, "row")):
        if len(labels) > count:
            raise WrongLines(f"{len(labels)} {what} labels for {count} {what}s")
    grid = tiled(images, columns, padding)
    height, width = images.shape[1:3]
    return labelled(grid, (width + padding, height + padding), across, down)[None]


def lines_of(text: str) -> list[str]:
    """The lines of a text, trimmed, without the empty ones at its end."""
    return [line.strip() for line in text.rstrip().splitlines()]


def value_of(text: str) -> int | float | str:
    """A number where a text is one, and else the text."""
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def tiled(images: Tensor, columns: int, padding: int) -> Tensor:
    """[B,H,W,C] → one picture [H,W,C]: `padding` around each, as torchvision's make_grid lays them out."""
    count, height, width, channels = images.shape
    high, wide = height + padding, width + padding
    grid = images.new_zeros(math.ceil(count / columns) * high + padding, columns * wide + padding, channels)
    for index, image in enumerate(images):
        top, left = index // columns * high + padding, index % columns * wide + padding
        grid[top : top + height, left : left + width] = image
    if channels == 4:
        grid[..., 3] = 1  # what lies between the pictures is black, not transparent
    return grid
