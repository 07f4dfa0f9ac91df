"""The values of a node by name: those of its inputs, and what the browser keeps beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.graph import as_list, as_object
from workflows.document.vocabulary import object_of
from workflows.formats.definitions import Definitions
from workflows.formats.graph import INPUTS, PRIMITIVE
from workflows.formats.widgets import Place, best_layout, layout

Values = dict[str, Any]
"""By input name; `seed:control` and the like for what belongs to an input but is not its value, and
`widgets_values[2]` for what nobody can name.
"""
_CANVAS_ONLY = {
    PRIMITIVE: ("value", "value:control", "value:filter"),
    "Note": ("text",),
    "MarkdownNote": ("text",),
}
_EXTRAS = frozenset({"control", "filter", "hidden", "upload", "placeholder", "unknown"})
_USUAL: Mapping[str, Any] = {"control": "fixed", "filter": "", "upload": "image"}


def is_extra(name: str) -> bool:
    """Whether it names something beside the values of inputs."""
    return name.rpartition(":")[2] in _EXTRAS and ":" in name


class Named:
    """Names the values of the nodes of one document."""

    def __init__(self, definitions: Definitions, meaning: Mapping[str, Any], look: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._subgraphs: Mapping[str, Any] = meaning["subgraphs"]
        self._looks = {entry["subgraph"]: entry for entry in look.get("subgraphs", [])}
        self._promoted: dict[str, tuple[str, ...]] = {}
        self._usual: dict[str, tuple[list[Place], list[str]]] = {}

    def values(self, node: Mapping[str, Any]) -> Values:
        """All that the node stores; an input it stores nothing for is absent."""
        stored = node.get("values")
        if (named := as_object(stored)) is not None:
            return {**named}
        listed = as_list(stored) or []
        names = self.names(node, listed)
        return {
            names[index] if index < len(names) else _place(index): value for index, value in enumerate(listed)
        }

    def default(self, node: Mapping[str, Any], name: str) -> Any:
        """The value of an input the node stores nothing for; None if nobody knows."""
        definition = self._definitions(node["type"])
        entry = definition.by_name.get(name) if definition is not None else None
        return None if entry is None else entry.default

    def names(self, node: Mapping[str, Any], listed: Sequence[Any] | None = None) -> list[str]:
        """What each position of `widgets_values` is, as far as it is known: for these values, or for ones
        to be written.
        """
        kind = node["type"]
        if kind in self._subgraphs:
            return [*self.promoted(kind), *_proxied(node)]
        if kind in _CANVAS_ONLY:
            return list(_CANVAS_ONLY[kind])
        definition = self._definitions(kind)
        if definition is None:
            return []
        if kind not in self._usual:
            usual = layout(definition)
            self._usual[kind] = (usual, _names(usual))
        places, names = self._usual[kind]
        fitting = listed is None or (len(places) == len(listed) and all(map(Place.fits, places, listed)))
        return names if fitting or not listed else _names(best_layout(definition, listed))

    def listed(self, node: Mapping[str, Any], values: Values) -> list[Any]:
        """The values as `widgets_values` has them: by the class's order, gaps filled with defaults."""
        names = self.names(node)
        places = {name: index for index, name in enumerate(names)}
        for name in values:
            if name not in places and not _is_place(name):
                places[name] = len(places)
        length = max((places[name] + 1 for name in values if name in places), default=0)
        found: list[Any] = [None] * length
        for name, index in places.items():
            if index < length:
                found[index] = values[name] if name in values else self._filling(node, name)
        for name in sorted((name for name in values if _is_place(name)), key=_index):
            index = _index(name)
            found += [None] * (index + 1 - len(found))
            found[index] = values[name]
        return found

    def _filling(self, node: Mapping[str, Any], name: str) -> Any:
        if is_extra(name):
            return _USUAL.get(name.rpartition(":")[2])
        return self.default(node, name)

    def promoted(self, subgraph: str) -> tuple[str, ...]:
        """The inputs of a definition that are widgets of its instances, in order."""
        if subgraph not in self._promoted:
            self._promoted[subgraph] = ()  # what contains itself promotes nothing by that
            inside = self._subgraphs[subgraph]
            nodes: list[dict[str, Any]] = object_of(self._looks.get(subgraph)).get("nodes", [])
            looks = {look["node"]: look for look in nodes}
            self._promoted[subgraph] = tuple(
                str(port.get("name", port["key"]))
                for port in inside["inputs"]
                if any(
                    source == [INPUTS, port["key"]] and self._is_widget(node, key, looks.get(name, {}))
                    for name, node in inside["nodes"].items()
                    for key, source in node["inputs"].items()
                )
            )
        return self._promoted[subgraph]

    def _is_widget(self, node: Mapping[str, Any], name: str, look: Mapping[str, Any]) -> bool:
        slots: dict[str, Any] = dict(look.get("inputs") or [])
        if as_object(object_of(slots.get(name)).get("widget")) is not None:
            return True
        if node["type"] in self._subgraphs:
            return name in self.promoted(node["type"])
        definition = self._definitions(node["type"])
        entry = definition.by_name.get(name) if definition is not None else None
        return entry is not None and entry.has_widget


def _names(places: Sequence[Place]) -> list[str]:
    names: list[str] = []
    owner = ""
    for index, place in enumerate(places):
        if place.input is not None:
            owner = place.input.name
            names.append(owner)
        elif (name := f"{owner}:{place.extra}") in names or not owner:
            names.append(_place(index))
        else:
            names.append(name)
    return names


def _proxied(node: Mapping[str, Any]) -> list[str]:
    """Inner widgets an instance merely shows: its values for them follow those of its own inputs."""
    shown = as_list(object_of(node.get("properties")).get("proxyWidgets")) or []
    pairs = [[str(part) for part in as_list(entry) or []] for entry in shown]
    return [
        f"{pair[0]}.{pair[1]}"
        for pair in pairs
        if len(pair) >= 2 and pair[0] != "-1" and not pair[1].startswith("$$")
    ]


def _place(index: int) -> str:
    return f"widgets_values[{index}]"


def _is_place(name: str) -> bool:
    return name.startswith("widgets_values[") and name[15:-1].isdigit()


def _index(name: str) -> int:
    return int(name[15:-1])
