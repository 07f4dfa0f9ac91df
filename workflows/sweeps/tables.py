"""Tables as text: inputs read from CSV, results written to it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

_DELIMITERS = ",;\t"
_LONGEST_CELL = 1024 * 1024


class TableError(ValueError):
    """Text that is no table; the message names the line."""


def read_table(text: str) -> list[dict[str, str]]:
    """The rows of a CSV table by the names in its first line; empty cells are left out, as are empty lines.

    Commas, semicolons and tabs part cells, whichever the first line has. Raises TableError.
    """
    source = text.removeprefix("\ufeff")
    head = source.split("\n", 1)[0]
    delimiter = next((sign for sign in _DELIMITERS if sign in head), ",")
    csv.field_size_limit(_LONGEST_CELL)
    no_names: list[str] = []
    reader = csv.reader(io.StringIO(source, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader, no_names)]
        _check(names)
        return [row for cells in reader if any(cells) for row in [_row(names, cells, reader.line_num)]]
    except csv.Error as error:
        raise TableError(f"line {reader.line_num}: {error}") from error


def _check(names: list[str]) -> None:
    if not any(names):
        raise TableError("line 1: the first line must hold the names of inputs")
    if "" in names:
        raise TableError(f"line 1: column {names.index('') + 1} has no name")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise TableError(f"line 1: {twice[0]!r} is there several times")


def _row(names: Sequence[str], cells: Sequence[str], line: int) -> dict[str, str]:
    if len(cells) > len(names):
        raise TableError(
            f"line {line}: {len(cells)} cells, but {len(names)} columns; quote cells with commas"
        )
    return {name: cell for name, cell in zip(names, cells, strict=False) if cell.strip()}


def write_table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as CSV (RFC 4180). What is no text, number or truth value is written as JSON."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(names)
    writer.writerows([[cell(value) for value in row] for row in rows])
    return buffer.getvalue()


def cell(value: Any) -> str:
    """A value in few words, as tables and labels show it; `read_table` and a workflow read it back."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return repr(value)
        case _:
            return json.dumps(value, ensure_ascii=False)
