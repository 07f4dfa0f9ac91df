"""Types that exist on the canvas only, those of well-known packs too, and what a link from one brings."""

from __future__ import annotations

from typing import Literal

from workflows.formats.definitions import Definitions
from workflows.formats.graph import PRIMITIVE, REROUTE

Behaviour = Literal["runs", "reroute", "primitive", "set", "get", "silent"]
_SILENT = frozenset(
    {"Anything Everywhere", "Anything Everywhere?", "Anything Everywhere3", "Prompts Everywhere",
     "Seed Everywhere", "Simple String", "Fast Groups Bypasser (rgthree)", "Fast Groups Muter (rgthree)",
     "Fast Bypasser (rgthree)", "Fast Muter (rgthree)", "Fast Actions Button (rgthree)",
     "Mute / Bypass Repeater (rgthree)", "Mute / Bypass Relay (rgthree)", "Node Collector (rgthree)",
     "Bookmark (rgthree)", "Label (rgthree)"}
)  # fmt: skip
"""They draw, or change modes of other nodes; nothing of them runs."""
_ALWAYS: dict[str, Behaviour] = {
    PRIMITIVE: "primitive",
    REROUTE: "reroute",
    "Note": "silent",
    "MarkdownNote": "silent",
}
_WITHOUT_CLASS: dict[str, Behaviour] = {"Reroute (rgthree)": "reroute", "SetNode": "set", "GetNode": "get"}


def behaviour_of(kind: str, definitions: Definitions) -> Behaviour:
    """What becomes of a node of this type. A pack's name counts only while the server has no such class,
    except for the nodes that link to everything, which have a class that does nothing.
    """
    if kind in _ALWAYS:
        return _ALWAYS[kind]
    if kind.startswith("Anything Everywhere"):
        return "silent"
    if definitions(kind) is not None:
        return "runs"
    if kind in _SILENT:
        return "silent"
    return _WITHOUT_CLASS.get(kind, "runs")
