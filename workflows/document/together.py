"""From meaning and layout back to a file of the canvas, the layout being whole, old or missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.graph import as_list, as_object
from workflows.document.links import End, Link, Links, Source, listing
from workflows.document.placing import placed
from workflows.document.vocabulary import NAME_IN_TEXTS, highest, id_text, natural, object_of, without
from workflows.formats.graph import INPUTS, OUTPUTS

Object = dict[str, Any]
_NEW_ROOT: Object = {"version": 0.4, "last_node_id": 0, "last_link_id": 0, "groups": [], "config": {}}
_NEW_GRAPH: Object = {
    "version": 1,
    "revision": 0,
    "state": {"lastGroupId": 0, "lastNodeId": 0, "lastLinkId": 0, "lastRerouteId": 0},
    "config": {},
    "groups": [],
    "inputNode": {"id": -10, "bounding": [-400, 0, 120, 100]},
    "outputNode": {"id": -20, "bounding": [1200, 0, 120, 100]},
}


def together(meaning: Mapping[str, Any], layout: Mapping[str, Any]) -> Object:
    """The workflow, sharing values with both; what the layout does not know of gets a place and ids."""
    root = _Graph(meaning, layout, _NEW_ROOT).document()
    subgraphs: Mapping[str, Any] = meaning["subgraphs"]
    looks = {look["subgraph"]: look for look in layout.get("subgraphs", [])}
    names = [name for name in looks if name in subgraphs]
    names += [name for name in subgraphs if name not in looks]
    if names or "definitions" in layout:
        made = [_subgraph(name, subgraphs[name], looks.get(name, {})) for name in names]
        root["definitions"] = {**object_of(layout.get("definitions")), "subgraphs": made}
    return root


def _subgraph(name: str, inside: Mapping[str, Any], look: Mapping[str, Any]) -> Object:
    graph = _Graph(inside, look, {**_NEW_GRAPH, "id": name})
    document = graph.document()
    if "name" in inside:
        document["name"] = inside["name"]
    document["inputs"] = graph.ports("inputs", INPUTS)
    document["outputs"] = graph.ports("outputs", OUTPUTS)
    return document


class _Graph:
    """One graph being written."""

    def __init__(self, meaning: Mapping[str, Any], layout: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._meaning = meaning
        self._layout = layout
        self._record: Mapping[str, Any] = layout.get("record", new)
        self._ports: dict[str, list[str]] = {
            side: [port["key"] for port in meaning.get(side, [])] for side in ("inputs", "outputs")
        }
        self._nodes: Mapping[str, Any] = meaning["nodes"]
        self._looks: dict[str, Object] = {
            look["node"]: without(look, {"node"})
            for look in layout.get("nodes", [])
            if look["node"] in self._nodes
        }
        for name, place in placed(self._nodes, self._looks).items():
            self._looks[name] = _new_look(self._nodes[name]["type"], place, len(self._looks))
        self._complete_slots()
        self._slots: dict[str, dict[str, Any]] = {
            name: dict(look.get("inputs") or []) for name, look in self._looks.items()
        }
        self._places = {
            name: {key: index for index, key in enumerate(slots)} for name, slots in self._slots.items()
        }
        last = max(_number(self._record.get("last_link_id")), _number(self._state.get("lastLinkId")))
        self._links = Links(self._wanted(), layout.get("links", []), last, self._new_link)

    def document(self) -> Object:
        """The graph as its file has it."""
        document: Object = {**self._record, **self._meaning["other"]}
        document["nodes"] = [self._node(name, look) for name, look in self._looks.items()]
        document["links"] = [self._link(link) for link in self._links.all]
        extra = {**self._layout.get("extra", {}), **self._meaning["extra"]}
        if extra or "extra" in self._layout or not self._layout:
            document["extra"] = extra
        self._count(document)
        self._drop_points(document)
        return document

    def ports(self, side: str, node: str) -> list[Object]:
        """The definition's inputs or outputs, with the links inside that begin or end there."""
        looks = dict(self._layout.get(side, []))
        made: list[Object] = []
        for port in self._meaning[side]:
            key = port["key"]
            look = looks.get(key, {"linkIds": []})
            links = self._links.to_output.get(key, []) if node == OUTPUTS else self._links.out_of.get(
                (node, key), []
            )  # fmt: skip
            made.append({**without(port, {"key", "from"}), **listing(look, "linkIds", links)})
        return made

    @property
    def _state(self) -> Mapping[str, Any]:
        return object_of(self._record.get("state"))

    def _wanted(self) -> Iterator[tuple[End, Source]]:
        """Every link there has to be: its end and its source."""
        for name in self._looks:
            for key, source in self._nodes[name]["inputs"].items():
                yield (name, key), source
        for port in self._meaning.get("outputs", []):
            for source in port["from"]:
                yield (OUTPUTS, port["key"]), source

    def _complete_slots(self) -> None:
        """Make a slot for each end of a link that has none in the layout."""
        for name, look in self._looks.items():
            inputs: Mapping[str, Any] = self._nodes[name]["inputs"]
            slots: list[Any] = list(look.get("inputs") or [])
            known = {slot[0] for slot in slots}
            lacking = [
                [key, {"name": key, "type": self._type_of(source), "link": None}]
                for key, source in inputs.items()
                if key not in known
            ]
            if lacking:
                look["inputs"] = [*slots, *lacking]
        for (name, key), source in self._wanted():
            look = self._looks.get(source[0])
            if look is None:
                continue
            outputs: list[Any] = list(look.get("outputs") or [])
            if source[1] < len(outputs):
                continue
            kind = "*"
            if name != OUTPUTS:
                kind = object_of(dict(self._looks[name]["inputs"]).get(key)).get("type", "*")
            outputs += [
                {"name": kind, "type": kind, "links": []} for _ in range(source[1] + 1 - len(outputs))
            ]
            look["outputs"] = outputs

    def _type_of(self, source: Source) -> Any:
        """The type of what a link brings, as far as anybody wrote it down."""
        if source[0] == INPUTS:
            return self._meaning["inputs"][self._ports["inputs"].index(source[1])].get("type", "*")
        outputs: list[Any] = self._looks[source[0]].get("outputs") or []
        return object_of(outputs[source[1]]).get("type", "*") if source[1] < len(outputs) else "*"

    def _new_link(self, number: int, end: End) -> Object:
        if end[0] == OUTPUTS:
            record = self._meaning["outputs"][self._ports["outputs"].index(end[1])]
        else:
            record = self._slots[end[0]][end[1]]
        kind = object_of(record).get("type", "*")
        if self._state or self._record.get("version") == 1:
            return {"object": {"id": number, "type": kind}}
        return {"array": [number, kind]}

    def _link(self, link: Link) -> Any:
        name, slot = link.source
        origin = (-10, self._ports["inputs"].index(slot)) if name == INPUTS else (self._id(name), slot)
        if link.end[0] == OUTPUTS:
            target = (-20, self._ports["outputs"].index(link.end[1]))
        else:
            target = (self._id(link.end[0]), self._places[link.end[0]][link.end[1]])
        if "array" in link.look:
            number, *rest = link.look["array"]
            return [number, *origin, *target, *rest]
        keys = ("origin_id", "origin_slot", "target_id", "target_slot")
        return {**link.look["object"], **dict(zip(keys, (*origin, *target), strict=True))}

    def _id(self, name: str) -> Any:
        kept = self._looks[name].get("id")
        return kept if id_text(kept) == name else natural(name)  # a file may give one id to several nodes

    def _node(self, name: str, look: Mapping[str, Any]) -> Object:
        node: Mapping[str, Any] = self._nodes[name]
        made: Object = {**look, **node.get("other", {}), "id": self._id(name), "type": node["type"]}
        made |= {key: node[key] for key in ("title", "mode") if key in node}
        if "values" in node:
            made["widgets_values"] = node["values"]
        if look.get("inputs") is not None:
            links = self._links.into
            made["inputs"] = [
                {**slot, "link": links[name, key]} if (name, key) in links else slot
                for key, slot in look["inputs"]
            ]
        if as_list(look.get("outputs")) is not None:
            made["outputs"] = [
                slot
                if as_object(slot) is None
                else listing(slot, "links", self._links.out_of.get((name, index), []))
                for index, slot in enumerate(look["outputs"])
            ]
        usual = object_of(look.get("properties"))
        if NAME_IN_TEXTS in usual:
            usual = {**usual, NAME_IN_TEXTS: node["type"]}
        if usual or "properties" in node:
            made["properties"] = {**usual, **node.get("properties", {})}
        return made

    def _count(self, document: Object) -> None:
        """Raise the counters of ids to those that are there."""
        counted = {"last_node_id": highest(self._nodes), "last_link_id": self._links.last}
        for key, last in counted.items():
            if key in document:
                document[key] = max(_number(document[key]), last)
        if "state" in document:
            state = {"lastNodeId": counted["last_node_id"], "lastLinkId": counted["last_link_id"]}
            raised = {key: max(_number(self._state.get(key)), last) for key, last in state.items()}
            document["state"] = {**self._state, **raised}

    def _drop_points(self, document: Object) -> None:
        """Forget that links which are gone went through points on the canvas."""
        ids = {str(link.id) for link in self._links.all}
        extra = object_of(document.get("extra"))
        for holder in (document, extra):
            points = as_list(holder.get("reroutes"))
            if points:
                kept = [_point(point, ids) for point in points]
                document |= {"reroutes": kept} if holder is document else {}
                extra = {**extra, "reroutes": kept} if holder is not document else extra
        bends = as_list(extra.get("linkExtensions"))
        if bends:
            extra = {**extra, "linkExtensions": [b for b in bends if str(object_of(b).get("id")) in ids]}
        if extra:
            document["extra"] = extra


def _point(point: Any, ids: set[str]) -> Any:
    record = as_object(point)
    links = as_list(record.get("linkIds")) if record is not None else None
    if record is None or links is None:
        return point
    return {**record, "linkIds": [link for link in links if str(link) in ids]}


def _new_look(kind: str, place: Sequence[float], order: int) -> Object:
    return {
        "pos": list(place),
        "size": [270, 120],
        "flags": {},
        "order": order,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {NAME_IN_TEXTS: kind},
    }


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
