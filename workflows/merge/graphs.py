"""Merging one graph: which nodes stay, what they are linked to, and that no link dangles or goes round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from workflows.canonical import Json
from workflows.diff.matching import identical
from workflows.document.values import Values
from workflows.formats.graph import INPUTS
from workflows.merge.conflicts import Conflict, ResolutionError
from workflows.merge.cycles import Edge, cycle
from workflows.merge.decisions import Decisions, same
from workflows.merge.nodes import Node, Three, changed, merge_node
from workflows.merge.sides import Graph, Side

Source = Sequence[Any]


class GraphMerge:
    """One graph of the three documents becoming one. `values` are the values to be written, by node."""

    def __init__(
        self,
        name: str,
        sides: tuple[Side, Side, Side],
        decisions: Decisions,
        needed: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset()),
    ) -> None:
        """`needed` are the nodes that ours and theirs came to need elsewhere: these count as changed."""
        self._name = name
        self._prefix = f"/{name}" if name else ""
        self._sides = sides
        self._graphs: tuple[Graph, Graph, Graph] = (
            sides[0].graph(name), sides[1].graph(name), sides[2].graph(name),
        )  # fmt: skip
        self._needed = needed
        self._decisions = decisions
        self._back: dict[str, int] = {}
        """Nodes one side deleted that a link of the other (its number) needs."""
        self.nodes: dict[str, dict[str, Any]] = {}
        self.values: dict[str, tuple[Values, bool]] = {}
        self.inputs: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []

    def merged(self) -> Graph:
        """The graph, the values of whose nodes are yet to be written."""
        base, ours, theirs = (graph["nodes"] for graph in self._graphs)
        self.inputs = self._ports("inputs")
        self.outputs = self._ports("outputs")
        for name in dict.fromkeys([*ours, *theirs]):
            self._node(name, base.get(name), ours.get(name), theirs.get(name))
        self._mend()
        self._break_cycles()
        made: Graph = {"nodes": self.nodes, "other": self._keyed("other")}
        if self._name:
            made["extra"] = self._keyed("extra")
            made |= {"inputs": self.inputs, "outputs": self.outputs}
            titles = [graph.get("name") for graph in self._graphs]
            about = self._about("/:name", "title")
            if (title := self._decisions.pick(about, *titles)) is not None:
                made["name"] = title
        return made

    def _about(self, path: str, kind: Any, **fields: Any) -> Conflict:
        return Conflict(self._prefix + path, kind, self._name, **fields)

    def _keyed(self, part: str) -> dict[str, Any]:
        parts: list[Any] = [graph[part] for graph in self._graphs]
        return self._decisions.keyed(self._about(f"/:{part}", "extra"), *parts)

    def _about_node(self, name: str, node: Node) -> Conflict:
        """What conflicts of a node have in common; kind and input are to be filled in."""
        definitions = self._sides[1].subgraphs | self._sides[2].subgraphs
        shown = str(definitions.get(node["type"], {}).get("name", node["type"]))
        return self._about(f"/{name}", "deleted", node=name, title=node.get("title"), class_type=shown)

    def _node(self, name: str, base: Node | None, ours: Node | None, theirs: Node | None) -> None:
        names = (self._sides[0].named, self._sides[1].named, self._sides[2].named)
        if ours is not None and theirs is not None:
            if base is None:
                base = {"type": ours["type"], "inputs": {}}
            if identical(base, theirs) or identical(ours, theirs):
                self._take(name, 1)
            elif identical(base, ours):
                self._take(name, 2)
            else:
                three = Three(base, ours, theirs, names)
                node, values, listed = merge_node(three, self._about_node(name, ours), self._decisions)
                self.nodes[name], self.values[name] = node, (values, listed)
            return
        there = 1 if ours is not None else 2
        left = ours or theirs
        assert left is not None
        if base is None:
            self._take(name, there)
        elif name in self._needed[there - 1] or changed(base, left, (names[0], names[there])):
            about = self._about_node(name, left)
            told = replace(about, base=_shown(base), ours=_shown(ours), theirs=_shown(theirs))
            if (self._decisions.decide(told) == "theirs") == (there == 2):
                self._take(name, there)

    def _take(self, name: str, side: int) -> None:
        """A node as one side has it."""
        node: Node = self._graphs[side]["nodes"][name]
        self.nodes[name] = {**node, "inputs": {**node["inputs"]}}
        values: Any = node.get("values")
        self.values[name] = (self._sides[side].named.values(node), not isinstance(values, dict))

    def _ports(self, kind: str) -> list[dict[str, Any]]:
        """A definition's inputs or outputs in our order, or theirs if they changed it, then theirs."""
        base, ours, theirs = ({port["key"]: port for port in graph.get(kind, [])} for graph in self._graphs)
        made: dict[str, dict[str, Any]] = {}
        for key in dict.fromkeys([*ours, *theirs]):
            sides = [ports.get(key) for ports in (base, ours, theirs)]
            name = next(str(port.get("name", key)) for port in sides if port)
            about = self._about(f"/:{kind}/{name}", "interface", input=name)
            port = self._decisions.pick(about, *sides)
            if port is not None:
                made[key] = port
        orders = [[key for key in ports if key in base and key in made] for ports in (base, ours, theirs)]
        if orders[0] == orders[1] != orders[2]:
            order = dict.fromkeys([*(key for key in theirs if key in made), *made])
            made = {key: made[key] for key in order}
        return [{**port} for port in made.values()]

    def _mend(self) -> None:
        """See to links whose source is gone: a new one on one side is in conflict with the deletion."""
        done: set[tuple[str, str]] = set()
        while True:
            left = [
                (name, key)
                for name, node in self.nodes.items()
                for key, source in node["inputs"].items()
                if (name, key) not in done and not self._exists(source)
            ]
            if not left and all(self._exists(source) for port in self.outputs for source in port["from"]):
                break
            for name, key in left:
                done.add((name, key))
                self._mend_input(name, key)
            for port in self.outputs:
                self._mend_output(port)

    def _exists(self, source: Source) -> bool:
        if source[0] == INPUTS:
            return any(port["key"] == source[1] for port in self.inputs)
        return source[0] in self.nodes

    def _mend_input(self, name: str, key: str) -> None:
        link = self.nodes[name]["inputs"][key]
        base, ours, theirs = (self._link(side, name, key) for side in range(3))
        if name in self._back:
            self._restore(link, self._back[name])
            return
        if same(link, base):
            del self.nodes[name]["inputs"][key]
            return
        if (decided := self._decisions.made(f"{self._prefix}/{link[0]}")) is not None:
            # Whether the node stays is the question, and the link goes with the answer.
            other = theirs if decided == "theirs" else ours
            del self.nodes[name]["inputs"][key]
            if other is not None and self._exists(other):
                self.nodes[name]["inputs"][key] = other
            return
        about = replace(
            self._about_node(name, self.nodes[name]),
            id=f"{self._prefix}/{name}/{key}",
            kind="link",
            input=key,
            base=_link(base),
            ours=_link(ours),
            theirs=_link(theirs),
        )
        choice = self._decisions.decide(about, valued=True)
        if choice == "value":
            del self.nodes[name]["inputs"][key]
            self.values[name][0][key] = self._decisions.value(about.id)
            return
        side = 2 if choice == "theirs" else 1
        self._set(name, key, self._link(side, name, key), side)

    def _mend_output(self, port: dict[str, Any]) -> None:
        """The same for what a definition returns."""
        found: list[list[Source]] = []
        for graph in self._graphs:
            ports: dict[str, list[Source]] = {
                other["key"]: other["from"] for other in graph.get("outputs", [])
            }
            found.append(ports.get(port["key"], []))
        made: list[Source] = []
        for source in port["from"]:
            if not self._exists(source):
                if source in found[0]:
                    continue
                name = str(port.get("name", port["key"]))
                shown = [_link(sources[0]) if sources else None for sources in found]
                about = self._about(f"/:outputs/{name}", "link", input=name, base=shown[0], ours=shown[1],
                                    theirs=shown[2])  # fmt: skip
                side = 2 if self._decisions.decide(about) == "theirs" else 1
                if source not in found[side] or not self._restore(source, side):
                    continue
            made.append(source)
        port["from"] = made

    def _set(self, name: str, key: str, link: Source | None, side: int) -> None:
        """Give an input the link one side has, with the node it comes from."""
        self.nodes[name]["inputs"].pop(key, None)
        if link is None or not (self._exists(link) or self._restore(link, side)):
            return
        self.nodes[name]["inputs"][key] = link

    def _link(self, side: int, name: str, key: str) -> Any:
        node: Node = self._graphs[side]["nodes"].get(name, {"inputs": {}})
        return node["inputs"].get(key)

    def _restore(self, source: Source, side: int) -> bool:
        """Bring back what a link of that side comes from; False if it has none either."""
        graph = self._graphs[side]
        if source[0] == INPUTS:
            ports = [port for port in graph.get("inputs", []) if port["key"] == source[1]]
            self.inputs += ports
            return bool(ports)
        if source[0] not in graph["nodes"]:
            return False
        self._take(source[0], side)
        self._back[source[0]] = side
        return True

    def _break_cycles(self) -> None:
        """A cycle neither side has comes of links of both: theirs gives way until it is decided."""
        while found := cycle(self.nodes):
            theirs = next((edge for edge in found if self._is_new(edge, 1)), None)
            if theirs is None:
                return  # ours goes round by itself: that is for validation to tell
            name, key = theirs
            links = [self._link(side, name, key) for side in range(3)]
            about = replace(
                self._about_node(name, self.nodes[name]),
                id=f"{self._prefix}/{name}/{key}",
                kind="cycle",
                input=key,
                base=_link(links[0]),
                ours=_link(links[1]),
                theirs=_link(links[2]),
            )
            if self._decisions.made(about.id) is not None:
                way = " → ".join(f"{node}.{slot}" for node, slot in found)
                raise ResolutionError(f"as {about.id} is resolved there is a cycle: {way}")
            choice = self._decisions.decide(about, valued=True)
            if choice == "value":
                del self.nodes[name]["inputs"][key]
                self.values[name][0][key] = self._decisions.value(about.id)
            elif choice == "ours":
                self._set(name, key, links[1], 1)
            else:
                other = next((edge for edge in found if self._is_new(edge, 2)), None)
                if other is None:
                    raise ResolutionError(f"with theirs {about.id} goes round whatever becomes of ours")
                self._set(*other, self._link(2, *other), 2)

    def _is_new(self, edge: Edge, side: int) -> bool:
        """Whether a side does not have this link."""
        return not same(self._link(side, *edge), self.nodes[edge[0]]["inputs"][edge[1]])


def _link(source: Source | None) -> Json:
    return None if source is None else {"link": source}


def _shown(node: Node | None) -> Json:
    """A whole node as conflicts tell it."""
    if node is None:
        return None
    return {"class_type": node["type"], **{key: node[key] for key in ("title", "values") if key in node}}
