"""A workflow unfolded: one scope for each instance of a subgraph, with the values its host gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph import as_list
from workflows.formats.definitions import Definitions
from workflows.formats.graph import BYPASSED, MUTED, Graph, Node, Port, Subgraph, Workflow
from workflows.formats.report import Finding, FormatError

MAX_NODES = 100_000


@dataclass(frozen=True, eq=False)
class Scope:
    """A graph in its place: the root, or the inside of one instance."""

    graph: Graph
    path: str = ""
    host: Node | None = None
    outer: Scope | None = None
    subgraph: Subgraph | None = None
    overrides: Mapping[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    """Values the host has for widgets inside that are no inputs of the definition, by node and widget."""
    inner: dict[str, Scope] = field(default_factory=dict[str, "Scope"])
    """The insides of its own instances, by node id; without those that are muted or bypassed."""

    def id_of(self, node: str) -> str:
        """The id of one of its nodes in the prompt."""
        return f"{self.path}:{node}" if self.path else node


class Unfolded:
    """All scopes of a workflow."""

    def __init__(self, workflow: Workflow, definitions: Definitions) -> None:
        self.subgraphs = workflow.subgraphs
        self.findings: list[Finding] = []
        self._definitions = definitions
        self._promoted: dict[str, tuple[Port, ...]] = {}
        self.root = Scope(workflow.root)
        self.scopes = [self.root]
        count = 0
        for scope in self.scopes:  # grows while it is walked
            count += len(scope.graph.nodes)
            if count > MAX_NODES:
                raise FormatError(f"unfolded, the subgraphs of this workflow have over {MAX_NODES:,} nodes")
            for node in scope.graph.nodes.values():
                if node.type in self.subgraphs and node.mode not in (MUTED, BYPASSED):
                    self._enter(scope, node)

    def _enter(self, scope: Scope, node: Node) -> None:
        subgraph = self.subgraphs[node.type]
        if subgraph.id in _around(scope):
            text = f"the subgraph {subgraph.name!r} contains itself; cut out the inner instance"
            self.findings.append(Finding("recursive_subgraph", text, scope.id_of(node.id), node.type))
            return
        inner = Scope(
            subgraph.graph, scope.id_of(node.id), node, scope, subgraph, self._proxied(node, subgraph)
        )
        scope.inner[node.id] = inner
        self.scopes.append(inner)

    def nodes(self) -> Iterator[tuple[Scope, Node]]:
        """Every node that is not the instance of a subgraph, with its scope."""
        for scope in self.scopes:
            for node in scope.graph.nodes.values():
                if node.type not in self.subgraphs:
                    yield scope, node

    def promoted(self, subgraph: Subgraph) -> tuple[Port, ...]:
        """The inputs of a definition that are widgets of its instances."""
        if subgraph.id not in self._promoted:
            self._promoted[subgraph.id] = ()  # what contains itself promotes nothing by that
            self._promoted[subgraph.id] = tuple(
                port for port in subgraph.inputs if self._is_widget(subgraph.graph, port)
            )
        return self._promoted[subgraph.id]

    def _is_widget(self, graph: Graph, port: Port) -> bool:
        """Whether the first input inside that it leads to is a widget's."""
        ends = (graph.ends[link] for link in port.links if link in graph.ends)
        node, slot = next(ends, (None, None))
        if node is None or slot is None:
            return False
        if slot.widget is not None:
            return True
        if (inner := self.subgraphs.get(node.type)) is not None:
            return any(entry.name == slot.name for entry in self.promoted(inner))
        definition = self._definitions(node.type)
        entry = definition.by_name.get(slot.name) if definition else None
        return entry is not None and entry.has_widget

    def given(self, scope: Scope, port: Port) -> tuple[Any, ...]:
        """The value an instance has for one of its promoted widgets; nothing if the inner one counts."""
        host, outer, subgraph = scope.host, scope.outer, scope.subgraph
        assert host is not None and outer is not None and subgraph is not None
        if (host.id, port.name) in outer.overrides:
            return (outer.overrides[host.id, port.name],)
        if isinstance(host.values, Mapping):
            value = host.values.get(port.name)
            return () if value is None else (value,)
        names = subgraph.positions
        if names is None:
            names = tuple(entry.name for entry in self.promoted(subgraph))
        values = host.values or []
        index = names.index(port.name) if port.name in names else len(values)
        return (values[index],) if index < len(values) and values[index] is not None else ()

    def _proxied(self, host: Node, subgraph: Subgraph) -> dict[tuple[str, str], Any]:
        """What the host's values say of inner widgets it merely shows: they follow the promoted ones, if
        there is a value for all of them.
        """
        shown: list[tuple[str, str]] = []
        for entry in as_list(host.properties.get("proxyWidgets")) or []:
            pair = [str(part) for part in as_list(entry) or []]
            if len(pair) >= 2 and pair[0] != "-1" and not pair[1].startswith("$$"):
                shown.append((pair[0], pair[1]))
        count = len(self.promoted(subgraph))
        if not shown or not isinstance(host.values, list) or len(host.values) != count + len(shown):
            return {}
        pairs = zip(shown, host.values[count:], strict=True)
        return {widget: value for widget, value in pairs if value is not None}


def _around(scope: Scope) -> set[str]:
    found: set[str] = set()
    here: Scope | None = scope
    while here is not None and here.subgraph is not None:
        found.add(here.subgraph.id)
        here = here.outer
    return found
