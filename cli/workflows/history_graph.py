"""The column of a log that shows which version came from which, for histories that branch and merge.

Lines keep their column for as long as they last, so a line can be followed with the eye; a column that
became free is used again.
"""

from __future__ import annotations

from collections.abc import Sequence

_EMPTY, _LINE, _DOT = " ", "│", "●"


class HistoryGraph:
    """Takes versions, children before their parents, and draws them line by line."""

    def __init__(self) -> None:
        self._columns: list[str | None] = []
        """In each column the version that its line leads down to."""

    def add(self, version: str, parents: Sequence[str]) -> list[str]:
        """The drawing of a version: its own line, then those that connect it to its parents."""
        at = self._column_of(version)
        lines = [self._drawn({at: _DOT})]
        self._columns[at] = None
        for parent in parents[1:]:
            self._columns[at] = parents[0]
            lines.append(self._branch(at, parent))
        self._columns[at] = None
        if parents and parents[0] in self._columns:
            lines.append(self._join(at, self._columns.index(parents[0])))
        elif parents:
            self._columns[at] = parents[0]
        while self._columns and self._columns[-1] is None:
            self._columns.pop()
        return lines

    @property
    def below(self) -> str:
        """Lines that go on, to stand beside more text on the last version."""
        return self._drawn({})

    def _column_of(self, version: str) -> int:
        if version in self._columns:
            return self._columns.index(version)
        return self._free(version)

    def _free(self, version: str) -> int:
        if None in self._columns:
            at = self._columns.index(None)
            self._columns[at] = version
            return at
        self._columns.append(version)
        return len(self._columns) - 1

    def _branch(self, at: int, parent: str) -> str:
        """A line to another parent, which may have one already."""
        if parent in self._columns:
            to = self._columns.index(parent)
            return self._connected(at, to, "├" if to > at else "┤", "┤" if to > at else "├")
        to = self._free(parent)
        return self._connected(at, to, "├" if to > at else "┤", "╮" if to > at else "╭")

    def _join(self, at: int, to: int) -> str:
        """The line of a column ends in that of another."""
        return self._connected(at, to, "╰" if to > at else "╯", "┤" if to > at else "├")

    def _connected(self, start: int, end: int, first: str, last: str) -> str:
        marks = {start: first, end: last}
        left, right = sorted((start, end))
        for column in range(left + 1, right):
            marks[column] = "─" if self._columns[column] is None else "┼"
        return self._drawn(marks, dashes=range(left, right))

    def _drawn(self, marks: dict[int, str], dashes: range = range(0)) -> str:
        text = ""
        for column, leads in enumerate(self._columns):
            text += marks.get(column, _EMPTY if leads is None else _LINE)
            text += "─" if column in dashes else " "
        return text.rstrip()
