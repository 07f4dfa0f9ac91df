"""Definitions that contain each other: what neither side did, but a merge can."""

from __future__ import annotations

from typing import Any

from workflows.merge.conflicts import Conflict, ResolutionError
from workflows.merge.cycles import Edge, cycle
from workflows.merge.decisions import Decisions
from workflows.merge.sides import Side


def break_recursion(meaning: dict[str, Any], ours: Side, theirs: Side, decisions: Decisions) -> None:
    """Take out instances by which a definition contains itself: theirs, as long as nobody decides."""
    while found := cycle(_contained(meaning)):
        lost = next((edge for edge in found if not _has(ours, edge)), None)
        if lost is None:
            return  # ours contains itself already: that is for validation to tell
        graph, node = lost
        kind = meaning["subgraphs"][graph]["nodes"][node]["type"]
        name = str(meaning["subgraphs"][kind].get("name", kind))
        about = Conflict(
            f"/{graph}/{node}", "cycle", graph, node, class_type=name, theirs={"class_type": kind}
        )
        if decisions.decide(about) == "theirs":
            lost = next((edge for edge in found if not _has(theirs, edge)), None)
            if lost is None:
                raise ResolutionError(f"with theirs {about.id} makes the subgraph {name!r} contain itself")
        _take_out(meaning["subgraphs"][lost[0]], lost[1])


def _contained(meaning: dict[str, Any]) -> dict[str, Any]:
    """Which definition holds instances of which, as a graph to look for cycles in."""
    subgraphs: dict[str, Any] = meaning["subgraphs"]
    return {
        name: {
            "inputs": {node: [record["type"], 0] for node, record in graph["nodes"].items()
                       if record["type"] in subgraphs}
        }
        for name, graph in subgraphs.items()
    }  # fmt: skip


def _has(side: Side, edge: Edge) -> bool:
    return edge[1] in side.graph(edge[0])["nodes"]


def _take_out(graph: dict[str, Any], node: str) -> None:
    del graph["nodes"][node]
    for record in graph["nodes"].values():
        record["inputs"] = {key: source for key, source in record["inputs"].items() if source[0] != node}
    for port in graph["outputs"]:
        port["from"] = [source for source in port["from"] if source[0] != node]
