"""Putting the names that models have here into a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.graph import as_list, as_object
from engine.spec import NodeSpec

Json = dict[str, Any]
Names = Mapping[tuple[str, str], str]
"""Kind and old name to new name."""


def with_names(document: Mapping[str, Any], names: Names, find: Callable[[str], NodeSpec | None]) -> Json:
    """The same document with other names for models, in nodes, in subgraphs and in the lock it carries.

    A node whose inputs say which kind of file they name takes the names of these kinds alone. What only
    carries a value to others (a primitive, the widgets of a subgraph, a pack's own) takes any name that is
    the same in all kinds.
    """
    if not names:
        return {**document}
    renaming = _Renaming(names, find)
    if (prompt := as_object(document.get("prompt"))) is not None:
        made = {**document, "prompt": {key: renaming.prompt_node(node) for key, node in prompt.items()}}
    else:
        made = renaming.graph(document)
        definitions = as_object(document.get("definitions"))
        if definitions is not None:
            inner = [renaming.graph(one) for one in as_list(definitions.get("subgraphs")) or ()]
            made["definitions"] = {**definitions, "subgraphs": inner}
    extra = as_object(made.get("extra"))
    own = as_object((extra or {}).get("darkroom"))
    locked = as_object((own or {}).get("lock"))
    if extra is not None and own is not None and locked is not None:
        made["extra"] = {**extra, "darkroom": {**own, "lock": _relocked(locked, names)}}
    return made


class _Renaming:
    def __init__(self, names: Names, find: Callable[[str], NodeSpec | None]) -> None:
        self._names = names
        self._find = find
        self._anywhere: dict[str, str] = {}
        both: dict[str, set[str]] = {}
        for (_, old), new in names.items():
            both.setdefault(old, set()).add(new)
        self._anywhere = {old: news.pop() for old, news in both.items() if len(news) == 1}

    def graph(self, graph: Any) -> Json:
        found = as_object(graph)
        if found is None or not isinstance(found.get("nodes"), list):
            return graph if found is None else {**found}
        return {**found, "nodes": [self._node(node) for node in found["nodes"]]}

    def _node(self, node: Any) -> Any:
        found = as_object(node)
        if found is None or "widgets_values" not in found:
            return node
        renamed = self._renamed(found["widgets_values"], self._table(str(found.get("type"))))
        return {**found, "widgets_values": renamed}

    def prompt_node(self, node: Any) -> Any:
        found = as_object(node)
        if found is None or "inputs" not in found:
            return node
        return {**found, "inputs": self._renamed(found["inputs"], self._table(str(found.get("class_type"))))}

    def _table(self, class_type: str) -> Mapping[str, str]:
        spec = self._find(class_type)
        if spec is None or not spec.file_inputs:
            return self._anywhere
        kinds = set(spec.file_inputs.values())
        return {old: new for (kind, old), new in self._names.items() if kind in kinds}

    def _renamed(self, value: Any, table: Mapping[str, str]) -> Any:
        if isinstance(value, str):
            return table.get(value, value)
        if (members := as_object(value)) is not None:
            return {key: self._renamed(one, table) for key, one in members.items()}
        if (items := as_list(value)) is not None:
            return [self._renamed(one, table) for one in items]
        return value


def _relocked(locked: Mapping[str, Any], names: Names) -> Json:
    models: list[Any] = []
    for model in as_list(locked.get("models")) or ():
        found = as_object(model) or {}
        name = names.get((str(found.get("kind")), str(found.get("name"))))
        models.append(model if name is None else {**found, "name": name})
    return {**locked, "models": models}
