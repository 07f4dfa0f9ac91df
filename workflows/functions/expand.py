"""Workflows as nodes: each is replaced by the nodes of its function before a prompt is checked and run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Any

from engine import problems as p
from engine.graph import Link, as_link, as_list, as_object
from engine.grown import DISPLAY
from engine.problems import Problem
from engine.types import NodeId
from workflows.functions.choices import chosen
from workflows.functions.literals import literal_problem
from workflows.functions.node import is_workflow, parse_class
from workflows.functions.parts import Input, Json
from workflows.functions.prompts import Prompt, Replaced
from workflows.functions.template import FunctionPrompt

MOST_NODES = 100_000
"""Workflows that hold workflows can multiply without end; a prompt of more nodes is refused."""
Find = Callable[[str], FunctionPrompt | None]
"""A class such as `workflow/NAME@1.2.0` to its function; None, or UnknownFunction, if there is none."""


class UnknownFunction(LookupError):
    """A class that names no released function: why, and the nearest classes."""

    def __init__(self, reason: str, near: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.near = tuple(near)


class ExpansionError(ValueError):
    """Nodes that cannot be replaced; `problems` are those of the engine's validation, each with its node."""

    def __init__(self, problems: Sequence[Problem], classes: Mapping[str, str]) -> None:
        self.problems = tuple(problems)
        self.classes = dict(classes)
        texts = (f"node {one.node}: {one.message} ({one.details})" for one in problems)
        super().__init__("; ".join(texts))

    def response(self) -> tuple[Json, Json]:
        """`error` and `node_errors` as POST /prompt answers them."""
        first = self.problems[0]
        nodes: Json = {}
        for one in self.problems:
            if one.node is not None:
                kind = self.classes.get(one.node)
                blank: Json = {"errors": [], "dependent_outputs": [], "class_type": kind}
                nodes.setdefault(one.node, blank)["errors"].append(one.to_json())
        error = Problem("invalid_prompt", first.message, first.details, None, None, first.extra)
        return error.to_json(), nodes


def has_workflows(prompt: Any) -> bool:
    """Whether any node of a prompt is a workflow: cheap, for every prompt that comes."""
    entries = as_object(prompt) or {}
    return any(
        is_workflow(node.get("class_type")) for entry in entries.values() if (node := as_object(entry))
    )


def expand(prompt: Prompt, find: Find) -> Prompt:
    """The prompt with every workflow node replaced by what it stands for, nested ones too.

    The nodes of node `12` get ids `12:<id>`, and their events say that the canvas shows them as `12`. What a
    workflow does beside making its outputs (saving, say) is left out. The prompt given is not changed.
    Raises ExpansionError with everything that is wrong.
    """
    if not has_workflows(prompt):
        return prompt
    expansion = _Expansion(find, prompt)
    expansion.run()
    if expansion.problems:
        raise ExpansionError(expansion.problems, expansion.classes)
    return expansion.made


@dataclass(frozen=True)
class _Open:
    """A node still to be looked at, its links leading to ids of the whole prompt."""

    id: str
    node: Any
    shown: str | None = None
    """The node of the prompt that it is inside of, at whatever depth."""
    within: tuple[str, ...] = ()
    """The classes it is inside of, outermost first."""


@dataclass
class _Expansion:
    find: Find
    prompt: Prompt
    random: Random = field(default_factory=SystemRandom)
    made: Prompt = field(default_factory=Prompt)
    problems: list[Problem] = field(default_factory=list[Problem])
    classes: dict[str, str] = field(default_factory=dict[str, str])
    sources: dict[str, list[Link]] = field(default_factory=dict[str, list[Link]])
    """For each node that was replaced, what its outputs are."""
    known: dict[str, FunctionPrompt | None] = field(default_factory=dict[str, FunctionPrompt | None])
    taken: set[str] = field(default_factory=set[str])
    """The ids there are so far."""

    def run(self) -> None:
        self.taken.update(self.prompt)
        stack = [_Open(name, node) for name, node in reversed(self.prompt.items())]
        while stack:
            one = stack.pop()
            kind = (as_object(one.node) or {}).get("class_type")
            if not is_workflow(kind):
                self.made[one.id] = one.node
                continue
            inner = self._inside(one, str(kind))
            if len(self.made) + len(stack) + len(inner) > MOST_NODES:
                text = f"it stands for more than {MOST_NODES:,} nodes, with the workflows inside it"
                self._tell(
                    one.id, str(kind), Problem("invalid_prompt", "Too many nodes", text, NodeId(one.id))
                )
                return
            stack += reversed(inner)
        if not self.problems:
            self._rewire()

    def _inside(self, one: _Open, kind: str) -> list[_Open]:
        """The nodes that stand for a workflow node."""
        if kind in one.within:
            path = [(NodeId(one.id), name) for name in (*one.within[one.within.index(kind) :], kind)]
            self._tell(one.id, kind, p.dependency_cycle(NodeId(one.id), path))
            return []
        found = self._function(one, kind)
        if found is None:
            return []
        replaced = self._replaced(one, kind, found)
        self.sources[one.id] = [
            Link(NodeId(f"{one.id}:{output.source.node}"), output.source.slot)
            for output in found.function.outputs
        ]
        title = _title(one.node) or parse_class(kind)[0]
        within, shown = (*one.within, kind), one.shown or one.id
        inner: list[_Open] = []
        prompt = chosen(found.prompt, found.texts, self.random)
        for name in found.needed(replaced):
            node = _moved(one.id, prompt[name], replaced.get(name, {}), title)
            inner.append(_Open(f"{one.id}:{name}", {**node, DISPLAY: shown}, shown, within))
        for node in inner:
            if node.id in self.taken:
                text = f"the id {node.id} is wanted for a node inside it; give the node of that id another"
                self._tell(one.id, kind, Problem("invalid_prompt", "Node id taken", text, NodeId(one.id)))
            self.taken.add(node.id)
        return inner

    def _function(self, one: _Open, kind: str) -> FunctionPrompt | None:
        if kind not in self.known:
            try:
                self.known[kind] = self.find(kind)
            except UnknownFunction as error:
                self.known[kind] = None
                self._unknown(one, kind, str(error), error.near)
                return None
        if self.known[kind] is None:
            self._unknown(one, kind, "there is no such release", ())
        return self.known[kind]

    def _unknown(self, one: _Open, kind: str, reason: str, near: Sequence[str]) -> None:
        found = p.missing_node_type(NodeId(one.id), kind, _title(one.node) or None, near)
        self._tell(one.id, kind, Problem(found.code, found.message, reason, found.node, None, found.extra))

    def _replaced(self, one: _Open, kind: str, found: FunctionPrompt) -> Replaced:
        """What the node's own inputs put into the graph inside it."""
        given = as_object(one.node.get("inputs")) or {}
        replaced: Replaced = {}
        for entry in found.function.inputs:
            value = given.get(entry.name)
            if value is None:
                if entry.required:
                    self._tell(one.id, kind, p.required_input_missing(NodeId(one.id), entry.name))
                continue
            self._check(one, kind, entry, value)
            for target in entry.targets:
                replaced.setdefault(target.node, {})[target.input] = value
        return replaced

    def _check(self, one: _Open, kind: str, entry: Input, value: Any) -> None:
        problem = None if as_list(value) is not None else literal_problem(NodeId(one.id), entry, value)
        if problem is not None:
            self._tell(one.id, kind, problem)

    def _rewire(self) -> None:
        """Lead the links to nodes that were replaced to what they stand for."""
        for name, node in self.made.items():
            inputs = as_object((as_object(node) or {}).get("inputs")) or {}
            changed = {
                key: self._source(name, key, link)
                for key, value in inputs.items()
                if isinstance(value, list) and (link := as_link(value)) and link.node in self.sources
            }
            if changed:
                self.made[name] = {**node, "inputs": {**inputs, **changed}}

    def _source(self, name: str, key: str, link: Link) -> list[Any]:
        asked = list(link)
        while link.node in self.sources:
            outputs = self.sources[link.node]
            if not -len(outputs) <= link.slot < len(outputs):
                why = f"node {link.node!r} has {len(outputs)} outputs and none of index {link.slot}"
                kind = str(self.made[name].get("class_type"))
                self._tell(name, kind, p.broken_link(NodeId(name), key, None, asked, why, ()))
                return asked
            link = outputs[link.slot]
        return list(link)

    def _tell(self, node: str, kind: str, problem: Problem) -> None:
        self.classes[node] = kind
        self.problems.append(problem)


def _moved(outer: str, node: Mapping[str, Any], replaced: Mapping[str, Any], title: str) -> dict[str, Any]:
    """A node of a function with its links inside the whole prompt, and the caller's values in it."""
    inputs: Json = {}
    for key, value in (as_object(node.get("inputs")) or {}).items():
        link = as_link(value) if isinstance(value, list) else None
        inputs[key] = value if link is None else [f"{outer}:{link.node}", link.slot]
    meta = as_object(node.get("_meta")) or {}
    inner = str(meta.get("title") or node.get("class_type"))
    return {**node, "inputs": {**inputs, **replaced}, "_meta": {**meta, "title": f"{title} › {inner}"}}


def _title(node: Mapping[str, Any]) -> str:
    title = (as_object(node.get("_meta")) or {}).get("title")
    return title if isinstance(title, str) else ""
