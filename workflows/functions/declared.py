"""A declaration completed: what it leaves out is taken from the nodes it is bound to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.folders import nearest
from engine.graph import as_object
from workflows.formats.definitions import Definition, Definitions, compatible
from workflows.functions.bound_inputs import Limits, Place
from workflows.functions.function import Function
from workflows.functions.node import is_pinned, is_workflow, parse_class
from workflows.functions.parts import FunctionError, Input, Output, Target, Trouble
from workflows.functions.prompts import Prompt, ancestors, prompt_of
from workflows.functions.values import Unfit, read_value


@dataclass(frozen=True)
class Checked:
    """A function as far as it could be completed, and what is wrong with it."""

    function: Function
    problems: tuple[Trouble, ...]


def declared(
    document: Any, definitions: Definitions, *, prompt: Prompt | None = None, released: bool = False
) -> Function:
    """The function of a document with types, ranges, options and defaults filled in.

    Args:
        document: a canvas workflow or a prompt document.
        definitions: the node classes.
        prompt: what `prompt_of` makes of the document, if it is known already.
        released: whether the declaration was accepted before: options that are not there now (a file that
            was deleted) are then no fault of it.

    Raises FunctionError with everything that is wrong, also when the document declares no function.
    """
    found = check(document, definitions, prompt=prompt, released=released)
    if found.problems:
        raise FunctionError(found.problems)
    return found.function


def check(
    document: Any, definitions: Definitions, *, prompt: Prompt | None = None, released: bool = False
) -> Checked:
    """The same without raising for what does not fit the graph, for the dialog that edits it.

    Raises FunctionError only for a declaration, or a document, that cannot be read at all.
    """
    function = Function.of(document)
    if function is None:
        raise FunctionError(
            [Trouble("function", "the workflow declares no function; publish it as one first")]
        )
    graph = prompt_of(document, definitions) if prompt is None else prompt
    completion = _Completion(graph, definitions, released)
    inputs = tuple(completion.input(entry) for entry in function.inputs)
    outputs = tuple(completion.output(entry) for entry in function.outputs)
    completion.whole(function)
    return Checked(replace(function, inputs=inputs, outputs=outputs), tuple(completion.problems))


@dataclass
class _Completion:
    """Fills in one declaration and collects what does not fit."""

    prompt: Prompt
    definitions: Definitions
    released: bool
    problems: list[Trouble] = field(default_factory=list[Trouble])
    unknown: set[str] = field(default_factory=set[str])
    """Nodes whose class was told to be unknown."""

    def input(self, entry: Input) -> Input:
        where = f"inputs.{entry.name}"
        places = [place for target in entry.targets if (place := self._place(where, target)) is not None]
        known = [place for place in places if place.definition is not None]
        for place in known:
            if not place.takes(entry):
                kind = place.type
                self._tell(f"{where}.type", f"{place} takes {kind}, not {entry.type}; declare it as {kind}")
        limits = Limits.of(entry, known)
        self.problems += limits.problems(where, entry, released=self.released)
        entry = limits.applied(entry)
        return self._with_default(where, entry, places) if places else entry

    def output(self, entry: Output) -> Output:
        where, source = f"outputs.{entry.name}.source", entry.source
        node = self._node(where, source.node)
        definition = None if node is None else self._definition(where, source.node, node)
        if definition is None:
            return entry
        giver, kinds = f"{definition.title} (#{source.node})", definition.outputs
        if source.slot >= len(kinds):
            self._tell(where, f"{giver} has {len(kinds)} outputs, and none of number {source.slot}")
        elif not compatible(entry.type, kind := kinds[source.slot]):
            text = f"{giver} gives {kind}, not {entry.type}; declare it as {kind}"
            self._tell(f"outputs.{entry.name}.type", text)
        return entry

    def whole(self, function: Function) -> None:
        """What concerns several entries."""
        if not function.outputs:
            self._tell("outputs", "a function needs at least one output; choose what it is to return")
        for name in sorted(ancestors(self.prompt, [one.source.node for one in function.outputs])):
            if name not in self.unknown:
                self._definition(f"nodes.{name}", name, self.prompt[name])
        owners: dict[Target, str] = {}
        for entry in function.inputs:
            for target in entry.targets:
                owner = owners.setdefault(target, entry.name)
                if owner != entry.name:
                    text = f"{target.input!r} of node {target.node} is set by {owner!r} already"
                    self._tell(f"inputs.{entry.name}.targets", text)

    def _place(self, where: str, target: Target) -> Place | None:
        where = f"{where}.targets"
        node = self._node(where, target.node)
        definition = None if node is None else self._definition(where, target.node, node)
        if node is None or definition is None:
            return None
        given = as_object(node.get("inputs")) or {}
        known = definition.by_name.get(target.input)
        if known is None and target.input not in given:
            near = nearest(target.input, [*definition.by_name, *given])
            hint = f"; did you mean {near[0]!r}?" if near else ""
            text = f"{definition.title} (#{target.node}) has no input {target.input!r}{hint}"
            self._tell(where, text)
            return None
        return Place(target, definition.title, known, given)

    def _node(self, where: str, node_id: str) -> Mapping[str, Any] | None:
        node = as_object(self.prompt.get(node_id))
        if node is None:
            inner = [name for name in self.prompt if name.startswith(f"{node_id}:")]
            why = (
                f"it is a subgraph; name one of its nodes ({', '.join(inner[:5])})"
                if inner
                else "it is absent, muted or bypassed, or only exists on the canvas"
            )
            self._tell(where, f"node {node_id} is none of those that run: {why}")
        return node

    def _definition(self, where: str, node_id: str, node: Mapping[str, Any]) -> Definition | None:
        kind = str(node.get("class_type"))
        definition = self.definitions(kind)
        if definition is None:
            self.unknown.add(node_id)
            text = f"node {node_id} is a {kind!r}, which is not installed; install its pack first"
            if is_workflow(kind):
                text = f"node {node_id} is {kind!r}, {_unusable(kind)}"
            self._tell(where, text)
        return definition

    def _with_default(self, where: str, entry: Input, places: list[Place]) -> Input:
        """What it has if nobody gives it: what the declaration says, else what the graph has."""
        if entry.required:
            return replace(entry, default=None)
        told = entry.default is not None
        if not told and not any(place.fed for place in places):
            return replace(entry, required=True)
        if not entry.callable and told:
            self._tell(f"{where}.default", f"no {entry.type} can be written down; leave the default out")
        if not entry.callable or (not told and not entry.is_widget):
            return entry
        value = entry.default if told else next((p.literal for p in places if p.literal is not None), None)
        if value is None or (entry.default is None and any(place.linked for place in places)):
            return entry
        try:
            return replace(entry, default=read_value(entry, value))
        except Unfit as error:
            if error.code == "not_an_option" and self.released:
                return replace(entry, default=value)
            origin = "the default" if told else "what the graph has, which is the default,"
            self._tell(f"{where}.default", f"{origin} does not fit: {error}")
            return entry

    def _tell(self, where: str, message: str) -> None:
        self.problems.append(Trouble(where, message))


def _unusable(kind: str) -> str:
    """Why a workflow is no node here, as far as its class tells."""
    name, release = parse_class(kind)
    if not is_pinned(release):
        return f"which names no one release; pin it, as in workflow/{name}@1.2.0"
    return (
        "which cannot be used here: there is no such release, or it lacks nodes itself; import what it needs"
    )
