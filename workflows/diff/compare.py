"""Comparing two documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.graph import as_list
from workflows.canonical import Json
from workflows.diff.changes import Change, Diff
from workflows.diff.graphs import GraphDiff, Side
from workflows.diff.matching import Matched, match
from workflows.document.function import KEY, function_of
from workflows.document.parts import parts_of
from workflows.document.references import paths, renamed_extra, renamed_properties
from workflows.document.values import Named
from workflows.document.vocabulary import object_of, without
from workflows.formats.definitions import Definitions


def diff(before: Json, after: Json, definitions: Definitions) -> Diff:
    """The changes from one document to another. Raises DocumentError if one of them is no workflow.

    Values are compared by the names that the definitions give them, by position for classes that are not
    known.
    """
    old, new = _Document(before, definitions), _Document(after, definitions)
    old.call_subgraphs_as_in(new)
    graphs = [name for name in new.subgraphs if name in old.subgraphs]
    inner = {name: _matched(old.side(name), new.side(name)) for name in graphs}
    root = _matched(old.side(""), new.side(""))
    old.call_nodes_as_in(root, inner)
    changes: list[Change] = []
    for name in ["", *graphs]:
        sides = (old.side(name), new.side(name))
        changes += GraphDiff(name, *sides, inner[name] if name else root).changes()
        changes += _things("extra", name, *(_extra(side.graph) for side in sides))
    changes += _things("function", "", _function(old.meaning), _function(new.meaning))
    changes += [_whole("subgraph_removed", old, name) for name in old.subgraphs if name not in new.subgraphs]
    changes += [_whole("subgraph_added", new, name) for name in new.subgraphs if name not in old.subgraphs]
    names = {name: str(graph.get("name", name)) for name, graph in {**old.subgraphs, **new.subgraphs}.items()}
    return Diff(tuple(changes), names)


def _matched(before: Side, after: Side) -> Matched:
    return match(before.nodes, after.nodes, places=(before.places(), after.places()))


class _Document:
    """One of the two, taken apart; what is called otherwise in the other can be renamed."""

    def __init__(self, document: Json, definitions: Definitions) -> None:
        self.meaning, self._look = parts_of(document, links=False)
        self._definitions = definitions
        self._looks = {"": self._look, **{look["subgraph"]: look for look in self._look.get("subgraphs", [])}}

    @property
    def subgraphs(self) -> dict[str, Any]:
        """Its definitions by id."""
        return self.meaning["subgraphs"]

    def side(self, graph: str) -> Side:
        """One of its graphs, the root by the empty name."""
        look = {**self._look, "subgraphs": [self._looks[name] for name in self._looks if name]}
        named = Named(self._definitions, self.meaning, look)
        inside = self.subgraphs[graph] if graph else self.meaning
        return Side(inside, self._looks[graph], self._definitions, named, self.subgraphs)

    def call_subgraphs_as_in(self, other: _Document) -> None:
        """Give definitions that have new ids in the other those ids: they are alone with their name."""
        lost = _by_name(self.subgraphs, other.subgraphs)
        found = _by_name(other.subgraphs, self.subgraphs)
        ids = {lost[name]: found[name] for name in lost if name in found}
        if not ids:
            return
        for graph in (self.meaning, *self.subgraphs.values()):
            for node in graph["nodes"].values():
                node["type"] = ids.get(node["type"], node["type"])
        self.meaning["subgraphs"] = {ids.get(name, name): graph for name, graph in self.subgraphs.items()}
        self._looks = {ids.get(name, name): {**look, "subgraph": ids.get(name, name)}
                       for name, look in self._looks.items()}  # fmt: skip

    def call_nodes_as_in(self, root: Matched, inner: Mapping[str, Matched]) -> None:
        """Change the ids of nodes that stand in extras and properties to those of the other."""
        if all(old == new for found in (root, *inner.values()) for old, new in found.items()):
            return
        rename = paths(self.meaning, root, inner)
        self.meaning["extra"] = renamed_extra(self.meaning["extra"], root, rename)
        for graph in (self.meaning, *self.subgraphs.values()):
            for node in graph["nodes"].values():
                if "properties" in node:
                    ids = inner.get(node["type"], {})
                    node["properties"] = renamed_properties(node["properties"], ids)


def _by_name(graphs: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, str]:
    """The ids of definitions the other side does not have, by name, of those that share theirs with none."""
    names = [str(graph.get("name")) for name, graph in graphs.items() if name not in others]
    return {
        str(graph["name"]): name
        for name, graph in graphs.items()
        if name not in others and "name" in graph and names.count(graph["name"]) == 1
    }


def _extra(graph: Mapping[str, Any]) -> dict[str, Any]:
    own = without(object_of(graph["extra"].get(KEY)), {"function"})
    return {**without(graph["extra"], {KEY}), **graph["other"], **({KEY: own} if own else {})}


def _function(meaning: Mapping[str, Any]) -> dict[str, Any]:
    """The declaration, entry by entry: `inputs.seed`, `outputs.image`, `title`."""
    function = object_of(function_of(meaning))
    found: dict[str, Any] = without(function, {"inputs", "outputs"})
    for side in ("inputs", "outputs"):
        for index, entry in enumerate(as_list(function.get(side)) or []):
            found[f"{side}.{object_of(entry).get('name', index)}"] = entry
    return found


def _things(kind: Any, graph: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield Change(kind, graph, input=name, before=old, after=new)


def _whole(kind: Any, document: _Document, name: str) -> Change:
    graph = document.subgraphs[name]
    return Change(kind, name, title=str(graph.get("name", name)), after=len(graph["nodes"]))
