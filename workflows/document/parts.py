"""Taking a document apart and putting it together."""

from __future__ import annotations

from typing import NamedTuple

from workflows.canonical import Json


class Parts(NamedTuple):
    """A document in two: what it means, and how it looks."""

    meaning: Json
    layout: Json


def split(document: Json) -> Parts:
    """The two parts of a document, both canonical. Raises DocumentError if it is no workflow.

    Documents that differ in their layout only have equal meanings: places and colours, ids of links, the
    order of nodes, sockets shown or left out. Node definitions are not needed.
    """
    raise NotImplementedError


def join(meaning: Json, layout: Json | None) -> Json:
    """The document with this meaning and look: canonically the one that `split` took apart.

    A layout of another version of the workflow does, and none: nodes it does not know are placed beside their
    neighbours, links it does not know get new ids. Neither part is changed.
    """
    raise NotImplementedError
