"""A document as text for version control."""

from __future__ import annotations

from workflows.canonical import Json


def formatted(document: Json) -> str:
    """The whole document, canonical and line by line: nodes sorted by id, links by target.

    It stays a file that ComfyUI opens. Formatting it again changes nothing. Raises DocumentError.
    """
    raise NotImplementedError
