"""The checks of one node: what is missing, which links fit, which values are in range."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from engine import problems as p
from engine.context import Context, calling
from engine.file_kinds import PLACE_KINDS
from engine.folders import Folders, MissingFile, nearest
from engine.graph import Link, Node, as_list, as_object, unwrap
from engine.hooks import settled
from engine.paths import UnsafePath, same_text
from engine.problems import Problem
from engine.registry import Registry
from engine.spec import InputSpec, NodeSpec
from engine.types import NodeId, accepts
from engine.values import coerce, is_widget

_NOTHING: dict[str, Any] = {}


MOST_SUGGESTIONS = 20
"""Distinct missing node ids of one prompt that are met with "did you mean"."""


class NodeChecker:
    """Checks the nodes of one prompt, one at a time, and collects `problems` by node."""

    def __init__(self, entries: Mapping[str, Any], registry: Registry, folders: Folders) -> None:
        self._entries = entries
        self._registry = registry
        self._folders = folders
        self._names: dict[str, list[str]] = {}
        self._near: dict[str, tuple[str, ...]] = {}
        self.problems: dict[NodeId, list[Problem]] = {}

    def node(self, node: NodeId) -> Node:
        """The node with coerced values and checked links; what is wrong goes to `problems`."""
        fields = as_object(self._entries[node]) or {}
        class_type = fields.get("class_type")
        spec = self._registry.get(class_type) if isinstance(class_type, str) else None
        if spec is None:
            return Node(node, class_type if isinstance(class_type, str) else "", {}, {})
        literals: dict[str, Any] = {}
        links: dict[str, Link] = {}
        given = as_object(fields.get("inputs", _NOTHING))
        if given is None:
            self._add(p.exception_during_validation(node, "inputs must be an object", "TypeError"))
            given = _NOTHING
        for declared in spec.inputs:
            self._input(node, spec, declared, given, literals, links)
        if len(given) > len(literals) + len(links) and (spec.variadic or spec.open_inputs or spec.hidden):
            self._undeclared(node, spec, given, literals, links)
        return Node(node, spec.name, literals, links)

    def names(self, kind: str) -> list[str]:
        """The files of a folder kind, listed once per prompt."""
        if kind not in self._names:
            self._names[kind] = self._folders.list(kind)
        return self._names[kind]

    def _add(self, problem: Problem) -> None:
        self.problems.setdefault(problem.node or NodeId(""), []).append(problem)

    def _input(
        self,
        node: NodeId,
        spec: NodeSpec,
        declared: InputSpec,
        given: Mapping[str, Any],
        literals: dict[str, Any],
        links: dict[str, Link],
    ) -> None:
        name = declared.name
        if name not in given:
            if not declared.optional:
                self._add(p.required_input_missing(node, name))
            return
        value = given[name]
        pair = as_list(value)
        if pair is not None:
            link = self._link(node, declared, pair, own_check=spec.own_type_check)
            if link is not None:
                links[name] = link
            return
        value = unwrap(value)
        if value is None and declared.optional and not is_widget(declared.type):
            return
        if spec.lenient and not is_widget(declared.type):
            literals[name] = value
            return
        checked = self._literal(node, declared, value, own_check=name in spec.check_inputs)
        if checked is not None:
            self._add(checked)
            return
        literals[name] = coerce(declared.type, value)

    def _config(self, declared: InputSpec) -> list[Any]:
        wire = declared.wire(self.names)
        return wire if len(wire) == 2 else [*wire, {}]

    def _link(
        self,
        node: NodeId,
        declared: InputSpec | None,
        pair: Sequence[Any],
        name: str = "",
        *,
        own_check: bool = False,
    ) -> Link | None:
        """The link, if it leads to an output; whether it fits goes to `problems`."""
        name = declared.name if declared else name
        config = self._config(declared) if declared else None
        if len(pair) != 2:
            self._add(p.malformed_link(node, name, config, list(pair)))
            return None
        link, problem = self._resolve(node, name, config, pair)
        if problem is not None:
            self._add(problem)
        if link is None or declared is None or own_check:
            return link
        source = self._spec_of(link.node)
        if source is None:
            return link
        output = source.outputs[link.slot]
        received = output.type
        if not (declared.wildcard or output.wildcard or accepts(declared.type, received)):
            combo = declared.options_now(self.names)
            wanted = declared.type if combo is None else f"{combo}"
            self._add(p.return_type_mismatch(node, name, config, wanted, received, pair))
        # A link that does not fit is kept, so that what lies behind it is checked as well.
        return link

    def _resolve(
        self, node: NodeId, name: str, config: Any, pair: Sequence[Any]
    ) -> tuple[Link | None, Problem | None]:
        target, slot = pair
        if not isinstance(target, str) or target not in self._entries:
            known = isinstance(target, int) and str(target) in self._entries
            near = (str(target),) if known else self._like(target)
            why = f"node ids are texts, not {target!r}" if known else f"node {target!r} does not exist"
            return None, p.broken_link(node, name, config, list(pair), why, near)
        spec = self._spec_of(NodeId(target))
        if not isinstance(slot, int):
            why = f"the output index must be a whole number, not {slot!r}"
            return None, p.broken_link(node, name, config, list(pair), why, ())
        if spec is None:
            return Link(NodeId(target), int(slot)), None
        count = len(spec.outputs)
        # ComfyUI counts negative indices from the end, and graphs in the wild may rely on it.
        index = slot + count if slot < 0 else int(slot)
        if 0 <= index < count:
            return Link(NodeId(target), index), None
        why = f"node {target!r} ({spec.name}) has {count} outputs and none of index {slot}"
        return None, p.broken_link(node, name, config, list(pair), why, ())

    def _like(self, target: Any) -> tuple[str, ...]:
        """The ids nearest to a missing one. Each search reads all ids, so their number is bounded."""
        asked = str(target)
        if asked not in self._near:
            self._near[asked] = nearest(asked, self._entries) if len(self._near) < MOST_SUGGESTIONS else ()
        return self._near[asked]

    def _spec_of(self, node: NodeId) -> NodeSpec | None:
        class_type = (as_object(self._entries[node]) or {}).get("class_type")
        return self._registry.get(class_type) if isinstance(class_type, str) else None

    def _literal(self, node: NodeId, declared: InputSpec, value: Any, *, own_check: bool) -> Problem | None:
        name, kind = declared.name, declared.type
        if not is_widget(kind):
            why = f"{kind} cannot be written down; link an output of that type"
            return p.invalid_input_type(node, name, kind, self._config(declared), value, why)
        try:
            number = coerce(kind, value)
        except (ValueError, TypeError, OverflowError) as error:
            return p.invalid_input_type(node, name, kind, self._config(declared), value, str(error))
        if own_check:
            return None
        if declared.is_combo:
            several = as_list(value) if declared.options.get("multi_select") else None
            wrong = (self._choice(node, declared, one) for one in ([value] if several is None else several))
            return next((problem for problem in wrong if problem is not None), None)
        low, high = declared.options.get("min"), declared.options.get("max")
        if low is not None and number < low:
            return p.out_of_range(node, name, self._config(declared), number, low, below=True)
        if high is not None and number > high:
            return p.out_of_range(node, name, self._config(declared), number, high, below=False)
        return None

    def _choice(self, node: NodeId, declared: InputSpec, value: Any) -> Problem | None:
        if declared.files is not None and declared.files in PLACE_KINDS:
            return self._placed_file(node, declared.name, declared.files, value)
        choices = declared.options_now(self.names) or []
        if value in choices or (declared.files is not None and _respelled(value, choices)):
            return None
        advice: Sequence[str] | str = nearest(value, choices)
        if declared.files is not None and not choices:
            advice = (
                f"There are no {declared.files} yet: put the file into the models folder {declared.files!r}."
            )
        return p.value_not_in_list(node, declared.name, self._config(declared), value, choices, advice)

    def _placed_file(self, node: NodeId, name: str, kind: str, value: Any) -> Problem | None:
        """Files of the input folder may also be named with a subfolder or `[output]`, unlike other combos."""
        wrong = "Invalid latent file" if kind == "latents" else "Invalid image file"
        try:
            self._folders.find(kind, str(value))
        except MissingFile as error:
            return p.custom_validation_failed(node, name, f"{wrong}: {value}", error.suggestions)
        except UnsafePath as error:
            return p.custom_validation_failed(node, name, f"{wrong}: {error}")
        return None

    def _undeclared(
        self,
        node: NodeId,
        spec: NodeSpec,
        given: Mapping[str, Any],
        literals: dict[str, Any],
        links: dict[str, Link],
    ) -> None:
        """Inputs under names the node does not declare, where it takes any, and state in hidden ones."""
        for name, value in given.items():
            if name in spec.by_name:
                continue
            pair = as_list(value)
            if pair is None and spec.takes_literal(name):
                literals[name] = unwrap(value)
            elif pair is not None and len(pair) == 2 and spec.takes_link(name):
                link = self._link(node, None, pair, name)
                if link is not None:
                    links[name] = link

    def own_check(self, node: Node) -> None:
        """The node's `check`, if all it needs is there. Linked inputs are None: they have no value yet."""
        spec = self._registry.get(node.class_type)
        if spec is None or spec.check is None:
            return
        present = [n for n in sorted(spec.check_inputs) if n in node.literals or n in node.links]
        missing = (n for n in spec.check_inputs if n not in present)
        if any(n in spec.by_name and not spec.by_name[n].optional for n in missing):
            return
        arguments: dict[str, Any] = {name: node.literals.get(name) for name in present}
        if spec.own_type_check:
            arguments["input_types"] = {n: self._type_of(link) for n, link in node.links.items()}
        if "folders" in inspect.signature(spec.check).parameters:
            arguments["folders"] = self._folders
        try:
            with calling(Context(node_id=node.id, folders=self._folders)):
                verdict = settled(spec.check(**arguments))
        except Exception as error:  # noqa: BLE001 - a node's code may raise anything; it becomes a problem
            self._add(p.exception_during_validation(node.id, str(error), type(error).__name__))
            return
        if verdict is None or verdict is True:
            return
        text = "" if verdict is False else str(verdict)
        for name in present or [""]:
            self._add(p.custom_validation_failed(node.id, name, text))

    def _type_of(self, link: Link) -> str:
        source = self._spec_of(link.node)
        return "*" if source is None else source.outputs[link.slot].type


def _respelled(value: Any, names: Sequence[Any]) -> bool:
    """Whether a file has that name in another of Unicode's spellings, as copies from other systems do."""
    return isinstance(value, str) and not value.isascii() and any(same_text(name, value) for name in names)
