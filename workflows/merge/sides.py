"""The three documents of a merge, with one id for each node throughout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.canonical import CanonicalError, Json, canonical
from workflows.diff.matching import Matched, Nodes, identical, match
from workflows.document.errors import DocumentError
from workflows.document.parts import parts_of
from workflows.document.references import paths, renamed_extra, renamed_properties
from workflows.document.values import Named
from workflows.document.vocabulary import fresh, highest, in_order, without
from workflows.formats.definitions import Definitions
from workflows.formats.graph import INPUTS

Graph = dict[str, Any]
Look = dict[str, Any]
Record = Mapping[str, Any]
NO_GRAPH: Graph = {"nodes": {}, "inputs": [], "outputs": [], "extra": {}, "other": {}}


class Side:
    """One of the three, taken apart."""

    def __init__(self, document: Json, definitions: Definitions) -> None:
        try:
            self.meaning, self.layout = parts_of(canonical(document))
        except CanonicalError as error:
            raise DocumentError(f"this workflow cannot be merged: {error}") from error
        self.named = Named(definitions, self.meaning, self.layout)

    @property
    def subgraphs(self) -> dict[str, Graph]:
        """Its definitions by id."""
        return self.meaning["subgraphs"]

    def graph(self, name: str) -> Graph:
        """The root by the empty name, or a definition, empty if it is not there."""
        return self.subgraphs.get(name, NO_GRAPH) if name else self.meaning

    def look(self, name: str) -> Look:
        """What one of its graphs looks like."""
        if not name:
            return self.layout
        looks: list[Look] = self.layout.get("subgraphs", [])
        return next((look for look in looks if look["subgraph"] == name), Look())

    def rename(self, names: Mapping[str, Matched]) -> None:
        """Give nodes other ids, graph by graph."""
        if all(old == new for ids in names.values() for old, new in ids.items()):
            return
        inner = {name: ids for name, ids in names.items() if name}
        root = names.get("", {})
        extra = renamed_extra(self.meaning["extra"], root, paths(self.meaning, root, inner))
        for name, ids in names.items():
            if name and name not in self.subgraphs:
                continue
            graph = self.graph(name)
            nodes: Mapping[str, Any] = graph["nodes"]
            graph["nodes"] = {ids[node]: _renamed(record, ids, inner) for node, record in nodes.items()}
            for port in graph.get("outputs", []):
                port["from"] = [[ids.get(source[0], source[0]), source[1]] for source in port["from"]]
            _rename_look(self.look(name), ids)
        self.meaning["extra"] = extra

    def keep_links_of_deleted(self, base: Side) -> None:
        """Put back links whose source was deleted: nobody cut them, they went with the node."""
        for name in ["", *base.subgraphs]:
            graph, before = self.graph(name), base.graph(name)
            gone = _Gone(graph)
            for node, record in graph["nodes"].items():
                old: Record = before["nodes"].get(node, {"inputs": {}})["inputs"]
                cut = {key: at for key, at in old.items() if key not in record["inputs"] and gone(at)}
                if cut:
                    graph["nodes"][node] = {**record, "inputs": {**record["inputs"], **cut}}
            olds = {port["key"]: port["from"] for port in before.get("outputs", [])}
            for port in graph.get("outputs", []):
                old = olds.get(port["key"], [])
                if port["from"] == [source for source in old if not gone(source)]:
                    port["from"] = old


class _Gone:
    """Tells sources a graph does not have any more."""

    def __init__(self, graph: Graph) -> None:
        self._nodes: Nodes = graph["nodes"]
        self._ports = {port["key"] for port in graph.get("inputs", [])}

    def __call__(self, source: Any) -> bool:
        return source[1] not in self._ports if source[0] == INPUTS else source[0] not in self._nodes


def _renamed(record: Mapping[str, Any], ids: Matched, inner: Mapping[str, Matched]) -> dict[str, Any]:
    made = {
        **record,
        "inputs": {key: [ids.get(node, node), slot] for key, (node, slot) in record["inputs"].items()},
    }
    if "properties" in record:
        made["properties"] = dict(renamed_properties(record["properties"], inner.get(record["type"], {})))
    return made


def _rename_look(look: Look, ids: Matched) -> None:
    nodes: list[Look] = look.get("nodes", [])
    look["nodes"] = [
        {**(node if ids[node["node"]] == node["node"] else without(node, {"id"})), "node": ids[node["node"]]}
        for node in nodes
    ]
    links: list[Look] = look.get("links", [])
    for link in links:
        for end in ("to", "from"):
            if end in link:
                link[end] = [ids.get(link[end][0], link[end][0]), link[end][1]]


def align(base: Side, ours: Side, theirs: Side) -> None:
    """Call every node by the id that ours has for it. What both added under one id gets two."""
    names = ["", *dict.fromkeys([*base.subgraphs, *ours.subgraphs, *theirs.subgraphs])]
    found = {name: _ids(*(side.graph(name)["nodes"] for side in (base, ours, theirs))) for name in names}
    base.rename({name: ids[0] for name, ids in found.items()})
    theirs.rename({name: ids[1] for name, ids in found.items()})


def _ids(base: Nodes, ours: Nodes, theirs: Nodes) -> tuple[Matched, Matched]:
    """New ids for the nodes of the base and of theirs."""
    in_ours, in_theirs = match(base, ours, ids_only=True), match(base, theirs, ids_only=True)
    taken = {*ours, *in_ours.values()}
    start = highest([*base, *ours, *theirs]) + 1

    def free(node: str) -> str:
        name = node if node not in taken else fresh(taken, start)
        taken.add(name)
        return name

    base_ids = {**in_ours}
    for node in in_order(base):
        if node not in in_ours:
            base_ids[node] = free(node)
    their_ids = {new: base_ids[old] for old, new in in_theirs.items()}
    added = {node for node in ours if node not in in_ours.values()}
    for node in in_order(theirs):
        if node not in their_ids:
            # Files that both added without a common past are taken to be two states of one.
            same = node in added and (
                identical(ours[node], theirs[node])
                or (not base and ours[node]["type"] == theirs[node]["type"])
            )
            their_ids[node] = node if same else free(node)
    return base_ids, their_ids
