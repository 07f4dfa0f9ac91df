"""Merging two documents that began as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.canonical import Json
from workflows.formats.definitions import Definitions
from workflows.merge.conflicts import Merge


def merge(
    base: Json,
    ours: Json,
    theirs: Json,
    definitions: Definitions,
    resolutions: Mapping[str, Any] | None = None,
) -> Merge:
    """Ours with what theirs changed since the base.

    `resolutions` settles conflicts by their id: `"ours"`, `"theirs"` or, for an input's, `{"value": …}`.
    Raises DocumentError if one of the documents is no workflow, ResolutionError for a resolution that names no conflict or
    would leave a dangling link or a cycle.
    """
    raise NotImplementedError
