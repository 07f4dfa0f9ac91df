"""Merging two documents that began as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.canonical import Json
from workflows.document.errors import DocumentError
from workflows.document.parts import join
from workflows.document.values import Named
from workflows.document.vocabulary import object_of
from workflows.formats.definitions import Definitions
from workflows.merge.conflicts import Conflict, Merge
from workflows.merge.decisions import Decisions, same
from workflows.merge.declared import merge_extra, needed
from workflows.merge.graphs import GraphMerge
from workflows.merge.layouts import merge_looks
from workflows.merge.recursion import break_recursion
from workflows.merge.sides import Side, align


def merge(
    base: Json,
    ours: Json,
    theirs: Json,
    definitions: Definitions,
    resolutions: Mapping[str, Any] | None = None,
) -> Merge:
    """Ours with what theirs changed since the base.

    `resolutions` settles conflicts by their id: `"ours"`, `"theirs"` or, for an input's, `{"value": …}`.
    Raises DocumentError if one of the documents is no workflow, ResolutionError for a resolution that names
    no conflict or would leave a cycle.
    """
    sides = (Side(base, definitions), Side(ours, definitions), Side(theirs, definitions))
    if len({side.meaning["kind"] for side in sides}) > 1:
        raise DocumentError("a workflow and a prompt cannot be merged; open the prompt in the canvas first")
    align(*sides)
    sides[1].keep_links_of_deleted(sides[0])
    sides[2].keep_links_of_deleted(sides[0])
    return _Merging(sides, definitions, Decisions(resolutions)).done()


class _Merging:
    def __init__(
        self, sides: tuple[Side, Side, Side], definitions: Definitions, decisions: Decisions
    ) -> None:
        self._sides = sides
        self._definitions = definitions
        self._decisions = decisions
        self._graphs: dict[str, GraphMerge] = {}

    def done(self) -> Merge:
        base, ours, theirs = self._sides
        meaning: dict[str, Any] = {**self._graph(""), "kind": ours.meaning["kind"], "subgraphs": {}}
        for name in dict.fromkeys([*ours.subgraphs, *theirs.subgraphs]):
            if self._stays(name):
                meaning["subgraphs"][name] = self._graph(name)
        self._keep_used(meaning)
        break_recursion(meaning, ours, theirs, self._decisions)
        meaning["extra"] = merge_extra(*self._extras(), self._decisions)
        layout = {**ours.layout, **self._look("", meaning)}
        layout["subgraphs"] = [
            {**self._look(name, graph), "subgraph": name} for name, graph in meaning["subgraphs"].items()
        ]
        if "definitions" in theirs.layout and "definitions" not in base.layout:
            layout.setdefault("definitions", theirs.layout["definitions"])
        self._write_values(meaning, layout)
        self._decisions.finish()
        return Merge(join(meaning, layout), tuple(self._decisions.conflicts))

    def _extras(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        base, ours, theirs = self._sides
        return base.meaning["extra"], ours.meaning["extra"], theirs.meaning["extra"]

    def _graph(self, name: str) -> dict[str, Any]:
        """One merged graph; a definition that one side does not have is as the other has it."""
        sides = self._sides
        if name:
            having = [side for side in sides[1:] if name in side.subgraphs]
            sides = (having[0], having[0], having[0]) if len(having) == 1 else sides
            self._graphs[name] = GraphMerge(name, sides, self._decisions)
        else:
            base, ours, theirs = self._extras()
            spoken_of = (needed(base, ours), needed(base, theirs))
            self._graphs[name] = GraphMerge(name, sides, self._decisions, spoken_of)
        return self._graphs[name].merged()

    def _look(self, name: str, graph: Mapping[str, Any]) -> dict[str, Any]:
        looks = [side.look(name) for side in self._sides]
        if name and not looks[1]:
            return looks[2]
        return merge_looks(looks[0], looks[1], looks[2], graph["nodes"])

    def _stays(self, name: str) -> bool:
        """Whether a subgraph definition is still there: one that one side deleted and the other changed is in
        conflict.
        """
        base, ours, theirs = (side.subgraphs.get(name) for side in self._sides)
        if base is None or (ours is not None and theirs is not None):
            return True
        left = ours or theirs
        if same(base, left):
            return False
        shown = [None if graph is None else graph.get("name", name) for graph in (base, ours, theirs)]
        told = Conflict(f"/{name}", "subgraph", name, base=shown[0], ours=shown[1], theirs=shown[2])
        return (self._decisions.decide(told) == "theirs") == (theirs is not None)

    def _keep_used(self, meaning: dict[str, Any]) -> None:
        """Bring back definitions that one side deleted and instances of the other need."""
        found: dict[str, Any] = meaning["subgraphs"]
        waiting = [meaning, *found.values()]
        for graph in waiting:  # grows while it is walked
            for node in list(graph["nodes"].values()):
                name = node["type"]
                known = any(name in side.subgraphs for side in self._sides[1:])
                if known and name not in found:
                    found[name] = self._graph(name)
                    waiting.append(found[name])

    def _write_values(self, meaning: dict[str, Any], layout: dict[str, Any]) -> None:
        """Write the values of all nodes as files have them, now that it is known what instances show."""
        named = Named(self._definitions, meaning, layout)
        for name, merged in self._graphs.items():
            graph = meaning["subgraphs"].get(name) if name else meaning
            for node, record in object_of((graph or {}).get("nodes")).items():
                values, listed = merged.values[node]
                record.pop("values", None)
                if values:
                    record["values"] = self._as_written(name, node, record, named, values, listed)

    def _as_written(
        self, name: str, node: str, record: dict[str, Any], named: Named, values: dict[str, Any], listed: bool
    ) -> Any:
        """As one side wrote them if it has the same, else anew."""
        for side in self._sides[1:]:
            given = side.graph(name)["nodes"].get(node)
            instance = record["type"] in side.subgraphs
            if given is not None and given["type"] == record["type"] and not instance:
                theirs = side.named.values(given)
                if same(theirs, values) and "values" in given:
                    return given["values"]
        return named.listed(record, values) if listed else values
