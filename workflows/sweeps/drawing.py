"""Drawing a sheet: pictures in a table, with labels that wrap."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from workflows.sweeps.records import Json
from workflows.sweeps.sheet import Block, Cell, Sheet

Find = Callable[[Json], Path | None]
_LARGEST_CELL, _SMALLEST_CELL = 512, 32
_MOST_PIXELS = 40_000_000
_GAP, _MARGIN = 6, 16
_LABEL_WIDTH = 160
_MOST_LINES = 6
_INK, _PAPER, _FAINT = "#1a1a1a", "#ffffff", "#7a7a7a"
_FILL = {"picture": _PAPER, "text": "#f2f2f0", "waiting": "#ececec", "failed": "#f8dcd8"}


@dataclass(frozen=True)
class _Face:
    """A size of Pillow's own font."""

    font: ImageFont.FreeTypeFont | ImageFont.ImageFont
    height: int

    @classmethod
    def of(cls, size: int) -> _Face:
        return cls(ImageFont.load_default(size), round(size * 1.3))

    def width(self, text: str) -> float:
        return self.font.getlength(text)

    def wrapped(self, text: str, width: int, most: int = _MOST_LINES) -> list[str]:
        """The text in lines of at most that width, the last ending in `…` if there is more."""
        lines = [line for part in text.splitlines() for line in self._broken(part, width)]
        if len(lines) <= most:
            return lines
        last = lines[most - 1]
        while last and self.width(last + "…") > width:
            last = last[:-1]
        return [*lines[: most - 1], last + "…"]

    def _broken(self, text: str, width: int) -> Iterable[str]:
        line = ""
        for word in text.split():
            joined = f"{line} {word}" if line else word
            if self.width(joined) <= width:
                line = joined
                continue
            if line:
                yield line
            while self.width(word) > width and len(word) > 1:
                cut = max(1, int(len(word) * width / self.width(word)))
                while cut > 1 and self.width(word[:cut]) > width:
                    cut -= 1
                yield word[:cut]
                word = word[cut:]
            line = word
        if line:
            yield line


def drawn(sheet: Sheet, find: Find) -> Image.Image:
    """The picture of a sheet. `find` says where the file of a run lies; one that cannot be read is marked."""
    width, height = _cell_size(sheet, find)
    face = _Face.of(max(10, min(16, width // 12)))
    titles = _Face.of(20)
    heading = titles.wrapped(sheet.title, max(width * 2, 320), 2)
    laid = [_Laid.of(block, width, height, face) for block in sheet.blocks]
    top = _MARGIN + len(heading) * titles.height + _GAP
    size = (
        max([2 * _MARGIN + max(one.width for one in laid), 240]),
        top + sum(one.height + _GAP * 2 for one in laid) + _MARGIN,
    )
    canvas = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(canvas)
    for number, line in enumerate(heading):
        pen.text((_MARGIN, _MARGIN + number * titles.height), line, _INK, titles.font)
    for one in laid:
        one.draw(canvas, pen, (_MARGIN, top), find)
        top += one.height + _GAP * 2
    return canvas


def _cell_size(sheet: Sheet, find: Find) -> tuple[int, int]:
    """Width and height of a cell: those of the first picture, unless all of them would be too large."""
    width, height = 256, 256
    for cell in (cell for block in sheet.blocks for row in block.cells for cell in row):
        picture = _opened(cell, find)
        if picture is not None:
            width, height = picture.size
            break
    else:
        width, height = 256, 96  # there are but texts
    count = sum(len(row) for block in sheet.blocks for row in block.cells)
    fitting = sqrt(_MOST_PIXELS / max(count * width * height, 1))
    scale = min(_LARGEST_CELL / max(width, height), fitting, 1.0)
    scale = max(scale, _SMALLEST_CELL / max(width, height)) if max(width, height) > _SMALLEST_CELL else 1.0
    return max(1, round(width * scale)), max(1, round(height * scale))


@dataclass(frozen=True)
class _Laid:
    """A block with its measures in pixels."""

    block: Block
    face: _Face
    cell: tuple[int, int]
    label: int
    """Width of the labels of rows."""
    caption: int
    """Height of the caption of the block."""
    head: int
    """Height of the labels of columns."""
    foot: int
    """Height of the captions of cells."""

    @classmethod
    def of(cls, block: Block, width: int, height: int, face: _Face) -> _Laid:
        lines = max((len(face.wrapped(text, width)) for text in block.columns), default=0)
        captions = (cell.caption for row in block.cells for cell in row)
        foot = max((len(face.wrapped(text, width)) for text in captions if text), default=0)
        widest = max((face.width(text) for text in block.rows), default=0)
        return cls(
            block,
            face,
            (width, height),
            min(_LABEL_WIDTH, round(widest) + _GAP) if widest else 0,
            face.height + _GAP if block.caption else 0,
            lines * face.height + _GAP if lines else 0,
            foot * face.height,
        )

    @property
    def width(self) -> int:
        columns = max(len(row) for row in self.block.cells)
        return self.label + columns * (self.cell[0] + _GAP)

    @property
    def height(self) -> int:
        return self.caption + self.head + len(self.block.cells) * (self.cell[1] + self.foot + _GAP)

    def draw(self, canvas: Image.Image, pen: ImageDraw.ImageDraw, at: tuple[int, int], find: Find) -> None:
        """Draw it with its upper left corner there."""
        left, top = at
        if self.block.caption:
            text = self.face.wrapped(self.block.caption, max(self.width, 200), 1)[0]
            pen.text((left, top), text, _INK, self.face.font)
        (width, height), step = self.cell, self.cell[1] + self.foot + _GAP
        for column, label in enumerate(self.block.columns):
            x = left + self.label + column * (width + _GAP)
            self._lines(pen, label, (x, top + self.caption), width)
        top += self.caption + self.head
        for number, row in enumerate(self.block.cells):
            y = top + number * step
            if self.label:
                self._lines(pen, self.block.rows[number], (left, y), self.label - _GAP)
            for column, cell in enumerate(row):
                x = left + self.label + column * (width + _GAP)
                self._cell(canvas, pen, cell, (x, y), find)
                self._lines(pen, cell.caption, (x, y + height), width)

    def _cell(
        self, canvas: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, at: tuple[int, int], find: Find
    ) -> None:
        (x, y), (width, height) = at, self.cell
        picture = _opened(cell, find)
        if picture is not None and (shown := _small(picture, self.cell)) is not None:
            canvas.paste(shown, (x + (width - shown.width) // 2, y + (height - shown.height) // 2))
            return
        kind = "failed" if cell.kind == "picture" else cell.kind
        text = "the picture is gone" if cell.kind == "picture" else cell.text
        pen.rectangle((x, y, x + width - 1, y + height - 1), fill=_FILL[kind])
        if kind == "failed":  # told by its shape as well, not by colour alone
            pen.line((x, y + height - 1, x + width - 1, y), fill="#dfa59d")
        ink = _FAINT if kind == "waiting" else _INK
        most = max(1, (height - _GAP) // self.face.height)
        self._lines(pen, text, (x + _GAP, y + _GAP // 2), width - 2 * _GAP, most, ink)

    def _lines(
        self,
        pen: ImageDraw.ImageDraw,
        text: str,
        at: tuple[int, int],
        width: int,
        most: int = _MOST_LINES,
        ink: str = _INK,
    ) -> None:
        for number, line in enumerate(self.face.wrapped(text, width, most)):
            pen.text((at[0], at[1] + number * self.face.height), line, ink, self.face.font)


def _opened(cell: Cell, find: Find) -> Image.Image | None:
    path = None if cell.file is None else find(cell.file)
    if path is None:
        return None
    try:
        return Image.open(path)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _small(picture: Image.Image, size: tuple[int, int]) -> Image.Image | None:
    try:
        with picture:
            shown = picture.convert("RGB")
            shown.thumbnail(size, Image.Resampling.LANCZOS)
            return shown
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
