"""Group nodes, the older kind of subgraph: read as a definition whose instances are named `workflow>NAME`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph import as_list, as_object
from workflows.formats.definitions import Definition, Definitions, type_name
from workflows.formats.graph import (
    INPUTS,
    OUTPUTS,
    PRIMITIVE,
    REROUTE,
    Graph,
    Link,
    Node,
    Port,
    Slot,
    Subgraph,
    link_of,
)
from workflows.formats.report import Finding
from workflows.formats.widgets import layout

PREFIX = "workflow>"
Tell = Callable[[Finding], None]
ReadNode = Callable[[Mapping[str, Any], str, Tell], Node]


def group_nodes(
    records: Mapping[str, Any], definitions: Definitions, tell: Tell, read_node: ReadNode
) -> dict[str, Subgraph]:
    """The definitions of a file, by the type of their instances."""
    reader = _Reader(records, definitions, tell, read_node)
    for name in records:
        reader.define(name)
    return reader.known


@dataclass
class _Reader:
    records: Mapping[str, Any]
    definitions: Definitions
    tell: Tell
    read_node: ReadNode
    known: dict[str, Subgraph] = field(default_factory=dict[str, Subgraph])
    _open: set[str] = field(default_factory=set[str])

    def define(self, name: str) -> Subgraph | None:
        """A definition, after those it contains; None for one that is missing or contains itself."""
        kind = PREFIX + name
        record = as_object(self.records.get(name))
        if kind in self.known or record is None or name in self._open:
            return self.known.get(kind)
        self._open.add(name)
        nodes: list[Node] = []
        for index, entry in enumerate(as_list(record.get("nodes")) or []):
            if (raw := as_object(entry)) is not None:
                nodes.append(self.read_node(raw, str(index), self.tell))
        for node in nodes:
            if node.type.startswith(PREFIX):
                self.define(node.type.removeprefix(PREFIX))
        self.known[kind] = _Interface(kind, name, record, nodes, self.definitions, self.known).subgraph()
        self._open.discard(name)
        return self.known[kind]


@dataclass
class _Interface:
    """What a group node shows of its inner nodes, in order, each under a name of its own."""

    kind: str
    name: str
    record: Mapping[str, Any]
    nodes: list[Node]
    definitions: Definitions
    known: Mapping[str, Subgraph]
    ports: list[Port] = field(default_factory=list[Port])
    positions: list[str | None] = field(default_factory=list[str | None])
    links: dict[str, Link] = field(default_factory=dict[str, Link])
    linked: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    names: dict[str, int] = field(default_factory=dict[str, int])

    def subgraph(self) -> Subgraph:
        self._read_links()
        slots = {node.id: list(self._slots(node)) for node in self.nodes}
        for node in self.nodes:
            self._show_inputs(node, slots[node.id])
        outputs = tuple(self._outputs())
        nodes = {
            node.id: Node(
                node.id, node.type, node.mode, tuple(slots[node.id]), node.outputs, node.values, node.title,
                node.properties,
            )
            for node in self.nodes
        }  # fmt: skip
        graph = Graph(nodes, self.links)
        return Subgraph(self.kind, self.name, graph, tuple(self.ports), outputs, tuple(self.positions))

    def _read_links(self) -> None:
        for entry in as_list(self.record.get("links")) or []:
            parts = list(as_list(entry) or [])
            if len(parts) < 4 or parts[0] is None:
                continue  # from outside, as from a primitive
            link = link_of(f"in{len(self.links)}", *parts[:4])
            if link is None:
                continue
            self.links[link.id] = link
            self.linked[link.target, link.target_slot] = link.id

    def _slots(self, node: Node) -> Iterator[Slot]:
        """Its sockets as the file has them, joined to the links, and one more for each widget."""
        have = {slot.name for slot in node.inputs}
        for index, slot in enumerate(node.inputs):
            yield Slot(slot.name, slot.type, self.linked.get((node.id, index)), slot.widget)
        for name, kind in self._inputs_of(node):
            if name not in have:
                yield Slot(name, kind, None, name)

    def _inputs_of(self, node: Node) -> list[tuple[str, str]]:
        if (inner := self.known.get(node.type)) is not None:
            return [(port.name, port.type) for port in inner.inputs]
        definition = self.definitions(node.type)
        return [] if definition is None else [(entry.name, entry.type) for entry in definition.inputs]

    def _show_inputs(self, node: Node, slots: list[Slot]) -> None:
        if node.type == PRIMITIVE:
            self._show_primitive(node)
            return
        free = {slot.name: index for index, slot in enumerate(slots) if slot.link is None}
        shown: dict[str, str | None] = {}
        for name in self._in_order(node, free):
            shown[name] = self._show(node, name, slots[free[name]].type)
            if shown[name] is None:
                continue
            link = Link(f"to{len(self.links)}", INPUTS, len(self.ports) - 1, node.id, free[name])
            self.links[link.id] = link
            port = self.ports[-1]
            self.ports[-1] = Port(port.name, port.type, (link.id,))
            slot = slots[free[name]]
            slots[free[name]] = Slot(slot.name, slot.type, link.id, slot.widget)
        self.positions += [shown.get(name) if name else None for name in self._value_names(node, shown)]

    def _in_order(self, node: Node, free: Mapping[str, int]) -> list[str]:
        declared = [name for name, _ in self._inputs_of(node)]
        return [name for name in dict.fromkeys([*declared, *free]) if name in free]

    def _value_names(self, node: Node, shown: Mapping[str, str | None]) -> Iterator[str | None]:
        """For each position of the instance's values that this node brings: which input it is for."""
        if (inner := self.known.get(node.type)) is not None:
            yield from inner.positions or ()
            return
        definition: Definition | None = self.definitions(node.type)
        places = [] if definition is None else layout(definition)
        names = {entry.name for entry in definition.inputs} if definition else set[str]()
        hidden = False
        for place in places:
            if place.input is not None:
                name = place.input.name
                hidden = shown.get(name) is None and name in names
                if not hidden:
                    yield name
            elif not hidden:
                yield None

    def _show_primitive(self, node: Node) -> None:
        """Its value becomes a widget that feeds all that the primitive feeds."""
        fed = [link for link in self.links.values() if link.origin == node.id]
        if not fed or (name := self._show(node, "value", node.outputs[0] if node.outputs else "*")) is None:
            return
        for link in fed:
            self.links[link.id] = Link(link.id, INPUTS, len(self.ports) - 1, link.target, link.target_slot)
        port = self.ports[-1]
        self.ports[-1] = Port(port.name, port.type, tuple(link.id for link in fed))
        extras = max(len(node.values) - 1, 0) if isinstance(node.values, list) else 0
        self.positions += [name, *[None] * extras]

    def _show(self, node: Node, name: str, kind: str) -> str | None:
        """Add an input to the interface. Returns its name there, None if it is hidden."""
        config = self._config(node.id, "input", name)
        if config.get("visible") is False:
            return None
        wanted = config.get("name")
        shown = self._free_name(node, str(wanted) if wanted else name)
        self.ports.append(Port(shown, kind, ()))
        return shown

    def _free_name(self, node: Node, name: str) -> str:
        titled_primitive = node.type == PRIMITIVE and node.title is not None
        if name not in self.names and not titled_primitive:
            self.names[name] = 1
            return name
        prefix = node.title or node.type
        longer = f"{prefix} {name}"
        count = self.names.get(longer, 0) + 1
        self.names[longer] = count
        return longer if count == 1 else f"{prefix} {count} {name}"

    def _config(self, node_id: str, side: str, name: str) -> Mapping[str, Any]:
        config = as_object((as_object(self.record.get("config")) or {}).get(node_id)) or {}
        return as_object((as_object(config.get(side)) or {}).get(name)) or {}

    def _outputs(self) -> Iterator[Port]:
        used = {(link.origin, link.origin_slot) for link in self.links.values()}
        listed = [list(as_list(entry) or []) for entry in as_list(self.record.get("external")) or []]
        external = {(str(parts[0]), str(parts[1])) for parts in listed if len(parts) > 1}
        count = 0
        for node in self.nodes:
            if node.type == PRIMITIVE:
                continue
            for index, kind in enumerate(self._outputs_of(node)):
                inside = (node.id, index) in used and (node.id, str(index)) not in external
                if inside or self._config(node.id, "output", str(index)).get("visible") is False:
                    continue
                link = Link(f"out{len(self.links)}", node.id, index, OUTPUTS, count)
                self.links[link.id] = link
                count += 1
                yield Port(str(index), kind, (link.id,))

    def _outputs_of(self, node: Node) -> tuple[str, ...]:
        if (inner := self.known.get(node.type)) is not None:
            return tuple(port.type for port in inner.outputs)
        definition = self.definitions(node.type)
        if definition is None or node.type == REROUTE:
            return tuple(type_name(kind) for kind in node.outputs)
        return definition.outputs
