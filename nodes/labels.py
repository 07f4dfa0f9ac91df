"""Words beside a grid of pictures: above its columns and before its rows, wrapped to fit."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont
from torch import Tensor
from torch.nn.functional import pad

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
SMALLEST, LARGEST = 12, 48
"""Of the letters, in pixels."""
INK = 235


def labelled(grid: Tensor, cell: tuple[int, int], across: Sequence[str], down: Sequence[str]) -> Tensor:
    """A grid [H,W,C] with words above its columns and before its rows, in bands of their own.

    `cell` is width and height of one column and row. The letters grow with the cells.
    """
    if not any(across) and not any(down):
        return grid
    width, height = cell
    font = ImageFont.load_default(min(max(SMALLEST, min(cell) // 12), LARGEST))
    line, margin = line_height(font), line_height(font) // 3
    heads = [wrapped(text, font, width - margin) for text in across]
    sides = [shortened(wrapped(text, font, width - margin), height // line) for text in down]
    top = max(map(len, heads), default=0) * line + (2 * margin if any(heads) else 0)
    widest = max((font.getlength(words) for lines in sides for words in lines), default=0)
    left = int(widest) + 2 * margin if widest else 0

    framed = pad(grid[..., :3], (0, 0, left, 0, top, 0))
    canvas = PilImage.new("L", (framed.shape[1], framed.shape[0]))
    draw = ImageDraw.Draw(canvas)
    for column, words in enumerate(heads):
        write(draw, words, font, left + width * column + width // 2, top - margin - len(words) * line // 2)
    for row, words in enumerate(sides):
        write(draw, words, font, left // 2, top + height * row + height // 2)
    ink = torch.as_tensor(np.asarray(canvas).astype(np.float32) / 255).to(grid)[..., None]
    framed = torch.maximum(framed, ink.expand_as(framed))
    return framed if grid.shape[-1] == 3 else torch.cat([framed, torch.ones_like(framed[..., :1])], dim=-1)


def wrapped(text: str, font: Font, width: int) -> list[str]:
    """A text in lines of at most `width` pixels, broken between words where that is possible."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(joined) <= width:
            lines[-1] = joined
            continue
        while len(word) > 1 and font.getlength(word) > width:
            fits = max(1, next(n for n in range(len(word), -1, -1) if font.getlength(word[:n]) <= width))
            lines.append(word[:fits])
            word = word[fits:]
        if word:
            lines.append(word)
    return lines


def shortened(lines: list[str], most: int) -> list[str]:
    """At most `most` lines and at least one; what is left out shows as an ellipsis."""
    most = max(1, most)
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1] + "…"]


def line_height(font: Font) -> int:
    """From one line to the next, in pixels."""
    _, top, _, bottom = font.getbbox("Áy")
    return int(bottom - top) + 3


def write(draw: ImageDraw.ImageDraw, lines: Sequence[str], font: Font, x: int, y: int) -> None:
    """Write lines centred on a point."""
    line = line_height(font)
    first = y - (len(lines) - 1) * line / 2
    for index, words in enumerate(lines):
        draw.text((x, first + index * line), words, font=font, fill=INK, anchor="mm")
