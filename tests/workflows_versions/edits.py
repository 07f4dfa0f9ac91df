"""Edits of workflows as people make them on the canvas, on files as the canvas writes them."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from workflows.formats import definitions_of

WIDGETS: Mapping[str, list[str]] = {
    "Load": ["name"],
    "Text": ["text"],
    "Mix": ["seed", "control", "strength"],
    "Save": ["prefix"],
}
"""Values of each class in the order of `widgets_values`; "control" is the one after generate."""
SOCKETS: Mapping[str, list[str]] = {"Load": [], "Text": [], "Mix": ["a", "b", "strength"], "Save": ["images"]}
"""Inputs that can be linked: sockets, and one widget."""


def _klass(kind: str, sockets: list[str], outputs: list[str], **widgets: Any) -> dict[str, Any]:
    required = {**{socket: ["X"] for socket in sockets}, **widgets}
    return {"name": kind, "display_name": f"The {kind}", "input": {"required": required}, "output": outputs}


DEFINITIONS = definitions_of(
    {
        "Load": _klass("Load", [], ["X"], name=["STRING", {"default": ""}]),
        "Text": _klass("Text", [], ["X"], text=["STRING", {"default": ""}]),
        "Mix": _klass("Mix", ["a", "b"], ["X"], seed=["INT", {}], strength=["FLOAT", {"default": 1.0}]),
        "Save": _klass("Save", ["images"], [], prefix=["STRING", {"default": "out"}]),
    }
)


def drawing(*nodes: tuple[str, list[Any]], links: Sequence[tuple[int, int, str]] = ()) -> dict[str, Any]:
    """A file with nodes numbered from 1, and links (from node, to node, input)."""
    document: dict[str, Any] = {
        "last_node_id": 0, "last_link_id": 0, "nodes": [], "links": [], "groups": [], "extra": {},
        "version": 0.4,
    }  # fmt: skip
    for kind, values in nodes:
        add(document, len(document["nodes"]) + 1, kind, values)
    for source, target, name in links:
        connect(document, source, target, name)
    return document


class Edit(NamedTuple):
    """One thing done: `node` and `other` count through what is there, `value` through what can be set."""

    kind: str
    node: int
    other: int
    value: int


KINDS = ["set", "add", "remove", "link", "unlink", "retitle", "mute", "move"]


def scripts(kinds: Sequence[str] = KINDS) -> st.SearchStrategy[list[Edit]]:
    """Lists of edits."""
    number = st.integers(0, 7)
    return st.lists(st.builds(Edit, st.sampled_from(kinds), number, number, number), max_size=5)


class Done(NamedTuple):
    """What a script made of a document, what it wrote, and the nodes it needed and removed."""

    document: dict[str, Any]
    touched: frozenset[tuple[str, ...]]
    needed: frozenset[int]
    removed: frozenset[int]


def apply(script: Sequence[Edit], document: dict[str, Any], base: dict[str, Any], first_id: int) -> Done:
    """Do it all to a copy. Which nodes are meant is read off the base, so that a script means the same after
    another one; nodes it adds are numbered from `first_id`.
    """
    made = copy.deepcopy(document)
    known = {node["id"]: node["type"] for node in base["nodes"]}
    touched: set[tuple[str, ...]] = set()
    needed: set[int] = set()
    removed: set[int] = set()
    added = 0
    for edit in script:
        ids = sorted(known)
        target = ids[edit.node % len(ids)]
        kind = known[target]
        if edit.kind == "add":
            kind = list(WIDGETS)[edit.other % len(WIDGETS)]
            known[first_id + added] = kind
            values = [edit.value, "fixed", 0.5] if kind == "Mix" else [f"new {edit.value}"]
            add(made, first_id + added, kind, values)
            added += 1
            continue
        needed.add(target)
        if edit.kind == "remove":
            removed.add(target)
            _remove(made, target)
        elif edit.kind in ("link", "unlink"):
            # Links go from lower to higher ids, so that no script makes a cycle.
            names = SOCKETS[kind]
            sources = [name for name in ids if name < target and known[name] != "Save"]
            if not names or (edit.kind == "link" and not sources):
                continue
            name = names[edit.value % len(names)]
            touched.add(("input", str(target), name))
            disconnect(made, target, name)
            if edit.kind == "link":
                source = sources[edit.other % len(sources)]
                needed.add(source)
                connect(made, source, target, name)
        else:
            touched.add(_change(made, edit, target, kind))
    return Done(made, frozenset(touched), frozenset(needed), frozenset(removed))


def _change(document: dict[str, Any], edit: Edit, target: int, kind: str) -> tuple[str, ...]:
    node = find(document, target)
    if edit.kind == "set":
        names = WIDGETS[kind]
        name = names[edit.other % len(names)]
        if node is not None:
            value: Any = f"text {edit.value}"
            if kind == "Mix":
                value = "randomize" if name == "control" else 10 + edit.value
            node["widgets_values"][names.index(name)] = value
        return ("input", str(target), "seed:control" if name == "control" else name)
    key, value = {
        "retitle": ("title", f"title {edit.value % 3}"),
        "mute": ("mode", (0, 2, 4)[edit.value % 3]),
        "move": ("pos", [edit.value, edit.other]),
    }[edit.kind]
    if node is not None:
        node[key] = value
    return (key, str(target))


def commute(one: Done, other: Done) -> bool:
    """Whether the order of two scripts does not matter."""
    if any(part[0] != "pos" for part in one.touched & other.touched):
        return False
    return not (one.removed & other.needed or other.removed & one.needed)


def find(document: Mapping[str, Any], number: int) -> dict[str, Any] | None:
    """The node with that id."""
    return next((node for node in document["nodes"] if node["id"] == number), None)


def add(document: dict[str, Any], number: int, kind: str, values: list[Any]) -> None:
    """Put a node there."""
    inputs = [{"name": name, "type": "X", "link": None} for name in SOCKETS[kind] if name != "strength"]
    outputs: list[Any] = [] if kind == "Save" else [{"name": "X", "type": "X", "links": []}]
    document["nodes"].append(
        {"id": number, "type": kind, "pos": [number * 10, 0], "size": [9, 9], "flags": {}, "order": number,
         "mode": 0, "inputs": inputs, "outputs": outputs, "properties": {"Node name for S&R": kind},
         "widgets_values": [*values]}
    )  # fmt: skip
    document["last_node_id"] = max(document["last_node_id"], number)


def connect(document: dict[str, Any], source: int, target: int, name: str) -> None:
    """Draw a link; nothing happens if an end is not there."""
    start, end = find(document, source), find(document, target)
    if start is None or end is None:
        return
    document["last_link_id"] += 1
    number = document["last_link_id"]
    names = [slot["name"] for slot in end["inputs"]]
    if name not in names:
        end["inputs"].append({"name": name, "type": "FLOAT", "widget": {"name": name}, "link": None})
        names.append(name)
    end["inputs"][names.index(name)]["link"] = number
    start["outputs"][0]["links"].append(number)
    document["links"].append([number, source, 0, target, names.index(name), "X"])


def disconnect(document: dict[str, Any], target: int, name: str) -> None:
    """Cut the link into an input."""
    node = find(document, target)
    slot = next((slot for slot in node["inputs"] if slot["name"] == name), None) if node else None
    if slot is not None and slot["link"] is not None:
        _cut(document, slot["link"])


def _cut(document: dict[str, Any], number: int) -> None:
    document["links"] = [link for link in document["links"] if link[0] != number]
    for node in document["nodes"]:
        for slot in node["inputs"]:
            if slot["link"] == number:
                slot["link"] = None
        for slot in node["outputs"]:
            slot["links"] = [link for link in slot["links"] if link != number]


def _remove(document: dict[str, Any], number: int) -> None:
    for link in [link[0] for link in document["links"] if number in (link[1], link[3])]:
        _cut(document, link)
    document["nodes"] = [node for node in document["nodes"] if node["id"] != number]


BASES = [
    drawing(
        ("Load", ["a"]), ("Text", ["sky"]), ("Mix", [1, "fixed", 0.5]), ("Mix", [2, "fixed", 1]),
        ("Save", ["x"]),
        links=[(1, 3, "a"), (2, 3, "b"), (3, 4, "a"), (1, 4, "b"), (4, 5, "images")],
    ),
    drawing(
        ("Load", ["a"]), ("Load", ["a"]), ("Mix", [1, "fixed", 0.5]), ("Save", ["x"]), ("Save", ["x"]),
        links=[(1, 3, "a"), (1, 3, "strength"), (3, 4, "images"), (2, 5, "images")],
    ),
    drawing(("Text", ["sky"]), ("Mix", [1, "fixed", 0.5])),
]  # fmt: skip
