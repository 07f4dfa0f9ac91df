"""From a UI workflow to the prompt it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from engine.graph import as_list
from workflows.formats.definitions import Definition, Definitions, InputDefinition
from workflows.formats.graph import BYPASSED, MUTED, WORKFLOW, Node, Slot
from workflows.formats.group_nodes import PREFIX
from workflows.formats.ordering import in_order
from workflows.formats.read import read
from workflows.formats.report import Finding
from workflows.formats.resolve import Constant, Resolver, Source
from workflows.formats.scopes import Scope, Unfolded
from workflows.formats.substitute import dynamic, named
from workflows.formats.virtual import behaviour_of
from workflows.formats.widgets import Values, values_of

Prompt = dict[str, dict[str, Any]]
_SAVERS = frozenset(
    {"SaveImage", "SaveAnimatedWEBP", "SaveAnimatedPNG", "SaveWEBM", "SaveAudio", "SaveGLB", "SaveLatent",
     "ModelSave", "CLIPSave", "VAESave", "LoraSave", "SaveImageAs", "WorkflowOutput"}
)  # fmt: skip
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


@dataclass(frozen=True)
class Converted:
    """The prompt of a workflow, and what there is to say about it."""

    prompt: Prompt
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Faults of the file itself."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def convert(
    document: Any,
    definitions: Definitions,
    *,
    random: Random | None = None,
    now: datetime | None = None,
    substitute: bool = True,
) -> Converted:
    """The prompt a UI workflow stands for. Raises FormatError if the document is no workflow.

    `random` chooses among `{alternatives}` in prompts and `now` is the time for file names; without
    `substitute` both stay as they were typed.
    """
    findings: list[Finding] = []
    unfolded = Unfolded(read(document, definitions, findings.append), definitions)
    conversion = _Conversion(unfolded, definitions, substitute, random or Random(), now or datetime.now())
    prompt = conversion.prompt()
    findings += [*unfolded.findings, *conversion.resolver.findings, *conversion.findings]
    return Converted(prompt, tuple(findings))


class _Conversion:
    def __init__(
        self, unfolded: Unfolded, definitions: Definitions, substitute: bool, random: Random, now: datetime
    ) -> None:
        self.findings: list[Finding] = []
        self.resolver = Resolver(unfolded, definitions)
        self._unfolded = unfolded
        self._definitions = definitions
        self._substitute = substitute
        self._random = random
        self._now = now

    def prompt(self) -> Prompt:
        made: Prompt = {}
        for scope, node in self._unfolded.nodes():
            if node.mode not in (MUTED, BYPASSED) and self._runs(scope, node):
                made[scope.id_of(node.id)] = self._entry(scope, node)
        self._drop_dangling(made)
        return in_order(made)

    def _runs(self, scope: Scope, node: Node) -> bool:
        """Whether the node becomes part of the prompt."""
        if behaviour_of(node.type, self._definitions) != "runs":
            return False
        if self._definitions(node.type) is not None:
            return True
        path = scope.id_of(node.id)
        if not node.type:
            self.findings.append(Finding("unknown_class", "the node has no type, and is left out", path))
            return False
        if _UUID.match(node.type) or node.type.startswith(PREFIX):
            text = f"the file holds no definition of the subgraph {node.type!r}"
            self.findings.append(Finding("missing_subgraph", text, path, node.type))
            return False
        origin = {
            key: value
            for key in ("cnr_id", "aux_id", "ver")
            if isinstance(value := node.properties.get(key), str)
        }
        pack = origin.get("cnr_id") or origin.get("aux_id")
        text = f"no installed pack has the class {node.type!r}" + (f"; it comes from {pack}" if pack else "")
        if node.type.startswith(WORKFLOW):
            text = f"there is no released {node.type!r} here; import that workflow, or choose another release"
        self.findings.append(Finding("unknown_class", text, path, node.type, details=origin))
        return True

    def _entry(self, scope: Scope, node: Node) -> dict[str, Any]:
        definition = self._definitions(node.type)
        inputs = self._stored(scope, node, definition, tell=True)
        linked: set[str] = set()
        replacing: set[str] = set()
        for index, slot in enumerate(node.inputs):
            name = slot.name or self._name_at(node, index)
            if slot.link is None or not name:
                continue
            found = self.resolver.resolve(scope, node, Slot(name, slot.type, slot.link, slot.widget))
            if isinstance(found, Source):
                inputs[name] = [found.node, found.slot]
                linked.add(name)
            elif isinstance(found, Constant) and (
                not found.from_primitive or _is_widget(slot, name, definition)
            ):
                inputs[name] = found.value
                if found.replaces_text:
                    replacing.add(name)
        for name in [name for name in inputs if name not in linked]:
            inputs[name] = self._final(scope, node, definition, name, inputs[name], name in replacing)
        title = self._title(node)
        return {"inputs": inputs, "class_type": node.type, "_meta": {"title": title}}

    def _name_at(self, node: Node, index: int) -> str:
        """The name of an input whose record has none."""
        live = self.resolver.live_inputs(node)
        return live[index].name if index < len(live) else ""

    def _stored(
        self, scope: Scope, node: Node, definition: Definition | None, *, tell: bool
    ) -> dict[str, Any]:
        """The values of its own widgets."""
        if definition is None:
            values = dict(node.values) if isinstance(node.values, Mapping) else dict[str, Any]()
            if tell and node.values and isinstance(node.values, list):
                text = f"{len(node.values)} values cannot be named without the class, and are left out"
                self.findings.append(Finding("unnamed_values", text, scope.id_of(node.id), node.type))
        else:
            read = values_of(definition, node.values)
            values = dict(read.by_name)
            if tell:
                self._tell_misfits(scope, node, definition, read)
        for (owner, widget), value in scope.overrides.items():
            if owner == node.id and widget in values:
                values[widget] = value
        return values

    def _tell_misfits(self, scope: Scope, node: Node, definition: Definition, read: Values) -> None:
        for name, value in read.misfits:
            entry = definition.by_name[name]
            slot = node.slot(name)
            if slot is None or slot.link is None:
                text = f"the value {_short(value)} does not fit {name!r}, which is {entry.type}"
                details = {"value": value, "type": entry.type}
                self.findings.append(
                    Finding("value_misfit", text, scope.id_of(node.id), node.type, name, details)
                )

    def _final(
        self,
        scope: Scope,
        node: Node,
        definition: Definition | None,
        name: str,
        value: Any,
        replacing: bool,
    ) -> Any:
        """A value as the prompt has it."""
        if (listed := as_list(value)) is not None:
            return {"__value__": listed}  # a bare list would be a link
        if not isinstance(value, str) or not self._substitute:
            return value
        entry = definition.by_name.get(name) if definition else None
        if replacing or (name == "filename_prefix" and node.type in _SAVERS):
            value = self._named(scope, node, name, value)
        return dynamic(value, self._random) if _is_dynamic(entry) else value

    def _named(self, scope: Scope, node: Node, name: str, text: str) -> str:
        text, unknown = named(text, lambda who, widget: self._typed(scope, who, widget), self._now)
        for token in unknown:
            message = f"%{token}% names no node and widget, and stays as it is"
            path = scope.id_of(node.id)
            self.findings.append(Finding("unknown_substitution", message, path, node.type, name))
        return text

    def _typed(self, scope: Scope, name: str, widget: str) -> tuple[Any, ...]:
        """The value in a widget of the node of that name, in this graph or else in those around it."""
        around: Scope | None = scope
        while around is not None:
            nodes = list(around.graph.nodes.values())
            called = [node for node in nodes if node.name_for_text == name]
            for node in [*called, *(node for node in nodes if self._title(node) == name)]:
                slot = node.slot(widget)
                linked = slot is not None and slot.link is not None
                found = self.resolver.resolve(around, node, slot) if slot is not None and linked else None
                if isinstance(found, Constant):
                    return (found.value,)
                values = self._stored(around, node, self._definitions(node.type), tell=False)
                if widget in values:
                    return (values[widget],)
            around = around.outer
        return ()

    def _title(self, node: Node) -> str:
        definition = self._definitions(node.type)
        if node.title is not None:
            return node.title
        return definition.title if definition else node.type

    def _drop_dangling(self, made: Prompt) -> None:
        """Inputs fed by what does not run are absent; the value typed there does not come back."""
        for node_id, entry in made.items():
            inputs = entry["inputs"]
            for name in [name for name, value in inputs.items() if _dangles(value, made)]:
                source = inputs.pop(name)[0]
                text = f"{name!r} gets nothing: the node {source} that feeds it is muted or missing"
                self.findings.append(Finding("input_dropped", text, node_id, entry["class_type"], name))


def _dangles(value: Any, made: Iterable[str]) -> bool:
    return isinstance(value, list) and value[0] not in made


def _is_widget(slot: Slot, name: str, definition: Definition | None) -> bool:
    entry = definition.by_name.get(name) if definition else None
    return slot.widget is not None or (entry is not None and entry.has_widget)


def _is_dynamic(entry: InputDefinition | None) -> bool:
    return entry is not None and bool(entry.options.get("dynamicPrompts"))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
