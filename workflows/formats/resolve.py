"""Following a link to what it brings, through reroutes, bypassed nodes and the walls of subgraphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.formats.definitions import Definitions, compatible
from workflows.formats.graph import BYPASSED, INPUTS, Link, Node, Slot
from workflows.formats.report import Finding
from workflows.formats.scopes import Scope, Unfolded
from workflows.formats.virtual import behaviour_of


@dataclass(frozen=True)
class Source:
    """An output of a node of the prompt."""

    node: str
    slot: int


@dataclass(frozen=True)
class Constant:
    """A value that was typed elsewhere: into a primitive, or into the widget of a host."""

    value: Any
    from_primitive: bool = False
    """Whether a primitive copies it, which it does into widgets only."""
    replaces_text: bool = False
    """Whether that primitive wants `%Node.widget%` in its value replaced."""


@dataclass
class _At:
    """A place on the way back: a link, in a scope, and the type wanted there."""

    scope: Scope
    link: str
    wanted: str
    passed: bool = False
    """Whether a bypassed node was passed on the way: primitives copy their value to nobody behind one."""


class Resolver:
    """Resolves the links of one workflow."""

    def __init__(self, unfolded: Unfolded, definitions: Definitions) -> None:
        self._unfolded = unfolded
        self._definitions = definitions
        self.findings: list[Finding] = []

    def resolve(self, scope: Scope, node: Node, slot: Slot) -> Source | Constant | None:
        """What an input gets by its link; None if nothing comes."""
        assert slot.link is not None
        at = _At(scope, slot.link, self.type_of(node, slot))
        passed: dict[tuple[str, str], str] = {}
        while True:
            link = at.scope.graph.links.get(at.link)
            if link is None:
                text = f"the link {at.link} is not in the file, so the input {slot.name!r} gets nothing"
                return self._nothing(scope, node, slot, "unresolved_link", text)
            if (at.scope.path, at.link) in passed:
                way = " → ".join(dict.fromkeys(passed.values()))
                text = f"the input {slot.name!r} is fed in a circle that has no beginning: {way}"
                return self._nothing(scope, node, slot, "workflow_cycle", text)
            passed[at.scope.path, at.link] = at.scope.id_of(link.origin)
            if link.origin == INPUTS and at.scope.host is not None:
                found = self._outwards(at, link)
            else:
                origin = at.scope.graph.nodes.get(link.origin)
                if origin is None:
                    text = f"its link comes from the node {link.origin}, which is not in the file"
                    return self._nothing(scope, node, slot, "unresolved_link", text)
                found = self._through(at, origin, link)
            if not isinstance(found, _At):
                return found
            at = found

    def type_of(self, node: Node, slot: Slot) -> str:
        """The type an input wants."""
        definition = self._definitions(node.type)
        entry = definition.by_name.get(slot.name) if definition else None
        return slot.type if entry is None else entry.type

    def live_inputs(self, node: Node) -> list[Slot]:
        """The inputs of a node as the canvas has them: sockets in the class's order, then widgets, then
        what the class does not declare.
        """
        if (subgraph := self._unfolded.subgraphs.get(node.type)) is not None:
            return [_with_link(node, port.name, port.type) for port in subgraph.inputs]
        definition = self._definitions(node.type)
        if definition is None:
            return list(node.inputs)
        ordered = sorted(definition.inputs, key=lambda entry: entry.has_widget)
        declared = [_with_link(node, entry.name, entry.type) for entry in ordered]
        return declared + [slot for slot in node.inputs if slot.name not in definition.by_name]

    def _outwards(self, at: _At, link: Link) -> _At | Constant | None:
        host, outer, subgraph = at.scope.host, at.scope.outer, at.scope.subgraph
        assert host is not None and outer is not None and subgraph is not None
        if not 0 <= link.origin_slot < len(subgraph.inputs):
            return None
        port = subgraph.inputs[link.origin_slot]
        slot = host.slot(port.name)
        if slot is not None and slot.link is not None:
            return _At(outer, slot.link, port.type, at.passed)
        given = self._unfolded.given(at.scope, port)
        return Constant(given[0]) if given else None

    def _through(self, at: _At, origin: Node, link: Link) -> _At | Source | Constant | None:
        behaviour = behaviour_of(origin.type, self._definitions)
        # What exists on the canvas only does what it does in any mode: it never ran.
        if behaviour == "runs" and origin.mode == BYPASSED:
            chosen = self._passed_on(origin, link.origin_slot, at.wanted)
            return (
                None
                if chosen is None or chosen.link is None
                else _At(at.scope, chosen.link, chosen.type, True)
            )
        if (inside := at.scope.inner.get(origin.id)) is not None:
            assert inside.subgraph is not None
            outputs = inside.subgraph.outputs
            links = outputs[link.origin_slot].links if 0 <= link.origin_slot < len(outputs) else ()
            return _At(inside, links[0], at.wanted, at.passed) if links else None
        match behaviour:
            case "runs":
                return Source(at.scope.id_of(origin.id), link.origin_slot)
            case "primitive":
                return None if at.passed else _primitive(origin)
            case "reroute" | "set":
                return _input_of(at, origin, 0)
            case "silent":
                return _input_of(at, origin, link.origin_slot)
            case "get":
                nodes = at.scope.graph.nodes.values()
                setters = [
                    node for node in nodes if node.type == "SetNode" and _variable(node) == _variable(origin)
                ]
                return _input_of(at, setters[0], 0) if setters else None

    def _passed_on(self, node: Node, output: int, wanted: str) -> Slot | None:
        """Which of its inputs a bypassed node sends on as one of its outputs."""
        inputs = self.live_inputs(node)
        here = inputs[output] if 0 <= output < len(inputs) else None
        if wanted in ("*", ""):
            return here or next(iter(inputs), None)
        own = self._output_type(node, output)

        def suits(slot: Slot) -> bool:
            return compatible(slot.type, own) and compatible(slot.type, wanted)

        if here is not None and suits(here):
            return here
        equal = next((slot for slot in inputs if slot.type == wanted), None)
        return equal or next((slot for slot in inputs if suits(slot)), None)

    def _output_type(self, node: Node, output: int) -> str:
        subgraph, definition = self._unfolded.subgraphs.get(node.type), self._definitions(node.type)
        types = node.outputs if definition is None else definition.outputs
        if subgraph is not None:
            types = tuple(port.type for port in subgraph.outputs)
        return types[output] if 0 <= output < len(types) else "*"

    def _nothing(self, scope: Scope, node: Node, slot: Slot, code: str, text: str) -> None:
        found = Finding(code, text, scope.id_of(node.id), node.type, slot.name)
        if found not in self.findings:
            self.findings.append(found)


def _with_link(node: Node, name: str, kind: str) -> Slot:
    slot = node.slot(name)
    return Slot(name, kind, None if slot is None else slot.link)


def _input_of(at: _At, node: Node, index: int) -> _At | None:
    link = node.inputs[index].link if 0 <= index < len(node.inputs) else None
    return None if link is None else _At(at.scope, link, at.wanted, at.passed)


def _primitive(node: Node) -> Constant | None:
    if not isinstance(node.values, list) or not node.values or node.values[0] is None:
        return None
    return Constant(node.values[0], True, bool(node.properties.get("Run widget replace on values")))


def _variable(node: Node) -> Any:
    return node.values[0] if isinstance(node.values, list) and node.values else None
