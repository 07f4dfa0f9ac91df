"""Comparing two documents."""

from __future__ import annotations

from workflows.canonical import Json
from workflows.diff.changes import Diff
from workflows.formats.definitions import Definitions


def diff(before: Json, after: Json, definitions: Definitions) -> Diff:
    """The changes from one document to another. Raises DocumentError if one of them is no workflow.

    Values are compared by the names that the definitions give them, by position for classes that are not
    known.
    """
    raise NotImplementedError
