"""A workflow as text to read and to compare line by line: a block a node, in the words of the canvas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from engine.graph import as_list
from workflows.canonical import Json
from workflows.document import function_of, split
from workflows.document.values import Named, is_extra
from workflows.document.vocabulary import in_order, object_of
from workflows.formats.definitions import Definitions
from workflows.formats.graph import INPUTS, OUTPUTS

_MODES: Mapping[Any, str] = {2: "muted", 4: "bypassed"}


def readable(document: Json, definitions: Definitions) -> str:
    """What a document means, without how it looks; two that differ in layout only read the same.

    Values have the names of their inputs where `definitions` knows the class. Raises DocumentError.
    """
    meaning, layout = split(document)
    writer = _Writer(meaning, Named(definitions, meaning, layout), definitions)
    return "".join(f"{line}\n" for line in writer.lines(function_of(document)))


class _Writer:
    def __init__(self, meaning: Mapping[str, Any], named: Named, definitions: Definitions) -> None:
        self._meaning = meaning
        self._named = named
        self._definitions = definitions

    def lines(self, function: Json | None) -> Iterator[str]:
        if function is not None:
            yield from _function(function)
        yield from self._graph(self._meaning, "")
        for key in sorted(self._meaning["subgraphs"]):
            graph = self._meaning["subgraphs"][key]
            yield f'subgraph "{graph.get("name", key)}"'
            for side in ("inputs", "outputs"):
                ports = ", ".join(f"{port.get('name', '')} {port.get('type', '')}" for port in graph[side])
                if ports:
                    yield f"    {side}: {ports}"
            yield ""
            yield from self._graph(graph, "  ")

    def _graph(self, graph: Mapping[str, Any], indent: str) -> Iterator[str]:
        for name in in_order(graph["nodes"]):
            for line in self._node(graph, name):
                yield indent + line
            yield ""

    def _node(self, graph: Mapping[str, Any], name: str) -> Iterator[str]:
        node = graph["nodes"][name]
        mode = f", {_MODES.get(node['mode'], node['mode'])}" if node.get("mode") else ""
        yield f"{self._called(node)} (#{name}){mode}"
        values = self._named.values(node)
        for key, value in values.items():
            if key not in node["inputs"] and not is_extra(key):
                yield from _value(key, value)
        for key in sorted(node["inputs"]):
            yield f"    {key} ← {self._source(graph, *node['inputs'][key])}"

    def _called(self, node: Mapping[str, Any]) -> str:
        kind = node["type"]
        graph = self._meaning["subgraphs"].get(kind)
        kind = (
            kind if graph is None else f"subgraph {json.dumps(graph.get('name', kind), ensure_ascii=False)}"
        )
        title = node.get("title")
        return f'{kind} "{title}"' if title and title != node["type"] else kind

    def _source(self, graph: Mapping[str, Any], source: str, slot: Any) -> str:
        if source in (INPUTS, OUTPUTS):
            return f"the subgraph's input {slot}"
        node = object_of(graph["nodes"].get(source))
        return f"{self._called(node)} (#{source}) {self._output(node, slot)}" if node else "nothing"

    def _output(self, node: Mapping[str, Any], slot: Any) -> str:
        """What comes out there: its type or, of a subgraph, its name; where that does not tell, its place."""
        outside = self._meaning["subgraphs"].get(node["type"])
        if outside is not None:
            names = [str(port.get("name", "")) for port in outside["outputs"]]
        else:
            definition = self._definitions(node["type"])
            names = list(definition.outputs) if definition is not None else []
        known = isinstance(slot, int) and 0 <= slot < len(names) and names.count(names[slot]) == 1
        return names[slot] if known else f"output {slot}"


def _function(function: Mapping[str, Any]) -> Iterator[str]:
    title = f' "{function["title"]}"' if function.get("title") else ""
    yield f"function{title}"
    for side, key in (("input", "targets"), ("output", "source")):
        for entry in function.get(f"{side}s") or ():
            known = {name: value for name, value in entry.items() if name not in ("name", "type", key)}
            about = "".join(f", {name} {_json(value)}" for name, value in sorted(known.items()))
            yield f"    {side} {entry.get('name')} {entry.get('type')} {_ends(entry)}{about}"
    yield ""


def _ends(entry: Mapping[str, Any]) -> str:
    """What an input sets, or where an output comes from."""
    if "source" in entry:
        source = object_of(entry["source"])
        return f"← #{source.get('node')} output {source.get('slot')}"
    targets = (object_of(target) for target in as_list(entry.get("targets")) or [])
    return "→ " + ", ".join(f"#{target.get('node')} {target.get('input')}" for target in targets)


def _value(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str) and "\n" in value:
        yield f"    {name}:"
        for line in value.splitlines():
            yield f"        {line}".rstrip()
        return
    yield f"    {name}: {_json(value)}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
