"""A diff for people: one block for each node, in the words of the canvas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from engine.graph import as_object
from workflows.canonical import Json
from workflows.diff import words
from workflows.diff.changes import LAYOUT, Change, Diff
from workflows.formats.graph import INPUTS, OUTPUTS

_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "~": "\x1b[33m", "…": "\x1b[2m"}
_END = "\x1b[0m"
_MODES: Mapping[Any, str] = {0: "active", 2: "muted", 4: "bypassed"}
_WHOLE = {"node_added": "+", "subgraph_added": "+", "node_removed": "-", "subgraph_removed": "-"}


def text(diff: Diff, *, colour: bool = False) -> str:
    """The changes as lines for a terminal, each ending with a newline; empty if nothing differs."""
    writer = _Writer(diff, colour)
    return "".join(f"{line}\n" for line in writer.lines())


class _Writer:
    def __init__(self, diff: Diff, colour: bool) -> None:
        self._diff = diff
        self._colour = colour

    def lines(self) -> Iterator[str]:
        for graph, changes in groupby(self._diff.changes, lambda change: change.graph):
            found = list(changes)
            indent = ""
            if graph and not found[0].kind.startswith("subgraph_"):
                yield f"in the subgraph {_quoted(self._diff.graphs.get(graph, graph))}:"
                indent = "  "
            meant = [change for change in found if change.kind not in LAYOUT]
            for _, block in groupby(meant, lambda change: change.node):
                for line in self._block(list(block)):
                    yield indent + line
            if summary := _layout(found):
                yield f"{indent}{summary}"

    def _block(self, changes: list[Change]) -> Iterator[str]:
        first = changes[0]
        if first.node is None or first.node == OUTPUTS:
            for change in changes:
                yield from self._graph_line(change)
            return
        whole = [change for change in changes if change.kind in _WHOLE]
        for change in whole:
            yield self._marked(_WHOLE[change.kind], _node(change))
        inner = [change for change in changes if change.kind not in _WHOLE]
        if inner:
            before = f", was #{inner[0].node_before}" if inner[0].node_before else ""
            yield self._marked("~", _node(inner[0]) + before)
            for change in inner:
                for line in self._change(change):
                    yield f"    {line}"

    def _graph_line(self, change: Change) -> Iterator[str]:
        if change.kind in _WHOLE:
            sentence = f"subgraph {_quoted(change.title or change.graph)}, {change.after} nodes"
            yield self._marked(_WHOLE[change.kind], sentence)
            return
        label = {"retitled": "name", "function": f"function {change.input}", "extra": f"extra {change.input}"}
        name = label.get(change.kind, f"{change.kind} {change.input}")
        if change.kind == "rewired":
            name = f"output {change.input}"
            yield self._marked("~", f"{name}: {_end(change.before)} → {_end(change.after)}")
            return
        mark = "+" if change.before is None else "-" if change.after is None else "~"
        yield self._marked(mark, f"{name}: {_what(change.before, change.after)}")

    def _change(self, change: Change) -> Iterator[str]:
        before, after = change.before, change.after
        match change.kind:
            case "value":
                yield from self._value(str(change.input), before, after)
            case "control":
                yield f"{change.input} after generate: {before} → {after}"
            case "rewired":
                yield f"{change.input}: {_end(before)} → {_end(after)}"
            case "mode":
                yield f"{_MODES.get(before, before)} → {_MODES.get(after, after)}"
            case "retitled":
                yield f"title {_quoted(before)} → {_quoted(after)}"
            case "class":
                yield f"class {before} → {after}"
            case _:
                yield f"{change.kind} {change.input}: {_short(before)} → {_short(after)}"

    def _value(self, name: str, before: Json, after: Json) -> Iterator[str]:
        texts = isinstance(before, str) and isinstance(after, str)
        if not texts or (max(len(before), len(after)) <= words.SHORT and "\n" not in before + after):
            yield f"{name} {_short(before)} → {_short(after)}"
        elif words.too_long(before, after):
            yield f"{name}: {len(before):,} → {len(after):,} characters"
        elif "\n" in before + after:
            yield f"{name}:"
            for mark, line in words.lines(before, after):
                yield f"  {self._marked(mark, _printable(line))}"
        else:
            yield f"{name}: {''.join(self._word(*piece) for piece in words.words(before, after))}"

    def _word(self, mark: str, piece: str) -> str:
        if mark == " ":
            return _printable(piece)
        if mark == "…":
            return " … "
        return self._coloured(
            mark, f"[-{_printable(piece)}-]" if mark == "-" else f"{{+{_printable(piece)}+}}"
        )

    def _marked(self, mark: str, line: str) -> str:
        return self._coloured(mark, f"{mark} {line}")

    def _coloured(self, mark: str, line: str) -> str:
        return f"{_COLOURS[mark]}{line}{_END}" if self._colour and mark in _COLOURS else line


def _node(change: Change) -> str:
    title = f" {_quoted(change.title)}" if change.title else ""
    return f"{_printable(str(change.class_type))}{title} (#{change.node})"


def _end(end: Json) -> str:
    """Where a link comes from."""
    if end is None:
        return "nothing"
    if end["node"] == INPUTS:
        return f"the subgraph's input {_quoted(end['slot'])}"
    title = f" {_quoted(end['title'])}" if end["title"] else ""
    slot = f" {end['output'] or 'output ' + str(end['slot'])}"
    return f"{_printable(str(end['class_type']))}{title} (#{end['node']}){slot}"


def _layout(changes: list[Change]) -> str:
    """Everything that is looks only, in one line."""
    moved = sum(change.kind == "moved" for change in changes)
    framed = sum(change.kind == "group" for change in changes)
    parts = [
        f"{count} {word}{'' if count == 1 else 's'} {what}"
        for count, word, what in ((moved, "node", "moved"), (framed, "group", "changed"))
        if count
    ]
    return f"layout: {', '.join(parts)}" if parts else ""


def _quoted(name: str | None) -> str:
    return '""' if name is None else f'"{_printable(name)}"'


def _short(value: Json) -> str:
    if isinstance(value, str):
        line = _quoted(value)
    elif (record := as_object(value)) is not None and "type" in record:
        line = str(record["type"])
    else:
        line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= words.SHORT + 2 else f"{line[: words.SHORT]}…"


def _what(before: Json, after: Json) -> str:
    """What came, went, or differs: of objects the keys that do."""
    one, other = as_object(before), as_object(after)
    if one is not None and other is not None:
        keys = [key for key in dict.fromkeys([*one, *other]) if one.get(key) != other.get(key)]
        return ", ".join(f"{key} {_short(one.get(key))} → {_short(other.get(key))}" for key in keys)
    parts = [value for value in (before, after) if value is not None]
    return " → ".join(map(_short, parts))


def _printable(text: str) -> str:
    """A text that cannot steer the terminal it is shown in."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
