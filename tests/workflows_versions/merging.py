"""Merges of two edits of one document, and the edits."""

import copy
from collections.abc import Callable
from typing import Any

from tests.workflows_versions import edits
from tests.workflows_versions.edits import drawing, find
from tests.workflows_versions.test_document import DEFINITIONS
from workflows.merge import Merge, merge

Edit = Callable[[Any], object]


def merged(base: Any, ours: Edit, theirs: Edit, resolutions: dict[str, Any] | None = None) -> Merge:
    """The merge of two edits of one document."""
    sides = [copy.deepcopy(base), copy.deepcopy(base)]
    ours(sides[0])
    theirs(sides[1])
    known = edits.DEFINITIONS if edits.DEFINITIONS(base["nodes"][0]["type"]) else DEFINITIONS
    return merge(base, sides[0], sides[1], known, resolutions)


def values(document: Any, number: int) -> Any:
    node = find(document, number)
    return None if node is None else node["widgets_values"]


def put(number: int, index: int, value: Any) -> Edit:
    """Set one value of one node."""

    def edit(document: Any) -> None:
        values(document, number)[index] = value

    return edit


def remove(number: int) -> Edit:
    """Delete one node, with its links."""

    def edit(document: Any) -> None:
        links = [link[0] for link in document["links"] if number in (link[1], link[3])]
        for node in document["nodes"]:
            for slot in node["inputs"]:
                slot["link"] = None if slot["link"] in links else slot["link"]
        document["links"] = [link for link in document["links"] if link[0] not in links]
        document["nodes"] = [node for node in document["nodes"] if node["id"] != number]

    return edit


def chain() -> Any:
    """Load → Mix → Mix → Save, and a Text beside it."""
    return drawing(
        ("Load", ["a"]), ("Mix", [1, "fixed", 0.5]), ("Mix", [2, "fixed", 0.5]), ("Save", ["x"]),
        ("Text", ["t"]),
        links=[(1, 2, "a"), (2, 3, "a"), (3, 4, "images")],
    )  # fmt: skip
