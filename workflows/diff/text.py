"""A diff for people: one block for each node, in words of the canvas."""

from __future__ import annotations

from workflows.diff.changes import Diff


def text(diff: Diff, *, colour: bool = False) -> str:
    """The changes as lines for a terminal."""
    raise NotImplementedError
