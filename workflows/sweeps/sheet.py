"""Where each run of a sweep stands in its picture: columns, rows and blocks, with their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod, sqrt
from typing import Any, Literal

from engine.graph import as_list, as_object
from workflows.sweeps.plan import Axis
from workflows.sweeps.records import CANCELLED, SUCCESS, Item, Json, Sweep
from workflows.sweeps.tables import cell

Kind = Literal["picture", "text", "waiting", "failed"]
_WIDEST, _WIDEST_ROW = 40, 12
"""Columns of a table, and of a single row of it, that can still be looked at."""


@dataclass(frozen=True)
class Cell:
    """What came of a run: the file of a picture, or a text. `caption` is there where labels are not."""

    kind: Kind
    text: str = ""
    file: Json | None = None
    caption: str = ""


@dataclass(frozen=True)
class Block:
    """A table of cells, one row after the other. Without labels, the cells have captions."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Sheet:
    """A picture to be drawn."""

    title: str
    blocks: tuple[Block, ...]


def arranged(sweep: Sweep, items: Sequence[Item], output: str) -> Sheet:
    """The runs of a sweep, all of them, as a sheet. The first input that varies goes across, the second down,
    each combination of the others has a block. Rows of a table, and what would be too wide, stand one after
    the other.
    """
    title = sweep.title or sweep.workflow
    cells = [_cell(item, output) for item in items]
    axes = [axis for axis in sweep.axes if len(axis.values) > 1]
    across = len(axes[0].values) if axes else 0
    widest = _WIDEST if len(axes) > 1 else _WIDEST_ROW
    if not 0 < across <= widest or prod(len(axis.values) for axis in axes) != len(cells):
        captions = [_caption(item, sweep.varied) for item in items]
        return Sheet(title, (_flow(cells, captions),))
    columns = axes[0]
    rows = axes[1] if len(axes) > 1 else None
    # By place on each axis: the last axis changes fastest.
    at = dict(zip(product(*(range(len(axis.values)) for axis in axes)), cells, strict=True))
    blocks: list[Block] = []
    for others in product(*(range(len(axis.values)) for axis in axes[2:])):
        named = zip(axes[2:], others, strict=True)
        down = range(len(rows.values)) if rows else (None,)
        across = range(len(columns.values))
        table = tuple(tuple(at[(x, *others) if y is None else (x, y, *others)] for x in across) for y in down)
        blocks.append(
            Block(
                ",  ".join(_label(axis, axis.values[place]) for axis, place in named),
                tuple(_label(columns, value) for value in columns.values),
                tuple(_label(rows, value) for value in rows.values) if rows else ("",),
                table,
            )
        )
    return Sheet(title, tuple(blocks))


def _flow(cells: Sequence[Cell], captions: Sequence[str]) -> Block:
    """Cells one after the other, in about as many rows as columns."""
    captioned = [Cell(c.kind, c.text, c.file, text) for c, text in zip(cells, captions, strict=True)]
    width = max(1, ceil(sqrt(len(captioned))))
    table = tuple(tuple(captioned[start : start + width]) for start in range(0, len(captioned), width))
    return Block("", (), (), table)


def _cell(item: Item, output: str) -> Cell:
    if item.status is None:
        return Cell("waiting", "…")
    if item.status != SUCCESS:
        text = item.result.error or item.status
        return Cell("waiting" if item.status == CANCELLED else "failed", text)
    value = item.result.outputs.get(output)
    first = next(iter(as_list(value) or ()), None)
    file = as_object(first)
    if file is not None and "filename" in file:
        return Cell("picture", file=dict(file))
    return Cell("text", cell(value))


def _caption(item: Item, varied: Sequence[str]) -> str:
    return ", ".join(f"{name}: {cell(item.inputs[name])}" for name in varied if name in item.inputs)


def _label(axis: Axis, value: Any) -> str:
    return f"{axis.input}: {cell(value)}"
