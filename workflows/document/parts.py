"""Taking a document apart and putting it together."""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.graph import as_list, as_object
from workflows.canonical import CanonicalError, Json, canonical, digest
from workflows.document.apart import apart
from workflows.document.errors import DocumentError
from workflows.document.prompts import apart_prompt, is_prompt_document, together_prompt
from workflows.document.together import together
from workflows.formats.sort import kind_of


class Parts(NamedTuple):
    """A document in two: what it means, and how it looks."""

    meaning: Json
    layout: Json


def split(document: Json) -> Parts:
    """The two parts of a document, both canonical. Raises DocumentError if it is no workflow.

    Documents that differ in their layout only have equal meanings: places and colours, ids of links, the
    order of nodes, sockets shown or left out. Node definitions are not needed.
    """
    try:
        whole = canonical(document)
        meaning, layout = parts_of(whole)
        # What third parties broke (links that end nowhere, ids given twice) is kept beside its repair.
        if _together(meaning, layout) != whole:
            layout["exact"] = {"meaning": digest(meaning), "document": whole}
        return Parts(meaning, layout)
    except CanonicalError as error:
        raise DocumentError(f"this workflow cannot be kept: {error}") from error


def join(meaning: Json, layout: Json | None) -> Json:
    """The document with this meaning and look: canonically the one that `split` took apart.

    A layout of another version of the workflow does, and none: nodes it does not know are placed beside their
    neighbours, links it does not know get new ids. Neither part is changed.
    """
    look = as_object(layout) or {}
    exact = look.get("exact")
    if exact is not None and exact["meaning"] == digest(meaning):
        return canonical(exact["document"])
    return canonical(_together(meaning, look))


def parts_of(document: Json, *, links: bool = True) -> tuple[dict[str, Any], dict[str, Any]]:
    """Meaning and layout, not canonical and sharing values with the document: for reading only. Raises
    DocumentError. Without `links` the layout cannot be joined.
    """
    root = as_object(document)
    if root is not None and as_list(root.get("nodes")) is not None:
        return apart(root, links=links)
    if root is not None and is_prompt_document(root):
        return apart_prompt(root)
    if root is not None and kind_of(root) == "prompt":
        raise DocumentError('this is a bare prompt in API format; a document holds it as {"prompt": …}')
    raise DocumentError("this is no workflow: that is an object with a list of nodes, or with a prompt")


def _together(meaning: Json, layout: Json) -> dict[str, Any]:
    return together_prompt(meaning, layout) if meaning["kind"] == "prompt" else together(meaning, layout)
